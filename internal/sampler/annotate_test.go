package sampler

import (
	"fmt"
	"maps"
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/tailwise/tailwise/internal/otlp"
)

// annotated returns the spans of traces by name, after they went through annotate as one group on the wire.
func annotated(t *testing.T, traces ptrace.Traces, d *decision, first, whole bool) map[string]ptrace.Span {
	t.Helper()
	body, err := new(ptrace.ProtoMarshaler).MarshalTraces(traces)
	if err != nil {
		t.Fatal(err)
	}
	var index otlp.Index
	if err := index.Walk(body, otlp.NewKeys(nil)); err != nil {
		t.Fatal(err)
	}
	var group otlp.Group
	for i := range index.Spans {
		group.Spans = append(group.Spans, index.Spans[i].Msg.In(body))
	}
	groups := []otlp.Group{group}
	annotate(groups, d, first, whole)
	request := otlp.AppendRequest(nil, groups)
	if size := otlp.SizeRequest(groups); size != len(request) {
		t.Errorf("size: got %d, want the %d bytes that were appended", size, len(request))
	}
	got, err := new(ptrace.ProtoUnmarshaler).UnmarshalTraces(request)
	if err != nil {
		t.Fatal(err)
	}
	spans := make(map[string]ptrace.Span)
	eachSpan(got, func(span ptrace.Span) { spans[span.Name()] = span })
	return spans
}

// spansOf makes spans from their names, parents and starts.
func spansOf(change func(i int, span ptrace.Span), names ...string) ptrace.Traces {
	traces := ptrace.NewTraces()
	list := traces.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	for i, name := range names {
		span := list.AppendEmpty()
		span.SetTraceID([16]byte{1})
		span.SetSpanID(spanID(name))
		span.SetName(name)
		span.SetStartTimestamp(pcommon.Timestamp(100 + i))
		if change != nil {
			change(i, span)
		}
	}
	return traces
}

func TestAnnotate_Attributes(t *testing.T) {
	d := &decision{
		rules: []string{"errors", "slow"}, retention: "debug", session: "s-1", policyVersion: "sha256:1", probability: 1,
		facts: []byte(`{"duration":1.5,"errors":2,"spans":3,"complete":true,"root.name":"a","services":["x","y"],"tokens.total":70,"cost.usd":0.25,"attrs":{}}`),
	}
	all := map[string]any{"tailwise.retention": "debug", "tailwise.reason": "errors,slow", "session.id": "s-1"}
	root := maps.Clone(all)
	maps.Copy(root, map[string]any{
		"tailwise.policy_version": "sha256:1", "tailwise.probability": 1.0, "tailwise.facts_version": int64(1),
		"tailwise.duration": 1.5, "tailwise.errors": int64(2), "tailwise.spans": int64(3), "tailwise.complete": true,
		"tailwise.root.name": "a", "tailwise.services": []any{"x", "y"}, "tailwise.tokens.total": int64(70), "tailwise.cost.usd": 0.25,
	})
	child := func(i int, span ptrace.Span) {
		if i > 0 {
			span.SetParentSpanID(spanID("a"))
		}
	}
	orphans := func(_ int, span ptrace.Span) { span.SetParentSpanID(spanID("elsewhere")) }
	with := func(base map[string]any, more ...any) map[string]any {
		m := maps.Clone(base)
		for i := 0; i < len(more); i += 2 {
			m[more[i].(string)] = more[i+1]
		}
		return m
	}
	for _, c := range []struct {
		name         string
		traces       ptrace.Traces
		first, whole bool
		want         map[string]map[string]any
	}{
		{"root and child", spansOf(child, "a", "b"), true, true, map[string]map[string]any{"a": root, "b": all}},
		{"late spans", spansOf(child, "a", "b"), false, true, map[string]map[string]any{"a": all, "b": all}},
		{"no root: the earliest of those without their parent", spansOf(orphans, "a", "b"), true, true,
			map[string]map[string]any{"a": root, "b": all}},
		{"no root in a part", spansOf(orphans, "a", "b"), true, false, map[string]map[string]any{"a": all, "b": all}},
		{"a session of its own", spansOf(func(i int, span ptrace.Span) {
			child(i, span)
			if i == 1 {
				span.Attributes().PutStr("session.id", "mine")
			}
		}, "a", "b"), true, true, map[string]map[string]any{"a": root, "b": with(all, "session.id", "mine")}},
		{"marks of another sampler before us", spansOf(func(i int, span ptrace.Span) {
			child(i, span)
			span.Attributes().PutStr("first", "kept")
			span.Attributes().PutStr("tailwise.reason", "old")
			span.Attributes().PutInt("tailwise.errors", 99)
			span.Attributes().PutStr("last", "kept")
		}, "a", "b"), true, true, map[string]map[string]any{
			"a": with(root, "first", "kept", "last", "kept"),
			"b": with(all, "first", "kept", "last", "kept", "tailwise.errors", int64(99)),
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for name, span := range annotated(t, c.traces, d, c.first, c.whole) {
				got := span.Attributes().AsRaw()
				if fmt.Sprint(got) != fmt.Sprint(c.want[name]) {
					t.Errorf("span %s: got %v, want %v", name, got, c.want[name])
				}
				if len(got) != span.Attributes().Len() {
					t.Errorf("span %s: %d attributes, want no key twice in %v", name, span.Attributes().Len(), got)
				}
			}
		})
	}
}

func TestAnnotate_TraceState(t *testing.T) {
	d := &decision{rules: []string{"some"}, retention: "debug", threshold: "c", randomness: "ffffffffffffff"}
	for before, want := range map[string]string{
		"":                             "ot=rv:ffffffffffffff;th:c",
		"vendor=x":                     "ot=rv:ffffffffffffff;th:c,vendor=x",
		"ot=rv:eeeeeeeeeeeeee":         "ot=rv:eeeeeeeeeeeeee;th:c",
		"ot=th:e;rv:eeeeeeeeeeeeee":    "ot=rv:eeeeeeeeeeeeee;th:e", // a stricter threshold stays
		"not a trace state, as it has": "not a trace state, as it has",
	} {
		spans := annotated(t, spansOf(func(_ int, span ptrace.Span) { span.TraceState().FromRaw(before) }, "a"), d, true, true)
		if got := spans["a"].TraceState().AsRaw(); got != want {
			t.Errorf("trace state %q: got %q, want %q", before, got, want)
		}
	}
}
