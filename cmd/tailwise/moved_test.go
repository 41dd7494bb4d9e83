package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// withTailSampling is a Collector that its owner moves over: to an address and a directory of kept traces.
const withTailSampling = `
extensions: {}
receivers: {otlp: {protocols: {grpc: {endpoint: "%s"}}}}
processors:
  batch: {}
  tail_sampling:
    decision_wait: 100ms
    expected_new_traces_per_sec: 10
    sample_on_first_match: true
    policies:
      - {name: failed, type: status_code, status_code: {status_codes: [ERROR]}}
      - {name: everything, type: always_sample}
      - {name: probes, type: drop, drop: {drop_sub_policy: [{name: name, type: ottl_condition, ottl_condition: {span: ['name == "probe"']}}]}}
exporters: {tailwise: {directory: "%s"}}
service:
  telemetry: {metrics: {level: none}, logs: {level: error}}
  pipelines:
    traces: {receivers: [otlp], processors: [batch, tail_sampling], exporters: [tailwise]}
`

// TestMovedOver imports a configuration with tail_sampling, runs what import wrote, and looks at what it keeps.
func TestMovedOver(t *testing.T) {
	dir, address := t.TempDir(), freePort(t)
	data := filepath.Join(dir, "data")
	kept, before, after := filepath.Join(dir, "kept"), filepath.Join(dir, "collector.yaml"), filepath.Join(dir, "moved", "tailwise.yaml")
	if err := os.WriteFile(before, fmt.Appendf(nil, withTailSampling, address, kept), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, errOut bytes.Buffer
	if code := run(t.Context(), []string{"policy", "import", before, "-o", filepath.Dir(after)}, nil, &out, &errOut); code != exitOK {
		t.Fatalf("import: got code %d: %s", code, errOut.String())
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"run", "--config", after, "--set", "extensions.tailwise.data_dir=" + data,
			"--set", `extensions.tailwise.api.endpoint=""`}, nil, &out, &errOut)
	}()
	defer func() {
		stop()
		select {
		case code := <-ended:
			if code != exitOK {
				t.Errorf("run: got code %d: %s", code, errOut.String())
			}
		case <-time.After(patience):
			t.Error("run: the program did not end")
		}
	}()
	sendMoved(t, address)
	for name, reason := range map[string]string{"bad": "failed", "good": "everything"} {
		readUntil(t, kept, `"name":"`+name+`"`)
		if text := readUntil(t, kept, `"stringValue":"`+reason+`"`); strings.Contains(text, "probe") {
			t.Errorf("kept: got %s, want no probe", text)
		}
	}
	said := strings.Join(strings.Fields(asked(t, settings{dataDir: data}, "verdict", "trace", "02"+strings.Repeat("0", 30))), " ")
	if !strings.Contains(said, "verdict drop rules probes") {
		t.Errorf("the probe: got %q, want it dropped by the policy", said)
	}
}

// sendMoved sends a trace that fails, a probe that fails, and then a good one, each once the receiver takes it.
func sendMoved(t *testing.T, address string) {
	t.Helper()
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for i, name := range []string{"bad", "probe", "good"} {
		td := failing()
		span := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0)
		span.SetTraceID([16]byte{byte(i + 1)})
		span.SetName(name)
		if name == "good" {
			span.Status().SetCode(0)
		}
		ctx, enough := context.WithTimeout(t.Context(), patience)
		_, err := ptraceotlp.NewGRPCClient(conn).Export(ctx, ptraceotlp.NewExportRequestFromTraces(td), grpc.WaitForReady(true))
		enough()
		if err != nil {
			t.Fatalf("export: %v", err)
		}
	}
}
