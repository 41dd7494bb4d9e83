package tailsampling

import (
	"context"
	"math"
	"testing"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottlspan"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/tailwise/tailwise/internal/otlp"
)

// TestParseCondition_WhatCanBeTold: the forms that are told from the wire, and those that are left to OTTL.
func TestParseCondition_WhatCanBeTold(t *testing.T) {
	for text, want := range map[string]bool{
		`attributes["k"] == "v"`:                                    true,
		`span.attributes["k"] != nil and not (name == "x" or true)`: true,
		`-1.5 < attributes["k"]`:                                    true,
		`resource.attributes["service.name"]=="checkout"`:           true,
		`span.attributes["http.status_code"] >= 500`:                true,
		`status.code == STATUS_CODE_ERROR`:                          true,
		`kind == SPAN_KIND_SERVER`:                                  true,
		`kind.string == "Server"`:                                   false,
		`attributes["k"] == attributes["l"]`:                        false,
		`attributes["k"]["l"] == 1`:                                 false,
		`attributes["k"] == 1 + 1`:                                  false,
		`attributes["k"] == "a\"b"`:                                 true,
		`attributes["k"] == "a\'b"`:                                 false,
		`attributes["k"] == 0x00`:                                   false,
		`attributes["k"] == ["a"]`:                                  false,
		`IsMatch(name, "x")`:                                        true,
		`IsMatch(attributes["k"], "^/v\\d+/")`:                      true,
		`not IsMatch(resource.attributes["k"],"x") or name == "y"`:  true,
		`IsMatch(attributes["k"], attributes["l"])`:                 false,
		`IsMatch("k", "x")`:                                         false,
		`IsMatch(kind, "x")`:                                        false,
		`IsMatch(attributes["k"], "(")`:                             false,
		`IsMatch(attributes["k"], "x", "y")`:                        false,
		`IsMatch(attributes["k"], "x") == true`:                     false,
		`IsMatch(attributes["k"]["l"], "x")`:                        false,
		`IsString(attributes["k"])`:                                 false,
		`1 == 1`:                                                    false,
		`(attributes["k"]) == 1`:                                    false,
		`attributes["k"] == 99999999999999999999`:                   false,
		`scope.name == "x"`:                                         false,
		`true`:                                                      true,
		`true == attributes["k"]`:                                   true,
	} {
		if _, got := parseCondition(text, false, newShape()); got != want {
			t.Errorf("%s: told %v, want %v", text, got, want)
		}
	}
}

// FuzzCondition: what OTTL accepts and parseCondition reads, both answer alike.
func FuzzCondition(f *testing.F) {
	for _, text := range []string{
		`attributes["k"] == "v"`, `span.attributes["k"] != nil and not (name == "x" or true)`, `-1.5 < attributes["k"]`,
		`status.code == STATUS_CODE_ERROR`, `not true`, `2 >= kind`, `attributes["k"] <= .5`, `false or attributes["b"] > 0x00`,
		`resource.attributes["r"] == 1. and name < "z"`, `attributes["k"]== -9223372036854775808`, `nil == attributes["k"]`, "nil== attributes[\"\xff\"]",
		`IsMatch(name, "^v")`, `not IsMatch(attributes["k"], "[0-9]e|Inf|^$") and true`, `attributes["k"] == "\xff\u00e9\""`,
		`IsMatch(resource.attributes["r"], "^-?\\d+$") or IsMatch(attributes["k"], "76")`, `IsMatch(attributes["k"], "tr|fa")`,
	} {
		for kind := range uint8(7) {
			f.Add(text, "v", int64(1), 0.5, kind)
			f.Add(text, "", int64(-1<<63), 1e-9, kind)
			f.Add(text, "\"", int64(0), math.Inf(1), kind)
		}
	}
	f.Fuzz(func(t *testing.T, text, s string, n int64, d float64, kind uint8) {
		if _, told := parseCondition(text, false, newShape()); !told {
			return
		}
		parsed, err := parseOTTL(spanLanguage, ottlspan.ContextName, text)
		if err != nil {
			return // it is refused, whatever we would read into it
		}
		shape := newShape()
		c, _ := parseCondition(text, false, shape)
		all := ptrace.NewTraces()
		rs := all.ResourceSpans().AppendEmpty()
		ss := rs.ScopeSpans().AppendEmpty()
		out := ss.Spans().AppendEmpty()
		out.SetTraceID(someID)
		out.SetSpanID(pcommon.SpanID{1})
		out.SetName(s)
		out.SetKind(ptrace.SpanKind(kind % 6))
		out.Status().SetCode(ptrace.StatusCode(kind % 3))
		for _, key := range shape.keys {
			value := out.Attributes().PutEmpty(key)
			switch kind % 7 {
			case 0:
				value.SetStr(s)
			case 1:
				value.SetInt(n)
			case 2:
				value.SetDouble(d)
			case 3:
				value.SetBool(n > 0)
			case 4:
				value.SetEmptyBytes().FromRaw([]byte(s))
			case 5:
				value.SetEmptySlice().AppendEmpty().SetStr(s)
			}
			rs.Resource().Attributes().PutInt(key, n)
		}
		want, err := parsed[0].Eval(context.Background(), ottlspan.NewTransformContext(rs, ss, out))
		said := truthOf(want)
		if err != nil {
			said = unclear
		}
		body, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(all)
		if err != nil {
			t.Fatal(err)
		}
		keys := otlp.NewKeys(shape.keys)
		var x otlp.Index
		if err := x.Walk(body, keys); err != nil {
			t.Fatal(err)
		}
		plan := (&Set{shape: shape}).Bind(keys)
		got := c.ask(&view{plan: plan, x: &x, body: body, span: &x.Spans[0]})
		if got != said && (got != unclear || kind%7 < 5 && !math.IsNaN(d) && !math.IsInf(d, 0)) {
			t.Errorf("%s: got %v, OTTL says %v", text, got, said)
		}
		if got == unclear && !c.doubts() {
			t.Errorf("%s: unclear, though it has no doubts", text)
		}
	})
}

// TestDecide_Doubts: of a trace in which a pattern met a value that only OTTL can tell, OTTL is asked, and of no other.
func TestDecide_Doubts(t *testing.T) {
	const silent = `- {name: p, type: ottl_condition, ottl_condition: {span: ['IsMatch(attributes["k"], "^\\[1")']}}`
	const strict = `- {name: p, type: ottl_condition, ottl_condition: {error_mode: propagate, span: ['IsMatch(attributes["k"], "1")']}}`
	const two = `- {name: p, type: ottl_condition, ottl_condition: {span: ['not IsMatch(attributes["k"], "1")', 'name == "b"']}}`
	const and = `- {name: p, type: and, and: {and_sub_policy: [{name: q, type: ottl_condition, ottl_condition: {spanevent: ['IsMatch(attributes["k"], "^\\[1")']}}]}}`
	const all = "\n- {name: all, type: always_sample}"
	list, infinite := []any{1}, math.Inf(1)
	tests := []struct {
		name, policies string
		spans          []span
		want           Outcome
		asked          int
	}{
		{"values that are told", silent, []span{{attrs: attrs{"k": "[2"}}, {attrs: attrs{"k": 1.5}}, {attrs: attrs{"k": []byte{}}}, {}}, Outcome{}, 0},
		{"a list", silent, []span{{attrs: attrs{"k": list}}}, Outcome{Decision: Sampled, Reasons: []int{0}}, 1},
		{"a list that does not match", silent, []span{{attrs: attrs{"k": []any{"x"}}}}, Outcome{}, 1},
		{"a list, where another span matches", silent, []span{{attrs: attrs{"k": list}}, {attrs: attrs{"k": "[1"}}}, Outcome{Decision: Sampled, Reasons: []int{0}}, 0},
		{"a list, where another condition holds", two, []span{{name: "b", attrs: attrs{"k": []any{1}}}}, Outcome{Decision: Sampled, Reasons: []int{0}}, 0},
		{"a failure does not hold", two, []span{{attrs: attrs{"k": infinite}}}, Outcome{}, 1},
		{"a failure counts", strict, []span{{attrs: attrs{"k": infinite}}, {attrs: attrs{"k": "1"}}}, Outcome{Faults: 1}, 1},
		{"a failure after a match", strict, []span{{attrs: attrs{"k": "1"}}, {attrs: attrs{"k": infinite}}}, Outcome{Decision: Sampled, Reasons: []int{0}}, 0},
		{"an event's list", and, []span{{event: attrs{"k": list}}}, Outcome{Decision: Sampled, Reasons: []int{0}}, 1},
		{"where another policy samples", and + all, []span{{event: attrs{"k": list}}}, Outcome{Decision: Sampled, Reasons: []int{1}}, 0},
		{"no doubt where another policy samples", and + all, []span{{event: attrs{"k": "[1"}}}, Outcome{Decision: Sampled, Reasons: []int{0, 1}}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			set := compile(t, tt.policies)
			in := input(t, set, someID, tt.spans...)
			asked, spans := 0, in.Traces
			in.Traces = func() (ptrace.Traces, error) {
				asked++
				return spans()
			}
			got := set.Decide(in, set.NewState(nil), noon)
			if got.Decision != tt.want.Decision || got.Faults != tt.want.Faults || !equalInts(got.Reasons, tt.want.Reasons) {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
			if asked != tt.asked {
				t.Errorf("asked for the spans %d times, want %d", asked, tt.asked)
			}
		})
	}
}
