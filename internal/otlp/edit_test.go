package otlp

import (
	"bytes"
	"testing"

	"go.opentelemetry.io/collector/pdata/ptrace"
)

// FuzzHead holds Head and AppendSpanWithout against what pdata reads from the same spans.
func FuzzHead(f *testing.F) {
	seed := ptrace.NewTraces()
	span := seed.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	span.SetTraceID([16]byte{1})
	span.SetSpanID([8]byte{2})
	span.SetParentSpanID([8]byte{3})
	span.SetStartTimestamp(77)
	span.TraceState().FromRaw("a=b")
	span.Attributes().PutStr("drop", "x")
	span.Attributes().PutInt("keep", 1)
	body, err := new(ptrace.ProtoMarshaler).MarshalTraces(seed)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(body)
	f.Fuzz(func(t *testing.T, body []byte) {
		var index Index
		traces, err := new(ptrace.ProtoUnmarshaler).UnmarshalTraces(body)
		if index.Walk(body, NewKeys(nil)) != nil || err != nil || index.RejectedN > 0 {
			return
		}
		var want []ptrace.Span
		for _, r := range traces.ResourceSpans().All() {
			for _, s := range r.ScopeSpans().All() {
				for _, span := range s.Spans().All() {
					want = append(want, span)
				}
			}
		}
		if len(want) != len(index.Spans) {
			return // the walk's own tests look at these
		}
		for i := range index.Spans {
			checkHead(t, index.Spans[i].Msg.In(body), want[i])
		}
	})
}

func checkHead(t *testing.T, msg []byte, want ptrace.Span) {
	t.Helper()
	keys := 0
	head := Head(msg, func([]byte) { keys++ })
	if head.ID != SpanID(want.SpanID()) || head.Parent != SpanID(want.ParentSpanID()) || head.Start != uint64(want.StartTimestamp()) ||
		string(head.TraceState) != want.TraceState().AsRaw() || keys != want.Attributes().Len() {
		t.Fatalf("head: got %+v with %d attributes, want those of %v", head, keys, want)
	}
	if same := AppendSpanWithout(nil, msg, func([]byte) bool { return false }, false); !bytes.Equal(same, msg) {
		t.Fatalf("without nothing: got %x, want %x", same, msg)
	}
	less := AppendSpanWithout(nil, msg, func(key []byte) bool { return string(key) == "drop" }, true)
	Head(less, func(key []byte) {
		if string(key) == "drop" {
			t.Fatal("a dropped attribute is still there")
		}
	})
	if len(Head(less, func([]byte) {}).TraceState) > 0 {
		t.Fatal("the trace state is still there")
	}
}
