package tailsampling

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/tailwise/tailwise/internal/otlp"
)

// TestFold_OrderDoesNotCount: but for what the processor itself makes depend on the order, spans may come in any.
func TestFold_OrderDoesNotCount(t *testing.T) {
	set := compile(t, tenPolicies+twoConditions+`
- {name: bytes, type: bytes_limiting, bytes_limiting: {bytes_per_second: 1000}}
- {name: events, type: ottl_condition, ottl_condition: {spanevent: ['name == "event" and attributes["k"] > 5']}}
`)
	keys := otlp.NewKeys(set.Keys())
	plan := set.Bind(keys)
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(1, seed))
		var bodies [][]byte
		for range 1 + r.IntN(6) {
			s := span{start: 1 + r.Uint64N(5000), end: 1 + r.Uint64N(9000), name: "n", status: ptrace.StatusCode(r.IntN(3)),
				attrs: attrs{"http.response.status_code": 400 + r.IntN(200), "tier": "gold"}, event: attrs{"k": r.IntN(10)}}
			body, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(traces(t, pcommon.TraceID{1}, s))
			if err != nil {
				t.Fatal(err)
			}
			bodies = append(bodies, body)
		}
		show := func() string {
			f := new(Fold)
			for i, body := range bodies {
				var x otlp.Index
				if err := x.Walk(body, keys); err != nil {
					t.Fatal(err)
				}
				plan.Fold(f, &x, body, 0, uint64(i))
			}
			return fmt.Sprint(f.bits, f.spans, f.start, f.end, f.size.total())
		}
		want := show()
		for range 5 {
			r.Shuffle(len(bodies), func(i, j int) { bodies[i], bodies[j] = bodies[j], bodies[i] })
			if got := show(); got != want {
				t.Fatalf("seed %d: got %s, want %s", seed, got, want)
			}
		}
	}
}

// TestFold_OfOtherPolicies: folds of different policies are never mixed, and folds of the same observations serve.
func TestFold_OfOtherPolicies(t *testing.T) {
	one := compile(t, "- {name: a, type: trace_flags}")
	same := compile(t, "- {name: b, type: trace_flags}\n- {name: c, type: not, not: {not_sub_policy: {type: trace_flags}}}")
	other := compile(t, "- {name: a, type: status_code, status_code: {status_codes: [ERROR]}}")
	if !one.Same(same) || one.Same(other) {
		t.Errorf("same observations: got %v and %v, want true and false", one.Same(same), one.Same(other))
	}
	in := input(t, one, someID, span{flags: 1})
	if got := same.Decide(in, same.NewState(nil), noon); !slices.Equal(got.Reasons, []int{0}) {
		t.Errorf("got %+v, want the first policy to sample", got)
	}
	defer func() {
		if recover() == nil {
			t.Error("a fold of other policies was decided")
		}
	}()
	other.Decide(in, other.NewState(nil), noon)
}

// TestFold_Reset makes a fold as new.
func TestFold_Reset(t *testing.T) {
	set := compile(t, tenPolicies)
	in := input(t, set, someID, span{status: ptrace.StatusCodeError, start: 1, end: 9000, attrs: attrs{"force_sample": true}})
	in.Fold.Reset()
	if out := set.Decide(in, set.NewState(nil), noon); out.Decision != NotSampled || in.Fold.Spans() != 0 {
		t.Errorf("got %+v of %d spans, want nothing", out, in.Fold.Spans())
	}
}
