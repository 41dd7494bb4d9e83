package tailsampling

import (
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/tailwise/tailwise/internal/otlp"
)

// tight is a request with one span as senders write it: what is empty is left out.
func tight() []byte {
	var attr, span []byte
	attr = protowire.AppendTag(attr, 1, protowire.BytesType)
	attr = protowire.AppendString(attr, "key")
	span = protowire.AppendTag(span, 1, protowire.BytesType)
	span = protowire.AppendBytes(span, someID[:])
	span = protowire.AppendTag(span, 2, protowire.BytesType)
	span = protowire.AppendBytes(span, []byte{1, 2, 3, 4, 5, 6, 7, 8})
	span = protowire.AppendTag(span, 9, protowire.BytesType)
	span = protowire.AppendBytes(span, attr)
	var scope, resource, request []byte
	scope = protowire.AppendTag(scope, 2, protowire.BytesType)
	scope = protowire.AppendBytes(scope, span)
	resource = protowire.AppendTag(resource, 2, protowire.BytesType)
	resource = protowire.AppendBytes(resource, scope)
	request = protowire.AppendTag(request, 1, protowire.BytesType)
	return protowire.AppendBytes(request, resource)
}

// full is a request with all there is.
func full(t testing.TB) []byte {
	all := traces(t, someID, span{name: "a", start: 1, end: 2, flags: 1, state: "a=b", attrs: attrs{
		"s": "text", "i": -5, "d": 0.5, "b": true, "bytes": []byte{1}, "list": []any{"a", 1, []any{}}, "map": attrs{"k": "v", "e": nil}, "empty": nil,
	}, resource: attrs{"r": 1}, event: attrs{"e": "v"}}, span{})
	first := all.ResourceSpans().At(0)
	first.SetSchemaUrl("https://example.test/1")
	first.Resource().SetDroppedAttributesCount(300)
	scope := first.ScopeSpans().At(0)
	scope.SetSchemaUrl("https://example.test/2")
	scope.Scope().SetName("lib")
	scope.Scope().Attributes().PutStr("s", "v")
	one := scope.Spans().At(0)
	one.SetKind(3)
	one.SetParentSpanID(pcommon.SpanID{7})
	one.Status().SetMessage("m")
	one.SetDroppedEventsCount(1)
	link := one.Links().AppendEmpty()
	link.SetFlags(1)
	link.Attributes().PutStr("l", "v")
	one.CopyTo(scope.Spans().AppendEmpty())
	body, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(all)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// sizeByWalk is what a fold adds up for the spans of all traces together.
func sizeByWalk(x *otlp.Index, body []byte) int {
	var z size
	for i := range x.Spans {
		z.add(x, body, &x.Spans[i], 1)
	}
	return z.total()
}

// sizeByPdata is what the processor measures: schema URLs left out, and resources and scopes without spans.
func sizeByPdata(t testing.TB, body []byte) int {
	all, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(body)
	if err != nil {
		t.Fatalf("decode: %v", err)
	}
	all.ResourceSpans().RemoveIf(func(rs ptrace.ResourceSpans) bool {
		rs.SetSchemaUrl("")
		rs.ScopeSpans().RemoveIf(func(ss ptrace.ScopeSpans) bool {
			ss.SetSchemaUrl("")
			return ss.Spans().Len() == 0
		})
		return rs.ScopeSpans().Len() == 0
	})
	return (&ptrace.ProtoMarshaler{}).TracesSize(all)
}

func TestSize_AsTheCollectorWouldWriteIt(t *testing.T) {
	for name, body := range map[string][]byte{"tight": tight(), "full": full(t)} {
		var x otlp.Index
		if err := x.Walk(body, nil); err != nil {
			t.Fatal(err)
		}
		if got, want := sizeByWalk(&x, body), sizeByPdata(t, body); got != want {
			t.Errorf("%s: got %d bytes, want %d", name, got, want)
		}
	}
}

// TestSize_OfRequests: spans of one request share their resource and scope, those of two do not.
func TestSize_OfRequests(t *testing.T) {
	body := full(t)
	var x otlp.Index
	if err := x.Walk(body, nil); err != nil {
		t.Fatal(err)
	}
	var z size
	for request := range uint64(3) {
		for i := range x.Spans {
			z.add(&x, body, &x.Spans[i], request)
		}
	}
	if got, want := z.total(), 3*sizeByPdata(t, body); got != want {
		t.Errorf("of three requests: got %d bytes, want %d", got, want)
	}
}
