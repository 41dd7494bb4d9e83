package main

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/tailsamplingprocessor"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"gopkg.in/yaml.v3"

	"github.com/tailwise/tailwise/bench/internal/corpus"
	"github.com/tailwise/tailwise/internal/otlp"
	"github.com/tailwise/tailwise/internal/policy/tailsampling"
	"github.com/tailwise/tailwise/internal/traffic"
)

// configOf returns the file that the server of that kind gets, as the Collector reads it.
func configOf(t *testing.T, kind string, set policySet) *confmap.Conf {
	t.Helper()
	o, err := parse([]string{"-servers", kind}, nil)
	if err != nil {
		t.Fatal(err)
	}
	s := o.servers[0]
	s.policies = set
	text, err := s.config(o, t.TempDir(), addresses{"grpc:1", "http:2", "api:3", "sinkgrpc:4", "sinkhttp:5"})
	if err != nil {
		t.Fatal(err)
	}
	retrieved, err := confmap.NewRetrievedFromYAML(text)
	if err != nil {
		t.Fatalf("%s: %v\n%s", set.name, err, text)
	}
	conf, err := retrieved.AsConf()
	if err != nil {
		t.Fatalf("%s: %v\n%s", set.name, err, text)
	}
	return conf
}

func TestPolicySets_TheProcessorTakesThem(t *testing.T) {
	for _, set := range policySets {
		section, err := configOf(t, kindTailSampling, set).Sub("processors::tail_sampling")
		if err != nil {
			t.Fatal(err)
		}
		cfg := tailsamplingprocessor.NewFactory().CreateDefaultConfig().(*tailsamplingprocessor.Config)
		if err := section.Unmarshal(cfg); err != nil {
			t.Errorf("%s: %v", set.name, err)
		}
		if err := cfg.Validate(); err != nil {
			t.Errorf("%s: %v", set.name, err)
		}
		if want := map[bool]int{false: 5, true: 10}[set.same]; len(cfg.PolicyCfgs) != want {
			t.Errorf("%s: got %d policies, want %d", set.name, len(cfg.PolicyCfgs), want)
		}
		if !set.same {
			continue
		}
		var file map[string]any
		if err := yaml.Unmarshal([]byte(set.ours), &file); err != nil {
			t.Fatal(err)
		}
		if got, want := section.ToStringMap()["policies"], file["policies"]; !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got policies in the processor's configuration\n%v\nwant those of tailwise's file\n%v", set.name, got, want)
		}
	}
}

// decodePolicies reads a policy file as tailwise does, and expects neither faults nor warnings.
func decodePolicies(t *testing.T, set policySet) *tailsampling.Set {
	t.Helper()
	var file struct {
		Policies yaml.Node `yaml:"policies"`
	}
	if err := yaml.Unmarshal([]byte(set.ours), &file); err != nil {
		t.Fatal(err)
	}
	cfg, notes := tailsampling.Decode(&file.Policies)
	compiled, more := tailsampling.Compile(cfg)
	if notes = append(notes, more...); len(notes) > 0 {
		t.Fatalf("%s: got notes %v, want none", set.name, notes)
	}
	return compiled
}

// votesOn returns, for each policy, how many of the traces of a small load it samples, and how many any of them does.
func votesOn(t *testing.T, set *tailsampling.Set, all []ptrace.Traces) (votes map[string]int, kept int) {
	t.Helper()
	votes = map[string]int{}
	keys := otlp.NewKeys(set.Keys())
	plan, state := set.Bind(keys), set.NewState(nil)
	now := time.Unix(1_800_000_000, 0)
	for _, trace := range all {
		body := traffic.Encode(trace)
		var x otlp.Index
		if err := x.Walk(body, keys); err != nil {
			t.Fatal(err)
		}
		in := tailsampling.Input{TraceID: traceIDOf(trace), Fold: new(tailsampling.Fold), Traces: func() (ptrace.Traces, error) {
			return (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(body)
		}}
		for i := range x.Spans {
			plan.Fold(in.Fold, &x, body, i, 1)
		}
		for _, v := range set.Explain(&in, state, now) {
			if v.Decision == tailsampling.Sampled.String() {
				votes[v.Name]++
			}
		}
		if set.Decide(&in, state, now).Decision == tailsampling.Sampled {
			kept++
		}
	}
	return votes, kept
}

func traceIDOf(trace ptrace.Traces) [16]byte {
	return trace.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).TraceID()
}

// smallTraces are about n traces as a small load has them.
func smallTraces(t *testing.T, n int) (all []ptrace.Traces) {
	t.Helper()
	g, err := traffic.New(corpus.Spec{Profile: traffic.Small, Spans: n * corpus.SpansPerTrace, Seed: 1}.Traffic())
	if err != nil {
		t.Fatal(err)
	}
	for trace, ok := g.Next(); ok; trace, ok = g.Next() {
		all = append(all, trace.Spans)
	}
	return all
}

func TestPolicySets_KeepASixthOfSmallTraces(t *testing.T) {
	all := smallTraces(t, 1500)
	processor, ottl := decodePolicies(t, policySets[1]), decodePolicies(t, policySets[2])
	votes, kept := votesOn(t, processor, all)
	if share := float64(kept) / float64(len(all)); share < 0.15 || share > 0.20 {
		t.Errorf("processor: got %.3f of the traces kept, want 0.15 to 0.20; votes %v", share, votes)
	}
	for _, name := range []string{"errors", "slow", "server-errors", "unavailable", "deprecated-code", "slow-orders", "budget", "baseline"} {
		if votes[name] == 0 {
			t.Errorf("processor: policy %s samples nothing", name)
		}
	}
	sameVotes, sameKept := votesOn(t, ottl, all)
	if sameKept != kept || !reflect.DeepEqual(sameVotes, votes) {
		t.Errorf("ottl: got %d kept, votes %v, want as of processor %d, %v", sameKept, sameVotes, kept, votes)
	}
	if processor.Decodes() || !ottl.Decodes() {
		t.Errorf("decodes: got %v without and %v with OTTL's functions, want false and true", processor.Decodes(), ottl.Decodes())
	}
}

func TestPolicySets_TwoAreConditionsOfOTTL(t *testing.T) {
	before, after := decodePolicies(t, policySets[1]).Config().Policies, decodePolicies(t, policySets[2]).Config().Policies
	if len(before) != 10 || len(after) != 10 {
		t.Fatalf("got %d and %d policies, want 10 in both", len(before), len(after))
	}
	conditions := 0
	for i := range after {
		if after[i].Name != before[i].Name || before[i].Type == tailsampling.OTTLCondition {
			t.Errorf("policy %d: got %s for %s of type %s", i, after[i].Name, before[i].Name, before[i].Type)
		}
		if after[i].Type == tailsampling.OTTLCondition {
			conditions++
		} else if after[i].Type != before[i].Type {
			t.Errorf("policy %s: got type %s, want %s", after[i].Name, after[i].Type, before[i].Type)
		}
	}
	if conditions != 2 {
		t.Errorf("got %d conditions of OTTL, want 2", conditions)
	}
}

func TestReportKept(t *testing.T) {
	run := func(server string, kept int64, seconds float64) result {
		return result{Server: server, Round: 1, Spans: 1000, KeptSpans: kept, Seconds: seconds}
	}
	exact := policySet{name: "exact", same: true}
	for name, row := range map[string]struct {
		set     policySet
		results []result
		want    string // of the output, or of the error
		fails   bool
	}{
		"equal":         {exact, []result{run("null", 0, 1), run("tailwise", 170, 1), run("tail_sampling", 170, 1)}, "170 (17.0 %) in all 2 runs", false},
		"unequal":       {exact, []result{run("tailwise", 171, 1), run("tail_sampling", 170, 1)}, "kept different numbers", true},
		"nothing":       {exact, []result{run("tailwise", 0, 1), run("tail_sampling", 0, 1)}, "kept nothing", true},
		"one overran":   {exact, []result{run("tailwise", 171, 1), run("tail_sampling", 170, 11)}, "not compared", false},
		"said so":       {exact, []result{run("tailwise", 171, 1), run("tail_sampling", 170, 11)}, "1 runs do not count", false},
		"alone":         {exact, []result{run("tailwise", 171, 1)}, "not compared", false},
		"by durability": {exact, []result{run("tailwise", 171, 1), run("tailwise/process", 170, 1)}, "kept different numbers", true},
		"chance":        {policySet{name: "rules"}, []result{run("tailwise", 171, 1), run("tail_sampling", 170, 1)}, "", false},
	} {
		var out bytes.Buffer
		err := reportKept(&out, row.set, row.results, 10*time.Second)
		got := out.String()
		if err != nil {
			got = err.Error()
		}
		if (err != nil) != row.fails || !strings.Contains(got, row.want) || row.want == "" && got != "" {
			t.Errorf("%s: got %q (fails: %v), want %q (fails: %v)", name, got, err != nil, row.want, row.fails)
		}
	}
}

func TestReportRatios(t *testing.T) {
	run := func(server string, cpu float64) result {
		return result{Server: server, Spans: 1_000_000, CPUSeconds: cpu}
	}
	by := byServer([]result{run("tailwise", 3), run("tailwise", 1), run("tailwise", 2), run("tail_sampling", 8), run("tail_sampling", 4), run("tail_sampling", 5)})
	servers := []server{{name: kindTailwise, kind: kindTailwise}, {name: kindTailSampling, kind: kindTailSampling}}
	const figures = "CPU per span of tailwise to tail_sampling: 0.40 by medians, 0.25 by the lowest"
	for want, set := range map[string]policySet{
		figures + "\n": {},
		figures + "; target at most 0.45 by medians: met\n":               {most: 0.45},
		figures + "; target at most 0.30 by medians: missed (aim 0.20)\n": {most: 0.3, aim: 0.2},
	} {
		var out bytes.Buffer
		reportRatios(&out, set, servers, by)
		if got := out.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	var out bytes.Buffer
	if reportRatios(&out, policySet{}, servers, byServer([]result{run("tailwise", 3)})); out.Len() > 0 {
		t.Errorf("without tail_sampling: got %q, want nothing", out.String())
	}
}
