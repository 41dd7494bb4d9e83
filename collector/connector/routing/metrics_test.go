package routing

import (
	"bytes"
	"testing"

	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pipeline"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottldatapoint"
)

const byMetric = `
default_pipelines: [rest]
table:
  - context: metric
    condition: IsMatch(name, "bytes$")
    pipelines: [a]
  - context: resource
    condition: attributes["name"] == "acme"
    pipelines: [b]`

const byPoint = `
default_pipelines: [rest]
table:
  - context: datapoint
    condition: attributes["name"] == "x"
    pipelines: [a]`

func TestMetrics_Metric(t *testing.T) {
	play(t, pipeline.SignalMetrics, []scene{
		{
			name: "MetricThenResource", config: byMetric,
			batch: "acme(http(sum.bytes(x) gauge.open(x)) db(sum.bytes(y))) globex(http(gauge.open(z)))",
			want: `a: acme(http(sum.bytes(x)) db(sum.bytes(y)))
			       b: acme(http(gauge.open(x)))
			       rest: globex(http(gauge.open(z)))`,
		},
		{
			name: "CopiedMetricsStay", config: `
default_pipelines: [rest]
table:
  - context: metric
    condition: type == METRIC_DATA_TYPE_SUM and resource.attributes["name"] == "acme"
    action: copy
    pipelines: [a]`,
			batch: "acme(http(sum.bytes(x) gauge.open(x)) empty) globex(http(sum.bytes(x))) bare",
			want: `a: acme(http(sum.bytes(x)))
			       rest: acme(http(sum.bytes(x) gauge.open(x)) empty()) globex(http(sum.bytes(x))) bare()`,
		},
	})
}

func TestMetrics_DataPoint(t *testing.T) {
	play(t, pipeline.SignalMetrics, []scene{
		{
			name: "PointsOfEveryType", config: byPoint,
			batch: "acme(http(gauge.g(x:1 y:2) sum.s(y x:3 x:4) histogram.h(x y) exponential.e(y x) summary.s(x y)))",
			want: `a: acme(http(gauge.g(x:1) sum.s(x:3 x:4) histogram.h(x) exponential.e(x) summary.s(x)))
			       rest: acme(http(gauge.g(y:2) sum.s(y) histogram.h(y) exponential.e(y) summary.s(y)))`,
		},
		{name: "MovedEmptyLeavesNothing", config: byPoint, batch: "acme(http(gauge.g(x) sum.s(x)) db(sum.s(x)))", want: `
			a: acme(http(gauge.g(x) sum.s(x)) db(sum.s(x)))`},
		{name: "MetricWithoutTypeStays", config: byPoint, batch: "acme(http(untyped gauge.g(x)))", want: `
			a: acme(http(gauge.g(x)))
			rest: acme(http(untyped))`},
		{
			name: "ByValueMetricAndScope", config: `
default_pipelines: [rest]
table:
  - context: datapoint
    condition: value_int > 10 and metric.name == "sum.s" and instrumentation_scope.name == "http"
    pipelines: [a]`,
			batch: "acme(http(sum.s(x:9 y:11) gauge.g(x:11)) db(sum.s(x:11)))",
			want: `a: acme(http(sum.s(y:11)))
			       rest: acme(http(sum.s(x:9) gauge.g(x:11)) db(sum.s(x:11)))`,
		},
		{
			name: "CopyLeavesWhatIsEmpty", config: `
default_pipelines: [rest]
table:
  - context: datapoint
    condition: attributes["name"] == "x"
    action: copy
    pipelines: [a]`,
			batch: "acme(http(gauge.g(x) untyped) empty) bare",
			want: `a: acme(http(gauge.g(x)))
			       rest: acme(http(gauge.g(x) untyped) empty()) bare()`,
		},
		{
			name: "CopiedPointsStay", config: `
default_pipelines: [rest]
table:
  - context: datapoint
    condition: attributes["name"] == "x"
    action: copy
    pipelines: [a]
  - context: metric
    condition: name == "sum.s"
    pipelines: [b]`,
			batch: "acme(http(gauge.g(x y) sum.s(x y) histogram.h(x) exponential.e(x) summary.s(x)))",
			want: `a: acme(http(gauge.g(x) sum.s(x) histogram.h(x) exponential.e(x) summary.s(x)))
			       b: acme(http(sum.s(x y)))
			       rest: acme(http(gauge.g(x y) histogram.h(x) exponential.e(x) summary.s(x)))`,
		},
	})
}

// What points are taken to is like what they came from in every field: if all are taken, nothing has changed.
func TestMetrics_DataPointsKeepTheirMetric(t *testing.T) {
	const tree = "acme(http(gauge.g(x) sum.s(x) histogram.h(x) exponential.e(x) summary.s(x)))"
	for _, moves := range []bool{true, false} {
		from, to := buildMetrics(t, tree), pmetric.NewMetrics()
		takeDataPoints(from, to, moves, func(k *ottldatapoint.TransformContext) bool {
			k.Close()
			return true
		})
		if got, want := encoded(t, to), encoded(t, buildMetrics(t, tree)); !bytes.Equal(got, want) {
			t.Errorf("all points taken, moves=%t: got %s, want %s", moves, got, want)
		}
	}
}

func encoded(t *testing.T, md pmetric.Metrics) []byte {
	t.Helper()
	text, err := new(pmetric.JSONMarshaler).MarshalMetrics(md)
	if err != nil {
		t.Fatalf("encode metrics: %v", err)
	}
	return text
}
