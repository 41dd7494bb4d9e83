//go:build e2e

package harness

import (
	"testing"

	"go.opentelemetry.io/collector/pdata/ptrace"
)

// one makes a single span, as Spans keeps it.
func one(change func(ptrace.Span)) ptrace.Traces {
	td := ptrace.NewTraces()
	span := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	span.SetName("chat")
	span.Attributes().PutStr("gen_ai.request.model", "m")
	span.TraceState().FromRaw("vendor=1")
	change(span)
	return td
}

func TestSame(t *testing.T) {
	asSent := func(ptrace.Span) {}
	withSession := func(s ptrace.Span) { s.Attributes().PutStr("session.id", "a") }
	cases := []struct {
		name      string
		got, want func(ptrace.Span)
		same      bool
	}{
		{"untouched", asSent, asSent, true},
		{"marked", func(s ptrace.Span) { s.Attributes().PutStr("tailwise.reason", "errors") }, asSent, true},
		{"session found", withSession, asSent, true},
		{"threshold written", func(s ptrace.Span) { s.TraceState().FromRaw("ot=th:8,vendor=1") }, asSent, true},
		{"session lost", asSent, withSession, false},
		{"session replaced", func(s ptrace.Span) { s.Attributes().PutStr("session.id", "b") }, withSession, false},
		{"attribute lost", func(s ptrace.Span) { s.Attributes().Remove("gen_ai.request.model") }, asSent, false},
		{"attribute added", func(s ptrace.Span) { s.Attributes().PutStr("other", "x") }, asSent, false},
		{"vendor's state lost", func(s ptrace.Span) { s.TraceState().FromRaw("") }, asSent, false},
		{"time changed", func(s ptrace.Span) { s.SetEndTimestamp(1) }, asSent, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if err := Same(one(c.got), one(c.want)); (err == nil) != c.same {
				t.Errorf("same: got %v (%v), want %v", err == nil, err, c.same)
			}
		})
	}
}
