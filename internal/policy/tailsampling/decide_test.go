package tailsampling

import (
	"math"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/tailwise/tailwise/internal/otlp"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

type attrs = map[string]any

// span is one span of a test's trace.
type span struct {
	name       string
	start, end uint64 // milliseconds; 0: none
	status     ptrace.StatusCode
	flags      uint32
	state      string
	attrs      attrs
	resource   attrs // a resource of its own
	event      attrs // the attributes of an event named "event"; nil: no event
}

// traces puts spans together, a resource each.
func traces(t testing.TB, id pcommon.TraceID, spans ...span) ptrace.Traces {
	t.Helper()
	all := ptrace.NewTraces()
	for i, s := range spans {
		rs := all.ResourceSpans().AppendEmpty()
		out := rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
		out.SetTraceID(id)
		out.SetSpanID(pcommon.SpanID{byte(i + 1)})
		out.SetName(s.name)
		out.SetStartTimestamp(pcommon.Timestamp(s.start * 1e6))
		out.SetEndTimestamp(pcommon.Timestamp(s.end * 1e6))
		out.Status().SetCode(s.status)
		out.SetFlags(s.flags)
		out.TraceState().FromRaw(s.state)
		fill(t, out.Attributes(), s.attrs)
		fill(t, rs.Resource().Attributes(), s.resource)
		if s.event != nil {
			e := out.Events().AppendEmpty()
			e.SetName("event")
			fill(t, e.Attributes(), s.event)
		}
	}
	return all
}

func fill(t testing.TB, m pcommon.Map, from attrs) {
	t.Helper()
	if err := m.FromRaw(from); err != nil {
		t.Fatalf("write attributes: %v", err)
	}
}

// input folds spans of one request for a set.
func input(t testing.TB, set *Set, id pcommon.TraceID, spans ...span) *Input {
	t.Helper()
	all := traces(t, id, spans...)
	body, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(all)
	if err != nil {
		t.Fatalf("encode: %v", err)
	}
	keys := otlp.NewKeys(append([]string{"unrelated"}, set.Keys()...))
	var x otlp.Index
	if err := x.Walk(body, keys); err != nil {
		t.Fatalf("walk: %v", err)
	}
	plan, fold := set.Bind(keys), new(Fold)
	for i := range x.Spans {
		plan.Fold(fold, &x, body, i, 1)
	}
	return &Input{TraceID: id, Fold: fold, Traces: func() (ptrace.Traces, error) { return all, nil }}
}

// compile loads policies that must be right.
func compile(t testing.TB, text string) *Set {
	t.Helper()
	set, notes := load(t, "policies:\n"+text)
	if set == nil {
		t.Fatalf("load:\n%s\n%s", show(notes), text)
	}
	return set
}

var someID = pcommon.TraceID{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}

// TestDecide_Oddities is a row for each result of the processor that one would not expect.
func TestDecide_Oddities(t *testing.T) {
	latency := "- {name: p, type: latency, latency: {threshold_ms: 5000, upper_threshold_ms: 10000}}"
	numeric := "- {name: p, type: numeric_attribute, numeric_attribute: {key: k, min_value: 400}}"
	atMost := "- {name: p, type: numeric_attribute, numeric_attribute: {key: k, max_value: 100}}"
	isFalse := "- {name: p, type: boolean_attribute, boolean_attribute: {key: k, value: false}}"
	any := "- {name: p, type: string_attribute, string_attribute: {key: k, values: ['.*'], enabled_regex_matching: true}}"
	regex := "- {name: p, type: string_attribute, string_attribute: {key: k, values: [alu], enabled_regex_matching: true}}"
	inverted := "- {name: p, type: string_attribute, string_attribute: {key: k, values: [v], invert_match: true}}"
	state := "- {name: p, type: trace_state, trace_state: {key: k, values: [v]}}"
	tests := []struct {
		name, policies string
		spans          []span
		want           Decision
	}{
		{"a latency at its lower bound", latency, []span{{start: 1, end: 5001}}, NotSampled},
		{"a latency at its upper bound", latency, []span{{start: 1, end: 10001}}, Sampled},
		{"a latency that was within its bounds for a while", latency, []span{{start: 1, end: 6001}, {start: 1, end: 20001}}, Sampled},
		{"the same in the other order", latency, []span{{start: 1, end: 20001}, {start: 1, end: 6001}}, NotSampled},
		{"a start of zero that is replaced", "- {name: p, type: latency, latency: {threshold_ms: 100}}", []span{{}, {start: 50, end: 60}}, NotSampled},
		{"a start of zero that counts", "- {name: p, type: latency, latency: {threshold_ms: 100}}", []span{{start: 50, end: 160}, {}}, Sampled},
		{"no latency at all is above none", "- {name: p, type: latency, latency: {}}", []span{{start: 1, end: 1}}, NotSampled},
		{"one millisecond is", "- {name: p, type: latency, latency: {}}", []span{{start: 1, end: 2}}, Sampled},

		{"a double is 0", numeric, []span{{attrs: attrs{"k": 500.0}}}, NotSampled},
		{"a text is 0", atMost, []span{{attrs: attrs{"k": "500"}}}, Sampled},
		{"a bound of 0 is none", "- {name: p, type: numeric_attribute, numeric_attribute: {key: k, min_value: -5, max_value: 0}}", []span{{attrs: attrs{"k": 9}}}, Sampled},
		{"an attribute of an event", numeric, []span{{event: attrs{"k": 500}}}, NotSampled},
		{"an attribute of the resource", numeric, []span{{resource: attrs{"k": 500}}}, Sampled},
		{"what is no boolean is false", isFalse, []span{{attrs: attrs{"k": "true"}}}, Sampled},
		{"what is absent is not", isFalse, []span{{}}, NotSampled},

		{"an int on a span matches no text", any, []span{{attrs: attrs{"k": 5}}}, NotSampled},
		{"an int on a resource is an empty text", any, []span{{resource: attrs{"k": 5}}}, Sampled},
		{"an empty text on a span", any, []span{{attrs: attrs{"k": ""}}}, NotSampled},
		{"a regex has no anchors", regex, []span{{attrs: attrs{"k": "value"}}}, Sampled},
		{"an empty value is left out", "- {name: p, type: string_attribute, string_attribute: {key: k, values: ['']}}", []span{{resource: attrs{"k": ""}}}, NotSampled},
		{"inverted, absent", inverted, []span{{}}, Sampled},
		{"inverted, on one of two", inverted, []span{{attrs: attrs{"k": "w"}}, {attrs: attrs{"k": "v"}}}, NotSampled},
		{"inverted does not veto", inverted + "\n- {name: all, type: always_sample}", []span{{attrs: attrs{"k": "v"}}}, Sampled},

		{"a tracestate", state, []span{{state: "a=b,k=v"}}, Sampled},
		{"one malformed member spoils it", state, []span{{state: "k=v,=x"}}, NotSampled},
		{"the sampled flag among others", "- {name: p, type: trace_flags}", []span{{flags: 0x103}}, Sampled},
		{"other flags", "- {name: p, type: trace_flags}", []span{{flags: 0x102}}, NotSampled},

		{"more spans than the burst", "- {name: p, type: rate_limiting, rate_limiting: {spans_per_second: 1}}", []span{{}, {}, {}}, NotSampled},
		{"as many as the burst", "- {name: p, type: rate_limiting, rate_limiting: {spans_per_second: 1}}", []span{{}, {}}, Sampled},
		{"min above max", "- {name: p, type: span_count, span_count: {min_spans: 2, max_spans: 1}}", []span{{}}, NotSampled},
		{"an empty and", "- {name: p, type: and}", []span{{}}, Sampled},
		{"an empty drop", "- {name: all, type: always_sample}\n- {name: p, type: drop}", []span{{}}, Dropped},
		{"a block of another type", "- {name: p, type: boolean_attribute, string_attribute: {key: k, values: [v]}}", []span{{attrs: attrs{"k": "v"}}}, NotSampled},

		{"a condition on what is absent", `- {name: p, type: ottl_condition, ottl_condition: {span: ['attributes["k"] != "v"']}}`, []span{{}}, Sampled},
		{"a condition that fails, ignored", `- {name: p, type: ottl_condition, ottl_condition: {span: ['Len(attributes["k"]) > 0', 'name == "n"']}}`, []span{{name: "n"}}, Sampled},
		{"a condition that fails, propagated", `- {name: p, type: ottl_condition, ottl_condition: {error_mode: propagate, span: ['Len(attributes["k"]) > 0', 'name == "n"']}}`, []span{{name: "n"}}, NotSampled},
		{"no schema URL is left", `- {name: p, type: ottl_condition, ottl_condition: {span: ['resource.schema_url == ""']}}`, []span{{}}, Sampled},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			set := compile(t, tt.policies)
			out := set.Decide(input(t, set, someID, tt.spans...), set.NewState(nil), noon)
			if out.Decision != tt.want {
				t.Errorf("got %v, want %v", out.Decision, tt.want)
			}
		})
	}
}

// TestDecide_Composite: policy_order is not read, shares are equal where none is given, the total binds each policy for
// itself, and nobody falls through to the next.
func TestDecide_Composite(t *testing.T) {
	set := compile(t, `
- name: c
  type: composite
  composite:
    max_total_spans_per_second: 4
    policy_order: [rest, failing]
    composite_sub_policy:
      - {name: failing, type: status_code, status_code: {status_codes: [ERROR]}}
      - {name: rest, type: always_sample}
    rate_allocation: [{policy: rest, percent: 100}]
`)
	failing, ok := []span{{status: ptrace.StatusCodeError}, {}}, []span{{}, {}}
	st := set.NewState(nil)
	steps := []struct {
		at    time.Duration
		spans []span
		want  Decision
	}{
		{0, failing, Sampled},    // 2 of 2
		{0, failing, NotSampled}, // rest has spans left, but is not asked
		{0, ok, Sampled},         // 2 of 4
		{0, ok, Sampled},         // 4 of 4: six in all, above the total
		{999 * time.Millisecond, ok, NotSampled},
		{time.Second, ok, Sampled}, // another second
	}
	for i, s := range steps {
		if got := set.Decide(input(t, set, someID, s.spans...), st, noon.Add(s.at)).Decision; got != s.want {
			t.Errorf("step %d: got %v, want %v", i, got, s.want)
		}
	}
}

// TestDecide_CompositeTotal: a share above the total is bound by it.
func TestDecide_CompositeTotal(t *testing.T) {
	set := compile(t, `
- name: c
  type: composite
  composite:
    max_total_spans_per_second: 2
    composite_sub_policy: [{name: all, type: always_sample}]
    rate_allocation: [{policy: all, percent: 200}]
`)
	st := set.NewState(nil)
	for i, want := range []Decision{Sampled, Sampled, NotSampled} {
		if got := set.Decide(input(t, set, someID, span{}), st, noon).Decision; got != want {
			t.Errorf("trace %d: got %v, want %v", i, got, want)
		}
	}
}

// TestDecide_TokensAreSpentInVain: also where another policy has sampled already, and where a later one in an and fails.
func TestDecide_TokensAreSpentInVain(t *testing.T) {
	for name, text := range map[string]string{
		"behind another": "- {name: all, type: always_sample}\n- {name: few, type: rate_limiting, rate_limiting: {spans_per_second: 1, burst_capacity: 1}}",
		"before one that fails": `- name: few
  type: and
  and: {and_sub_policy: [{name: r, type: rate_limiting, rate_limiting: {spans_per_second: 1, burst_capacity: 1}}, {name: s, type: status_code, status_code: {status_codes: [ERROR]}}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			set := compile(t, text)
			st := set.NewState(nil)
			set.Decide(input(t, set, someID, span{}), st, noon)
			if got := set.Decide(input(t, set, someID, span{status: ptrace.StatusCodeError}), st, noon); len(got.Reasons) > 0 && set.cfg.Policies[got.Reasons[len(got.Reasons)-1]].Name == "few" {
				t.Errorf("got %+v, want no tokens left for the second trace", got)
			}
			if got := set.Decide(input(t, set, someID, span{status: ptrace.StatusCodeError}), st, noon.Add(time.Second)); set.cfg.Policies[got.Reasons[len(got.Reasons)-1]].Name != "few" {
				t.Errorf("got %+v, want a token a second later", got)
			}
		})
	}
}

// TestChance_Vectors holds hash and bounds to what the processor was seen to compute.
func TestChance_Vectors(t *testing.T) {
	for id, want := range map[pcommon.TraceID]uint64{
		{}:     0xe19536eed1bbac3d,
		someID: 0xdbcf64d5420f4cad,
		{255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255}:                 0x17bec3739634fe2d,
		{0x4b, 0xf9, 0x2f, 0x35, 0x77, 0xb3, 0x4d, 0xa6, 0xa3, 0xce, 0x92, 0x9d, 0x0e, 0x0e, 0x47, 0x36}: 0xa54533ba2e4970b5,
	} {
		if got := newChanceNode("", 10).hash((*[16]byte)(&id)); got != want {
			t.Errorf("hash of %x: got %x, want %x", id, got, want)
		}
	}
	for percentage, want := range map[float64]uint64{
		10: 1844674407370955263, 33.3: 6142765776545279999, 50: 9223372036854775807, 100: math.MaxUint64, 150: math.MaxUint64, 0: 0, -5: 0, math.Inf(1): math.MaxUint64,
	} {
		if got := newChanceNode("", percentage).bound; got != want {
			t.Errorf("bound of %v%%: got %d, want %d", percentage, got, want)
		}
	}
}

// ratio keeps a percentage from being computed exactly, as constants are.
func ratio(percentage float64) float64 { return percentage / 100 }

// TestDecide_Reasons: who decided, and with what probability.
func TestDecide_Reasons(t *testing.T) {
	const all, failing = "- {name: all, type: always_sample}\n", "- {name: failing, type: status_code, status_code: {status_codes: [ERROR]}}\n"
	chance := func(salt, percentage string) string {
		return "{name: p" + salt + percentage + ", type: probabilistic, probabilistic: {hash_salt: '" + salt + "', sampling_percentage: " + percentage + "}}"
	}
	both := func(parts ...string) string {
		text := "- {name: and, type: and, and: {and_sub_policy: ["
		for _, p := range parts {
			text += p + ", "
		}
		return text + "]}}\n"
	}
	tests := []struct {
		name, policies string
		want           Outcome
	}{
		{"all that sample", all + failing + "- " + chance("", "99") + "\n", Outcome{Decision: Sampled, Reasons: []int{0, 2}, Probability: 1}},
		{"a coin alone", failing + "- " + chance("", "90"), Outcome{Decision: Sampled, Reasons: []int{1}, Probability: 0.9}},
		{"a coin that fell the other way", failing + "- " + chance("", "50"), Outcome{Reasons: []int{1}, Probability: 0.5}},
		{"one coin twice", both(chance("", "90"), chance("", "95")), Outcome{Decision: Sampled, Reasons: []int{0}, Probability: 0.9}},
		{"two coins", both(chance("", "90"), chance("b", "80")), Outcome{Decision: Sampled, Reasons: []int{0}, Probability: ratio(90) * ratio(80)}},
		{"not a coin", "- {name: not, type: not, not: {not_sub_policy: " + chance("", "50") + "}}", Outcome{Decision: Sampled, Reasons: []int{0}, Probability: 0.5}},
		{"dropped", all + "- {name: drop, type: drop}", Outcome{Decision: Dropped, Reasons: []int{1}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			set := compile(t, tt.policies)
			got := set.Decide(input(t, set, someID, span{}), set.NewState(nil), noon)
			if got.Decision != tt.want.Decision || got.Probability != tt.want.Probability || !equalInts(got.Reasons, tt.want.Reasons) {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func equalInts(a, b []int) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// TestDecide_AsksForSpansOnlyWhereTheyMatter counts how often the spans are asked for.
func TestDecide_AsksForSpansOnlyWhereTheyMatter(t *testing.T) {
	hard := `{name: hard, type: ottl_condition, ottl_condition: {span: ['Len(name) > 5']}}`
	tests := []struct {
		name, policies string
		want           int
	}{
		{"nothing else decides", "- " + hard, 1},
		{"two of them", "- " + hard + "\n- {name: more, type: ottl_condition, ottl_condition: {spanevent: ['Len(name) > 5']}}", 1},
		{"another samples", "- " + hard + "\n- {name: all, type: always_sample}", 0},
		{"a condition that was seen to hold", `- {name: a, type: ottl_condition, ottl_condition: {span: ['Len(name) > 5', 'name == ""']}}`, 0},
		{"comparisons alone", `- {name: a, type: ottl_condition, ottl_condition: {error_mode: propagate, span: ['name == "y"', 'kind == SPAN_KIND_SERVER'], spanevent: ['name == "y"']}}`, 0},
		{"in an and that fails anyway", "- {name: a, type: and, and: {and_sub_policy: [" + hard + ", {name: f, type: trace_flags}]}}", 0},
		{"in an and that takes from a limit", "- {name: a, type: and, and: {and_sub_policy: [{name: r, type: rate_limiting, rate_limiting: {spans_per_second: 5}}, " + hard + ", {name: f, type: trace_flags}]}}", 1},
		{"in a drop", "- {name: d, type: drop, drop: {drop_sub_policy: [" + hard + "]}}\n- {name: all, type: always_sample}", 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			set := compile(t, tt.policies)
			in := input(t, set, someID, span{event: attrs{}})
			asked, spans := 0, in.Traces
			in.Traces = func() (ptrace.Traces, error) {
				asked++
				return spans()
			}
			if set.Decide(in, set.NewState(nil), noon); asked != tt.want {
				t.Errorf("asked %d times, want %d", asked, tt.want)
			}
		})
	}
}
