package otlp_test

import (
	"fmt"
	"slices"
	"testing"

	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/tailwise/tailwise/internal/otlp"
)

func TestLook(t *testing.T) {
	traces := ptrace.NewTraces()
	span := traces.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	span.SetTraceID([16]byte{1})
	span.SetSpanID([8]byte{1})
	span.Attributes().PutStr("text", "hello")
	span.Attributes().PutInt("number", 7)
	span.Attributes().PutEmpty("nothing")
	span.Attributes().PutEmptySlice("list").AppendEmpty().SetStr("x")
	span.Events().AppendEmpty().Attributes().PutStr("said", "there")
	span.SetDroppedAttributesCount(3)
	body, err := ptraceotlp.NewExportRequestFromTraces(traces).MarshalProto()
	if err != nil {
		t.Fatal(err)
	}
	var x otlp.Index
	if err := x.Walk(body, otlp.NewKeys(nil)); err != nil {
		t.Fatal(err)
	}
	var got []string
	message := x.Spans[0].Msg.In(body)
	see := func(a *otlp.Attribute) {
		got = append(got, fmt.Sprintf("%s=%q %d %v", a.Key, a.Text, a.Size, a.OnEvent))
	}
	droppedN := otlp.Look(message, see)
	slices.Sort(got)
	want := []string{`list="" 7 false`, `nothing="" 0 false`, `number="" 2 false`, `said="there" 7 true`, `text="hello" 7 false`}
	if !slices.Equal(got, want) || droppedN != 3 {
		t.Errorf("look: got %v, %d dropped, want %v, 3", got, droppedN, want)
	}
	for cut := range message { // whatever is cut off, it ends
		otlp.Look(message[:cut], func(*otlp.Attribute) {})
	}
}
