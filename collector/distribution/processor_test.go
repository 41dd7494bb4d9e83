package distribution

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/otelcol"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// collectorPatience ends a test that waits for what does not come.
const collectorPatience = 30 * time.Second

// processorConfig is a Collector with the processor behind an ordinary receiver: in data directory, address of OTLP,
// decision wait and kept directory.
const processorConfig = `
extensions:
  tailwise:
    data_dir: %[1]s/data
    api: {endpoint: ""}
    decide: {decision_wait: %[3]s}
    policy: {rules: [{name: errors, when: errors > 0, keep: true}]}
receivers:
  otlp: {protocols: {grpc: {endpoint: "%[2]s"}}}
processors:
  tailwise: {engine: tailwise}
  attributes: {actions: [{key: passed, value: behind, action: insert}]}
exporters:
  tailwise: {directory: %[1]s/kept}
service:
  telemetry: {metrics: {level: none}, logs: {level: error}}
  extensions: [tailwise]
  pipelines:
    traces: {receivers: [otlp], processors: [tailwise, attributes], exporters: [tailwise]}
`

// collecting runs a Collector until stop is called.
func collecting(t *testing.T, config string) (stop func()) {
	t.Helper()
	collector, err := otelcol.NewCollector(Settings("yaml:" + config))
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- collector.Run(context.Background()) }()
	deadline := time.Now().Add(collectorPatience)
	for collector.GetState() != otelcol.StateRunning {
		select {
		case err := <-ended:
			t.Fatalf("run: %v", err)
		case <-time.After(10 * time.Millisecond): // between polls: the Collector tells nobody when it runs
		}
		if time.Now().After(deadline) {
			t.Fatal("run: the Collector does not start")
		}
	}
	return func() {
		t.Helper()
		collector.Shutdown()
		if err := <-ended; err != nil {
			t.Errorf("stop: %v", err)
		}
	}
}

// sendSpans sends one trace for each name; those that start with "failed" have an error.
func sendSpans(t *testing.T, address string, names ...string) {
	t.Helper()
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	td := ptrace.NewTraces()
	spans := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	for _, name := range names {
		span := spans.AppendEmpty()
		id := [16]byte{}
		copy(id[:], name)
		span.SetTraceID(id)
		span.SetSpanID([8]byte{1})
		span.SetName(name)
		if strings.HasPrefix(name, "failed") {
			span.Status().SetCode(ptrace.StatusCodeError)
		}
	}
	if _, err := ptraceotlp.NewGRPCClient(conn).Export(t.Context(), ptraceotlp.NewExportRequestFromTraces(td)); err != nil {
		t.Fatalf("export: %v", err)
	}
}

// kept waits until the directory holds n spans and returns their names, each with what the processor behind added.
func kept(t *testing.T, dir string, n int) (names []string) {
	t.Helper()
	for deadline := time.Now().Add(collectorPatience); ; {
		names = names[:0]
		files, err := filepath.Glob(filepath.Join(dir, "*.jsonl"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(string(text)) {
				if strings.HasSuffix(line, "\n") { // else it is being written
					names = append(names, spanNames(t, line)...)
				}
			}
		}
		slices.Sort(names)
		if len(names) >= n {
			return names
		}
		if time.Now().After(deadline) {
			t.Fatalf("kept: got %q, want %d spans", names, n)
		}
		time.Sleep(20 * time.Millisecond) // between polls
	}
}

func spanNames(t *testing.T, line string) (names []string) {
	t.Helper()
	td, err := new(ptrace.JSONUnmarshaler).UnmarshalTraces([]byte(line))
	if err != nil {
		t.Fatal(err)
	}
	for _, resource := range td.ResourceSpans().All() {
		for _, scope := range resource.ScopeSpans().All() {
			for _, span := range scope.Spans().All() {
				passed, _ := span.Attributes().Get("passed")
				reason, _ := span.Attributes().Get("tailwise.reason")
				names = append(names, span.Name()+" "+passed.AsString()+" "+reason.AsString())
			}
		}
	}
	return names
}

// TestProcessor_InACollector: what an ordinary receiver takes in is decided on, and goes on in the same pipeline. What
// is open at a restart is decided after it, and goes on in that pipeline too.
func TestProcessor_InACollector(t *testing.T) {
	dir, address := t.TempDir(), freeAddress(t)
	stop := collecting(t, fmt.Sprintf(processorConfig, dir, address, "1ms"))
	sendSpans(t, address, "failed-1", "good-1")
	want := []string{"failed-1 behind errors"}
	if got := kept(t, filepath.Join(dir, "kept"), 1); !slices.Equal(got, want) {
		t.Errorf("kept: got %q, want %q", got, want)
	}
	stop()

	stop = collecting(t, fmt.Sprintf(processorConfig, dir, address, "1h"))
	sendSpans(t, address, "failed-2", "good-2") // still open when the Collector stops
	stop()

	stop = collecting(t, fmt.Sprintf(processorConfig, dir, address, "1ms"))
	defer stop()
	want = append(want, "failed-2 behind errors")
	if got := kept(t, filepath.Join(dir, "kept"), 2); !slices.Equal(got, want) {
		t.Errorf("kept after a restart: got %q, want %q", got, want)
	}
}

func TestProcessor_OnePipelineEach(t *testing.T) {
	config := fmt.Sprintf(processorConfig, t.TempDir(), freeAddress(t), "1s") +
		"    traces/2: {receivers: [otlp], processors: [tailwise], exporters: [tailwise]}\n"
	collector, err := otelcol.NewCollector(Settings("yaml:" + config))
	if err != nil {
		t.Fatal(err)
	}
	if err := collector.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "stands in two pipelines") {
		t.Errorf("run: got %v, want that the processor stands in two pipelines", err)
	}
}

func TestValidate_NamesHolesAroundTheProcessor(t *testing.T) {
	config := strings.Replace(fmt.Sprintf(processorConfig, t.TempDir(), "localhost:0", "1s"),
		"processors: [tailwise, attributes]", "processors: [batch, tailwise, batch/2]", 1)
	config = strings.Replace(config, "  attributes:", "  batch: {}\n  batch/2: {}\n  attributes:", 1)
	holes, err := Validate(t.Context(), Settings("yaml:"+config))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, hole := range holes {
		got = append(got, hole.Component+" loses "+hole.Loses())
	}
	want := []string{"processors::batch/2 loses kept traces", "processors::batch loses acknowledged traces"}
	if !slices.Equal(got, want) {
		t.Errorf("holes: got %q, want %q", got, want)
	}
}
