package otlp

import (
	"bytes"
	"slices"
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
)

func TestAppendRequest_Shares(t *testing.T) {
	r1, r2, s1, s2 := msg{}.varint(2, 1), msg{}.varint(2, 2), msg{}.text(1, "one"), msg{}.text(1, "two")
	span := func(name string) []byte { return okSpan().text(5, name) }
	all := []Group{
		{Resource: r1, Scope: s1, Spans: [][]byte{span("a"), span("b")}},
		{Resource: r1, Scope: s1, Spans: [][]byte{span("c")}},
		{Resource: r1, Scope: s2, Spans: [][]byte{span("d")}},
		{Resource: r1, Scope: s2, ScopeSchema: []byte("v2"), Spans: [][]byte{span("e")}},
		{Resource: r1, ResourceSchema: []byte("v2"), Scope: s2, Spans: [][]byte{span("f")}},
		{Resource: r2, Spans: [][]byte{span("g")}},
		{Resource: r1, Scope: s1, Spans: [][]byte{span("h")}},
	}
	body := AppendRequest(nil, all)
	x, ok := agree(t, body)
	if !ok {
		t.Fatal("refused")
	}
	var scopes []uint32
	var names []byte
	for _, s := range x.Spans {
		scopes, names = append(scopes, s.Scope), append(names, s.Name.In(body)...)
	}
	if want := []uint32{0, 0, 0, 1, 2, 3, 4, 5}; !slices.Equal(scopes, want) || string(names) != "abcdefgh" {
		t.Errorf("scopes of spans %s: got %d, want %d", names, scopes, want)
	}
	var resources []uint32
	for _, s := range x.Scopes {
		resources = append(resources, s.Resource)
	}
	if want := []uint32{0, 0, 0, 1, 2, 3}; !slices.Equal(resources, want) {
		t.Errorf("resources of scopes: got %d, want %d", resources, want)
	}
	if got := SizeRequest(all); got != len(body) {
		t.Errorf("SizeRequest = %d, want %d", got, len(body))
	}
}

func TestAppendRequest_Nothing(t *testing.T) {
	if got := AppendRequest([]byte("x"), nil); string(got) != "x" || SizeRequest(nil) != 0 {
		t.Errorf("got %q, size %d, want x, 0", got, SizeRequest(nil))
	}
}

// TestAppendRequest_LengthWidths crosses the lengths at which the length itself takes another byte.
func TestAppendRequest_LengthWidths(t *testing.T) {
	for _, n := range []int{0, 1, 100, 125, 126, 127, 128, 129, 16380, 16383, 16384, 1<<21 - 1, 1 << 21} {
		span := bytes.Repeat([]byte{'x'}, n)
		all := []Group{{Resource: span, ScopeSchema: span, Spans: [][]byte{span}}}
		if got, want := len(AppendRequest(nil, all)), SizeRequest(all); got != want {
			t.Errorf("span of %d bytes: %d bytes appended, SizeRequest = %d", n, got, want)
		}
	}
}

// everything is a request with each field that the Collector's API can set.
func everything() ptrace.Traces {
	traces := ptrace.NewTraces()
	rs := traces.ResourceSpans().AppendEmpty()
	rs.SetSchemaUrl("https://opentelemetry.io/schemas/1.37.0")
	rs.Resource().SetDroppedAttributesCount(1)
	fill(rs.Resource().Attributes())
	traces.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty() // without spans: this one vanishes
	ss := rs.ScopeSpans().AppendEmpty()
	ss.SetSchemaUrl("https://opentelemetry.io/schemas/1.38.0")
	ss.Scope().SetName("tracer")
	ss.Scope().SetVersion("1.2")
	ss.Scope().SetDroppedAttributesCount(2)
	fill(ss.Scope().Attributes())
	for i := range byte(3) {
		s := ss.Spans().AppendEmpty()
		s.SetTraceID(pcommon.TraceID{1, i})
		s.SetSpanID(pcommon.SpanID{2, i})
		s.SetParentSpanID(pcommon.SpanID{3, i})
		s.TraceState().FromRaw("ot=th:8")
		s.SetName("chat")
		s.SetKind(ptrace.SpanKindClient)
		s.SetFlags(0x301)
		s.SetStartTimestamp(1_700_000_000_000_000_000)
		s.SetEndTimestamp(1_700_000_001_000_000_000)
		s.SetDroppedAttributesCount(3)
		s.SetDroppedEventsCount(4)
		s.SetDroppedLinksCount(5)
		s.Status().SetCode(ptrace.StatusCodeError)
		s.Status().SetMessage("no")
		fill(s.Attributes())
		e := s.Events().AppendEmpty()
		e.SetName("exception")
		e.SetTimestamp(1_700_000_000_500_000_000)
		e.SetDroppedAttributesCount(6)
		fill(e.Attributes())
		l := s.Links().AppendEmpty()
		l.SetTraceID(pcommon.TraceID{4, i})
		l.SetSpanID(pcommon.SpanID{5, i})
		l.TraceState().FromRaw("a=b")
		l.SetFlags(1)
		l.SetDroppedAttributesCount(7)
		fill(l.Attributes())
	}
	return traces
}

// fill sets an attribute of each type, nested and empty ones among them.
func fill(m pcommon.Map) {
	m.PutStr("k", "v")
	m.PutStr("gen_ai.request.model", "")
	m.PutBool("yes", true)
	m.PutInt("session.id", -1)
	m.PutDouble("gen_ai.usage.input_tokens", 0.5)
	m.PutEmpty("message")
	m.PutEmptyBytes("exception.message").FromRaw([]byte{0, 1, 2})
	inner := m.PutEmptyMap("gen_ai.usage.output_tokens")
	inner.PutEmptyMap("empty")
	list := inner.PutEmptySlice("list")
	list.AppendEmpty()
	list.AppendEmpty().SetStr("s")
	list.AppendEmpty().SetEmptySlice()
	m.PutEmptySlice("")
}

// TestRoundTrip_JSON puts a whole request together again and compares what people would see of it.
func TestRoundTrip_JSON(t *testing.T) {
	traces := everything()
	body, err := ptraceotlp.NewExportRequestFromTraces(traces).MarshalProto()
	if err != nil {
		t.Fatal(err)
	}
	x, ok := agree(t, body)
	if !ok || len(x.Spans) != 3 || len(x.Resources) != 2 {
		t.Fatalf("taken %v: %d spans of %d resources, want 3 of 2", ok, len(x.Spans), len(x.Resources))
	}
	got := jsonOf(t, rebuild(t, &x, body))
	traces.ResourceSpans().RemoveIf(func(rs ptrace.ResourceSpans) bool { return rs.ScopeSpans().At(0).Spans().Len() == 0 })
	if want := jsonOf(t, traces); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func jsonOf(t *testing.T, traces ptrace.Traces) string {
	t.Helper()
	text, err := (&ptrace.JSONMarshaler{}).MarshalTraces(traces)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
