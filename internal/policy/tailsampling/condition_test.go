package tailsampling

import (
	"context"
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
		`attributes["k"] == "a\"b"`:                                 false,
		`attributes["k"] == 0x00`:                                   false,
		`attributes["k"] == ["a"]`:                                  false,
		`IsMatch(name, "x")`:                                        false,
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
	} {
		f.Add(text, "v", int64(1), 0.5, uint8(0))
	}
	f.Fuzz(func(t *testing.T, text, s string, n int64, d float64, kind uint8) {
		c, told := parseCondition(text, false, newShape())
		if !told {
			return
		}
		parsed, err := parseOTTL(spanLanguage, ottlspan.ContextName, text)
		if err != nil {
			return // it is refused, whatever we would read into it
		}
		shape := newShape()
		c, _ = parseCondition(text, false, shape)
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
		if err != nil {
			t.Fatalf("%s: OTTL fails: %v", text, err)
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
		if got := c.holds(&view{plan: plan, x: &x, body: body, span: &x.Spans[0]}); got != want {
			t.Errorf("%s: got %v, OTTL says %v", text, got, want)
		}
	})
}
