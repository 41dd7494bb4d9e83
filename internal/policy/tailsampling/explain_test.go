package tailsampling

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// tell renders votes, a line each, indented by depth.
func tell(votes []Vote, indent string) string {
	var b strings.Builder
	for _, v := range votes {
		fmt.Fprintf(&b, "%s%s (%s): %s, %s\n", indent, v.Name, v.Type, v.Decision, v.Why)
		b.WriteString(tell(v.Votes, indent+"  "))
	}
	return b.String()
}

func TestExplain(t *testing.T) {
	set := compile(t, `
- {name: errors, type: status_code, status_code: {status_codes: [ERROR]}}
- {name: slow, type: latency, latency: {threshold_ms: 1000}}
- {name: half, type: probabilistic, probabilistic: {sampling_percentage: 50}}
- {name: few, type: rate_limiting, rate_limiting: {spans_per_second: 1}}
- {name: keyed, type: string_attribute, string_attribute: {key: k, values: [v], invert_match: true}}
- name: both
  type: and
  and: {and_sub_policy: [{name: flag, type: trace_flags}, {name: count, type: span_count, span_count: {min_spans: 2}}]}
- {name: turned, type: not, not: {not_sub_policy: {name: state, type: trace_state, trace_state: {key: k, values: [v]}}}}
- name: shared
  type: composite
  composite: {max_total_spans_per_second: 1, composite_sub_policy: [{name: all, type: always_sample}, {name: never, type: always_sample}]}
- {name: hard, type: ottl_condition, ottl_condition: {error_mode: propagate, span: ['Len(attributes["none"]) > 1']}}
- {name: out, type: drop, drop: {drop_sub_policy: [{name: name, type: ottl_condition, ottl_condition: {span: ['name == "probe"']}}]}}
`)
	want := `out (drop): not_sampled, not all policies in it sample
  name (ottl_condition): not_sampled, no condition holds for any span or event
errors (status_code): sampled, a span has status ERROR
slow (latency): sampled, it lasts 1500 ms
half (probabilistic): not_sampled, the hash of the trace id is above 50%
few (rate_limiting): not_sampled, 3 spans are more than the burst of 2
keyed (string_attribute): not_sampled, a span or resource has "k" with a value that matches, inverted
both (and): not_sampled, not all policies in it sample
  flag (trace_flags): not_sampled, no span has the sampled flag
  count (span_count): not_evaluated, another policy had decided
turned (not): sampled, the policy in it does not sample
  state (trace_state): not_sampled, no span has one of the values under "k"
shared (composite): not_sampled, no policy in it samples, or the first that does has no spans left
  all (always_sample): sampled, it samples every trace
  never (always_sample): not_evaluated, another policy had decided
hard (ottl_condition): error, a condition could not be evaluated, and error_mode is propagate
`
	in := input(t, set, someID, span{start: 1, end: 1501, status: ptrace.StatusCodeError}, span{attrs: attrs{"k": "v"}, start: 1, end: 2}, span{start: 1, end: 2})
	if got := tell(set.Explain(in, set.NewState(nil), noon), ""); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestExplain_TakesNothing: a limit has as much left after as before.
func TestExplain_TakesNothing(t *testing.T) {
	set := compile(t, `
- {name: few, type: rate_limiting, rate_limiting: {spans_per_second: 1, burst_capacity: 1}}
- {name: shared, type: composite, composite: {max_total_spans_per_second: 1, composite_sub_policy: [{name: all, type: always_sample}]}}
`)
	st := set.NewState(nil)
	for range 3 {
		for _, v := range set.Explain(input(t, set, someID, span{}), st, noon) {
			if v.Decision != "sampled" {
				t.Errorf("%s: got %s, want sampled", v.Name, v.Decision)
			}
		}
	}
	if got := set.Decide(input(t, set, someID, span{}), st, noon); len(got.Reasons) != 2 {
		t.Errorf("got %+v, want both to sample", got)
	}
}

func TestExplain_StopsWhereDecideDoes(t *testing.T) {
	set := compile(t, "- {name: all, type: always_sample}\n- {name: more, type: always_sample}\n- {name: out, type: drop}")
	if got, want := tell(set.Explain(input(t, set, someID, span{}), set.NewState(nil), noon), ""), `out (drop): dropped, all policies in it sample
all (always_sample): not_evaluated, another policy had decided
more (always_sample): not_evaluated, another policy had decided
`; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestDecide_SpansThatCannotBeHad: the outcome is none, and says why.
func TestDecide_SpansThatCannotBeHad(t *testing.T) {
	broken := errors.New("disk")
	set := compile(t, `- {name: hard, type: ottl_condition, ottl_condition: {span: ['Len(name) > 5']}}`)
	in := input(t, set, someID, span{})
	in.Traces = func() (ptrace.Traces, error) { return ptrace.Traces{}, broken }
	if out := set.Decide(in, set.NewState(nil), noon); !errors.Is(out.Err, broken) {
		t.Errorf("got %+v, want the error", out)
	}
	in.Traces = nil
	if out := set.Decide(in, set.NewState(nil), noon); out.Err == nil {
		t.Errorf("without a way to the spans: got %+v, want an error", out)
	}
}

// TestSet_ConcurrentUse: one Set and one State serve many shards; run it with the race detector. What they sample together
// is what the limit allows.
func TestSet_ConcurrentUse(t *testing.T) {
	set := compile(t, `
- {name: few, type: rate_limiting, rate_limiting: {spans_per_second: 1, burst_capacity: 50}}
- {name: out, type: drop, drop: {drop_sub_policy: [{name: a, type: string_attribute, string_attribute: {key: k, values: ['^x'], enabled_regex_matching: true, cache_max_size: 2}}]}}
- {name: hard, type: ottl_condition, ottl_condition: {span: ['IsMatch(attributes["k"], "^y")']}}
- {name: shared, type: composite, composite: {max_total_spans_per_second: 0, composite_sub_policy: [{name: all, type: always_sample}]}}
`)
	st := set.NewState(nil)
	const shards, tracesN = 4, 50
	sampled := make([]int, shards)
	var wg sync.WaitGroup
	for shard := range shards {
		wg.Go(func() {
			for i := range tracesN {
				in := input(t, set, pcommon.TraceID{1, byte(shard), byte(i)}, span{attrs: attrs{"k": fmt.Sprintf("z%d", i)}})
				if set.Decide(in, st, noon).Decision == Sampled {
					sampled[shard]++
				}
			}
		})
	}
	wg.Wait()
	all := 0
	for _, n := range sampled {
		all += n
	}
	if all != 50 {
		t.Errorf("sampled together: got %d, want 50", all)
	}
}
