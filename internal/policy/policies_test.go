package policy_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/tailwise/tailwise/internal/otlp"
	"github.com/tailwise/tailwise/internal/policy"
	"github.com/tailwise/tailwise/internal/policy/tailsampling"
)

// observed is a trace as policies: see it, and facts as rules do.
func observed(t testing.TB, p *policy.Policy, spans ...span) policy.Input {
	t.Helper()
	traces := ptrace.NewTraces()
	scope := traces.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty()
	for i, s := range spans {
		out := scope.Spans().AppendEmpty()
		out.SetTraceID(pcommon.TraceID{1})
		out.SetSpanID(pcommon.SpanID{byte(i + 1)})
		out.SetName(s.name)
		if s.err {
			out.Status().SetCode(ptrace.StatusCodeError)
		}
		if err := out.Attributes().FromRaw(s.attrs); err != nil {
			t.Fatalf("write attributes: %v", err)
		}
	}
	body, err := ptraceotlp.NewExportRequestFromTraces(traces).MarshalProto()
	if err != nil {
		t.Fatalf("encode the spans: %v", err)
	}
	var x otlp.Index
	keys := otlp.NewKeys(p.Keys())
	if err := x.Walk(body, keys); err != nil {
		t.Fatalf("walk the spans: %v", err)
	}
	in := policy.Input{Facts: facts(t, p, spans...), TraceID: traceID(0.3), Fold: new(tailsampling.Fold)}
	in.Traces = func() (ptrace.Traces, error) { return traces, nil }
	if p.Policies() == nil {
		return in
	}
	plan := p.Policies().Bind(keys)
	for i := range x.Spans {
		plan.Fold(in.Fold, &x, body, i, 1)
	}
	return in
}

// With these salts the coins of traceID(0.3), and of the others below, fall outside of a tenth and within nine tenths.
const (
	always  = "{name: always, type: always_sample}"
	failing = "{name: failing, type: status_code, status_code: {status_codes: [ERROR]}}"
	tenth   = "{name: tenth, type: probabilistic, probabilistic: {hash_salt: b, sampling_percentage: 10}}"
	most    = "{name: most, type: probabilistic, probabilistic: {sampling_percentage: 90}}"
	probes  = `{name: probes, type: drop, drop: {drop_sub_policy: [{name: p, type: ottl_condition, ottl_condition: {span: ['HasPrefix(name, "probe")']}}]}}`
)

func TestPolicies_BesideRules(t *testing.T) {
	errorRule := "rules: [{name: errors, when: errors > 0, keep: week}]\n"
	coin := "rules: [{name: half, sample: 50%, by: trace}]\n"
	lost := "rules: [{name: few, sample: 1%, by: trace}]\n"
	tests := []struct {
		name, text string
		trace      span
		want       string
	}{
		{"alone, sampled", "policies: [" + failing + "]", span{err: true}, "keep default 1 [failing]"},
		{"alone, not sampled", "policies: [" + failing + "]", span{}, "drop 0 [otherwise]"},
		{"none at all", "policies: []", span{}, "drop 0 [otherwise]"},
		{"all that sample are reasons", "policies: [" + always + ", " + tenth + ", " + failing + "]", span{err: true}, "keep default 1 [always failing]"},
		{"by chance", "policies: [" + most + ", " + failing + "]", span{}, "keep default 0.9 [most]"},
		{"by chance and for cause", "policies: [" + most + ", " + failing + "]", span{err: true}, "keep default 1 [most failing]"},
		{"the coin fell the other way", "policies: [" + tenth + ", " + failing + "]", span{}, "drop 0.1 [tenth]"},
		{"otherwise sample", "policies: [" + failing + "]\notherwise: {sample: 99%, by: trace}", span{}, "keep default 0.99 th:028f5c28f5c29 [otherwise]"},
		{"a policy drops", errorRule + "policies: [" + always + ", " + probes + "]", span{name: "probe 1", err: true}, "drop 0 [probes]"},
		{"a rule drops", "rules: [{name: out, when: errors > 0, drop: true}]\npolicies: [" + always + "]", span{err: true}, "drop 0 [out]"},
		{"both keep, the longer class", errorRule + "policies: [" + always + "]", span{err: true}, "keep default 1 [errors always]"},
		{"only the rule keeps", errorRule + "policies: [" + tenth + "]", span{err: true}, "keep week 1 [errors]"},
		{"a rule's chance alone", lost + "policies: [" + failing + "]", span{}, "drop 0.01 [few]"},
		{"two coins, both kept", coin + "policies: [" + most + "]", span{}, "keep default 0.95 [half most]"},
		{"two coins, the rule lost", lost + "policies: [" + most + "]", span{}, "keep default 0.901 [most]"},
		{"two coins, both lost", lost + "policies: [" + tenth + "]", span{}, "drop 0.109 [few tenth]"},
		{"calibrating keeps nothing that drops", "calibrate: 7d\npolicies: [" + probes + "]", span{name: "probe"}, "drop 0 [probes]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := compile(t, "retention: {week: 7d}\n"+tt.text)
			in := observed(t, p, tt.trace)
			if strings.HasPrefix(tt.name, "two coins, both kept") {
				in.TraceID = traceID(0.7)
			}
			if got := show(decideOne(t, p, in)); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// TestPolicies_NoThresholdWhereAnotherCoinCouldKeep: a threshold says that a trace was kept by its randomness alone.
func TestPolicies_NoThresholdWhereAnotherCoinCouldKeep(t *testing.T) {
	p := compile(t, "rules: [{name: half, sample: 50%, by: trace}]\npolicies: ["+tenth+"]")
	in := observed(t, p, span{})
	in.TraceID = traceID(0.8)
	if got, want := show(decideOne(t, p, in)), "keep default 0.55 [half]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestPolicies_SampleOnFirstMatch(t *testing.T) {
	for first, want := range map[bool]string{false: "keep default 1 [always failing]", true: "keep default 1 [always]"} {
		p, err := policy.Compile("p", []byte("policies: ["+always+", "+failing+"]"), policy.SampleOnFirstMatch(first))
		if err != nil {
			t.Fatal(err)
		}
		if got := show(decideOne(t, p, observed(t, p, span{err: true}))); got != want {
			t.Errorf("first match %v: got %s, want %s", first, got, want)
		}
	}
}

func TestPolicies_SpansThatCannotBeHad(t *testing.T) {
	p := compile(t, "policies: ["+probes+"]")
	in := observed(t, p, span{name: "probe"})
	broken := errors.New("disk")
	in.Traces = func() (ptrace.Traces, error) { return ptrace.Traces{}, broken }
	if got := decideOne(t, p, in); !errors.Is(got.Err, broken) {
		t.Errorf("got %+v, want the error", got)
	}
}

// TestPolicies_LimitsOutliveAReload: a policy of the same name and limit goes on with what it had left.
func TestPolicies_LimitsOutliveAReload(t *testing.T) {
	limited := "{name: few, type: rate_limiting, rate_limiting: {spans_per_second: 1, burst_capacity: 2}}"
	before := compile(t, "policies: ["+limited+"]")
	st := policy.NewState(before, noon)
	decide := func(p *policy.Policy, st *policy.State) bool {
		return p.Decide([]policy.Input{observed(t, p, span{})}, st, noon, time.Time{})[0].Keep
	}
	for i, want := range []bool{true, true, false} {
		if got := decide(before, st); got != want {
			t.Fatalf("trace %d: kept %v, want %v", i, got, want)
		}
	}
	after := compile(t, "policies: ["+failing+", "+limited+"]")
	if decide(after, after.Carry(st, noon)) {
		t.Error("after a reload the limit was full again")
	}
	other := compile(t, "policies: ["+strings.Replace(limited, "2}", "3}", 1)+"]")
	if !decide(other, other.Carry(st, noon)) {
		t.Error("another limit was not full")
	}
}

func TestPolicies_Warnings(t *testing.T) {
	p, err := policy.Compile("p", []byte(`policies:
  - name: otherwise
    type: span_count
    span_count: {min_spans: 5, max_spans: 2}
  - {name: all, type: and}
`))
	if err != nil {
		t.Fatal(err)
	}
	want := `p:2:5: a policy is named "otherwise", which verdicts also give as a reason of their own
p:4:29: policies[0].span_count.min_spans is above max_spans, so nothing is sampled
p:5:5: policies[1]: the policy has no and block, so all its values are empty
p:5:5: policies[1].and.and_sub_policy is empty, so every trace is sampled`
	if got := p.Warnings().Error(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
