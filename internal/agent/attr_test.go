package agent_test

import (
	"math"
	"testing"

	"github.com/tailwise/tailwise/internal/agent"
)

func TestAttr(t *testing.T) {
	spans := func(values ...any) (list []span) {
		for i, v := range values {
			list = append(list, span{id: uint64(i + 1), attrs: attrs{"k": v}})
		}
		return list
	}
	tests := []struct {
		name          string
		spans         []span
		count, n      int64
		sum, min, max float64
		values        []any
	}{
		{"numbers of both kinds", spans(3, 0.5, 3), 3, 3, 6.5, 0.5, 3, []any{int64(3), 0.5}},
		{"text that is a number", spans("2", 4), 2, 2, 6, 2, 4, []any{int64(4), "2"}},
		{"what is no number", spans("two", true, false, 0), 4, 1, 0, 0, 0, []any{false, true, int64(0), "two"}},
		{"not finite", spans(math.NaN(), math.Inf(1), 1.0), 3, 1, 1, 1, 1, []any{1.0}},
		{"arrays give their elements", spans([]any{"stop", 2, 0.5, true}), 1, 0, 0, 0, 0, []any{true, int64(2), 0.5, "stop"}},
		{"maps and bytes count and say nothing", spans(map[string]any{"a": 1}, []byte("b")), 2, 0, 0, 0, 0, nil},
		{"minus zero is zero", spans(math.Copysign(0, -1), 0.0), 2, 2, 0, 0, 0, []any{0.0}},
		{"every place, once a span", []span{
			{id: 1, attrs: attrs{"k": 1}, event: attrs{"k": 2}, scope: attrs{"k": 3}, resource: attrs{"k": 4}},
			{id: 2, resource: attrs{"k": 4}}, {id: 3},
		}, 2, 5, 14, 1, 4, []any{int64(1), int64(2), int64(3), int64(4)}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, known := factsOf(t, []string{"k"}, test.spans...).Attr("k")
			var values []any
			for _, v := range got.Values {
				values = append(values, v.Any())
			}
			if !known || got.Count != test.count || got.NumN != test.n || got.More || encode(t, values) != encode(t, test.values) {
				t.Errorf("got count %d, n %d, values %v, more %t; want %d, %d, %v, false",
					got.Count, got.NumN, values, got.More, test.count, test.n, test.values)
			}
			if got.NumN > 0 && (got.Sum != test.sum || got.Min != test.min || got.Max != test.max) {
				t.Errorf("got sum %v, min %v, max %v; want %v, %v, %v", got.Sum, got.Min, got.Max, test.sum, test.min, test.max)
			}
		})
	}
}

func TestAttr_Absent(t *testing.T) {
	f := factsOf(t, []string{"k"}, span{id: 1, attrs: attrs{"other": 1}})
	for _, key := range []string{"k", "other"} {
		if got, known := f.Attr(key); known {
			t.Errorf("%s: got %+v, want it unknown", key, got)
		}
	}
	if got, known := new(agent.Facts).Attr("k"); known {
		t.Errorf("of no facts: got %+v, want it unknown", got)
	}
}

// TestAttr_BuiltIn gathers a key that a fact is made of as well.
func TestAttr_BuiltIn(t *testing.T) {
	f := factsOf(t, []string{"session.id"}, span{id: 1, attrs: attrs{"session.id": "s"}})
	got, known := f.Attr("session.id")
	if !known || got.Count != 1 || f.Session() != "s" {
		t.Errorf("got %+v, known %t, session %q; want a count of 1 and the session s", got, known, f.Session())
	}
}

func TestAttr_ManyValues(t *testing.T) {
	var spans []span
	for i := range 40 {
		spans = append(spans, span{id: uint64(i + 1), attrs: attrs{"k": (i*7)%40 + 100}})
	}
	got, _ := factsOf(t, []string{"k"}, spans...).Attr("k")
	if len(got.Values) != 16 || !got.More || got.Values[0].Int() != 100 || got.Values[15].Int() != 115 {
		t.Errorf("got %d values from %v to %v, more %t; want the 16 lowest, 100 to 115, and more",
			len(got.Values), got.Values[0].Any(), got.Values[len(got.Values)-1].Any(), got.More)
	}
}

func TestPlan(t *testing.T) {
	p := agent.NewPlan([]string{"b", "a", "b", "session.id"})
	if got := encode(t, p.Attrs()); got != `["a","b","session.id"]` {
		t.Errorf("attrs: got %s, want them sorted and once", got)
	}
	if !p.Covers([]string{"b"}) || !p.Covers(nil) || p.Covers([]string{"a", "c"}) {
		t.Error("covers: want b and nothing covered, c not")
	}
	for _, key := range []string{"a", "b", "session.id", "gen_ai.usage.input_tokens"} {
		if id, found := p.Keys().Find([]byte(key)); !found || p.Keys().Name(id) != key {
			t.Errorf("%s is not among the keys to walk for", key)
		}
	}
}
