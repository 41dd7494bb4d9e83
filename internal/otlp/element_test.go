package otlp

import (
	"fmt"
	"slices"
	"testing"

	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
)

func TestEachElement(t *testing.T) {
	traces := ptrace.NewTraces()
	span := traces.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	span.SetTraceID([16]byte{1})
	span.SetSpanID([8]byte{2})
	list := span.Attributes().PutEmptySlice("list")
	err := list.FromRaw([]any{"a", true, 7, nil, []any{"nested"}, map[string]any{"k": 1}, []byte("bytes"), 0.5, ""})
	if err != nil {
		t.Fatal(err)
	}
	body, err := ptraceotlp.NewExportRequestFromTraces(traces).MarshalProto()
	if err != nil {
		t.Fatal(err)
	}
	var x Index
	if err := x.Walk(body, NewKeys([]string{"list"})); err != nil || len(x.Attrs) != 1 {
		t.Fatalf("walk: %d attributes, %v", len(x.Attrs), err)
	}
	var got []string
	collect := func(a Attr) { got = append(got, fmt.Sprintf("%d:%s:%d", a.Type, a.Val.In(body), a.Num&0xff)) }
	EachElement(body, x.Attrs[0].Val, collect)
	want := []string{"1:a:0", "2::1", "3::7", "4::0", "1::0"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	n := 0
	if allocs := testing.AllocsPerRun(10, func() { EachElement(body, x.Attrs[0].Val, func(Attr) { n++ }) }); allocs > 0 {
		t.Errorf("got %v allocations, want none", allocs)
	}
}
