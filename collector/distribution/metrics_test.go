package distribution

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric"
)

// metricsConfig is a Collector with the receiver in a pipeline of either signal: in data directory, address of OTLP and
// decision wait.
const metricsConfig = `
extensions:
  tailwise:
    data_dir: %[1]s/data
    api: {endpoint: ""}
    decide: {decision_wait: %[3]s}
    policy: {rules: [{name: errors, when: errors > 0, keep: true}], otherwise: {drop: true}}
    traffic_metrics: {interval: 1s}
receivers:
  tailwise: {protocols: {grpc: {endpoint: "%[2]s"}}}
processors:
  resource: {attributes: [{key: passed, value: behind, action: insert}]}
exporters:
  tailwise: {directory: %[1]s/kept}
  file: {path: %[1]s/metrics.json}
service:
  telemetry: {metrics: {level: none}, logs: {level: error}}
  extensions: [tailwise]
  pipelines:
    traces: {receivers: [tailwise], exporters: [tailwise]}
    metrics: {receivers: [tailwise], processors: [resource], exporters: [file]}
`

// TestMetricsOfTraffic_ThroughAPipeline: what is dropped is counted too, and the figures pass the processors of the
// pipeline.
func TestMetricsOfTraffic_ThroughAPipeline(t *testing.T) {
	dir, address := t.TempDir(), freeAddress(t)
	stop := collecting(t, fmt.Sprintf(metricsConfig, dir, address, 100*time.Millisecond))
	defer stop()
	sendSpans(t, address, "failed one", "sound one", "sound two")
	for deadline := time.Now().Add(collectorPatience); ; {
		resource, got := lastMetrics(t, filepath.Join(dir, "metrics.json"))
		if got["tailwise.traces"] == 3 && got["tailwise.trace.errors"] == 1 {
			for _, key := range []string{"service.name", "service.instance.id", "passed"} {
				if resource[key] == nil {
					t.Errorf("resource: got %v, want it to have %s", resource, key)
				}
			}
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("metrics: got %v, want 3 traces, 1 of them with an error", got)
		}
		time.Sleep(50 * time.Millisecond) // between polls
	}
}

// lastMetrics reads the resource and the first point of each sum from the last whole line of a file.
func lastMetrics(t *testing.T, file string) (resource map[string]any, sums map[string]int64) {
	t.Helper()
	text, _ := os.ReadFile(file) // which may not be there yet
	lines := strings.Split(string(text), "\n")
	if len(lines) < 2 {
		return nil, nil
	}
	last, err := new(pmetric.JSONUnmarshaler).UnmarshalMetrics([]byte(lines[len(lines)-2]))
	if err != nil {
		t.Fatal(err)
	}
	sums = make(map[string]int64)
	for _, m := range last.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().All() {
		if m.Type() == pmetric.MetricTypeSum {
			sums[m.Name()] = m.Sum().DataPoints().At(0).IntValue()
		}
	}
	return last.ResourceMetrics().At(0).Resource().Attributes().AsRaw(), sums
}
