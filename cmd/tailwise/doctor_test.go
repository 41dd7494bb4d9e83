package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/tailwise/tailwise/internal/doctor"
)

// TestDoctor asks a running program about a call that says neither its conversation nor its tokens.
func TestDoctor(t *testing.T) {
	s := running(t, settings{settle: time.Millisecond})
	asked(t, s, "nothing was decided yet", "doctor")
	conn, err := grpc.NewClient(s.grpc, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	traces := failing()
	resource := traces.ResourceSpans().At(0)
	resource.Resource().Attributes().PutStr("service.name", "support-agent")
	call := resource.ScopeSpans().At(0).Spans().AppendEmpty()
	call.SetTraceID([16]byte{1, 2, 3})
	call.SetSpanID([8]byte{6})
	call.SetParentSpanID([8]byte{4, 5})
	call.SetStartTimestamp(1)
	call.SetEndTimestamp(2)
	call.Attributes().PutStr("gen_ai.operation.name", "chat")
	call.Attributes().PutStr("gen_ai.request.model", "m")
	if _, err := ptraceotlp.NewGRPCClient(conn).Export(t.Context(), ptraceotlp.NewExportRequestFromTraces(traces)); err != nil {
		t.Fatalf("export: %v", err)
	}
	text := asked(t, s, "warn  no-usage", "doctor")
	for _, want := range []string{
		"1 traces since", "SERVICE", "support-agent  semconv", "warn  no-session  support-agent, semconv\n  1 of 1 traces (100 %): models were called",
		"example: " + failingID, "fix: ", "no span of semconv tells\n  - ",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("doctor: got %s\nwant it to say %q", text, want)
		}
	}
	var report doctor.Report
	answer := asked(t, s, "{", "doctor", "--json", "--service", "support-agent")
	if err := json.Unmarshal([]byte(answer), &report); err != nil || report.Traces != 1 || len(report.Findings) < 2 {
		t.Errorf("doctor --json: got %s, %v, want one trace and its findings", answer, err)
	}
	asked(t, s, "no spans of that service", "doctor", "--service", "other")
}
