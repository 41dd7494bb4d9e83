package migrate

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"gopkg.in/yaml.v3"

	"github.com/tailwise/tailwise/internal/agent"
	"github.com/tailwise/tailwise/internal/otlp"
	"github.com/tailwise/tailwise/internal/policy"
	"github.com/tailwise/tailwise/internal/policy/tailsampling"
)

// anyPolicy draws a policy of any kind, those that no rule can stand for among them.
func (m *maker) anyPolicy() tailsampling.Policy {
	switch m.IntN(8) {
	case 0:
		p := ofType(tailsampling.RateLimiting)
		p.RateLimiting = tailsampling.RateLimitingConfig{SpansPerSecond: int64(1 + m.IntN(5)), BurstCapacity: int64(1 + m.IntN(20))}
		return p
	case 1:
		p := ofType(tailsampling.Probabilistic)
		p.Probabilistic.SamplingPercentage = pickOf(m, 0.0, 30, 60, 100, 120)
		return p
	case 2:
		p := ofType(tailsampling.OTTLCondition)
		p.OTTLCondition.SpanConditions = []string{pickOf(m, `attributes["k1"] == "a"`, `status.code == STATUS_CODE_ERROR`)}
		return p
	case 3:
		limit := ofType(tailsampling.RateLimiting)
		limit.RateLimiting.SpansPerSecond = int64(1 + m.IntN(9))
		return both(m.leaf(), limit)
	}
	return m.policy()
}

// sectionOf writes a processor's section as people would: without what says nothing.
func sectionOf(t *testing.T, policies []tailsampling.Policy, firstMatch bool) map[string]any {
	t.Helper()
	var list []any
	for i := range policies {
		conf := confmap.New()
		if err := conf.Marshal(policies[i]); err != nil {
			t.Fatal(err)
		}
		list = append(list, terse(conf.ToStringMap()))
	}
	return map[string]any{"policies": list, "sample_on_first_match": firstMatch}
}

// terse leaves out zeros.
func terse(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for key, inner := range v {
			if v[key] = terse(inner); v[key] == nil {
				delete(v, key)
			}
		}
		if len(v) == 0 {
			return nil
		}
	case []any:
		for i := range v {
			v[i] = terse(v[i])
		}
		if v = slices.DeleteFunc(v, func(e any) bool { return e == nil }); len(v) == 0 {
			return nil
		}
		return v
	default:
		if value == nil || reflect.ValueOf(value).IsZero() {
			return nil
		}
	}
	return value
}

// decider decides traces one after another by one policy file.
type decider struct {
	policy *policy.Policy
	state  *policy.State
}

func newDecider(t *testing.T, text []byte, firstMatch bool) *decider {
	t.Helper()
	p, err := policy.Compile("policy.yaml", text, policy.SampleOnFirstMatch(firstMatch))
	if err != nil {
		t.Fatalf("compile: %v\n%s", err, text)
	}
	return &decider{p, policy.NewState(p, time.Unix(1e9, 0))}
}

func (d *decider) keeps(t *testing.T, td ptrace.Traces) bool {
	t.Helper()
	body, err := new(ptrace.ProtoMarshaler).MarshalTraces(td)
	if err != nil {
		t.Fatal(err)
	}
	in := policy.Input{Facts: new(agent.Facts), Fold: new(tailsampling.Fold), Traces: func() (ptrace.Traces, error) {
		decoded := ptrace.NewTraces()
		td.CopyTo(decoded)
		return decoded, nil
	}}
	plan := agent.NewPlanWith(d.policy.Attrs(), agent.Options{Keys: d.policy.Keys()})
	var x otlp.Index
	if err := x.Walk(body, plan.Keys()); err != nil {
		t.Fatal(err)
	}
	in.TraceID = x.Spans[0].Trace
	for i := range x.Spans {
		plan.Fold(in.Facts, &x, body, i, new(agent.Interner))
		if set := d.policy.Policies(); set != nil {
			set.Bind(plan.Keys()).Fold(in.Fold, &x, body, i, 1)
		}
	}
	verdict := d.policy.Decide([]policy.Input{in}, d.state, time.Unix(1e9, 0), time.Time{})[0]
	if verdict.Err != nil {
		t.Fatal(verdict.Err)
	}
	return verdict.Keep
}

// TestMixedFilesDecideAlike: a file of rules beside policies decides as the policies alone did, and spends as much of their
// limits: later decisions depend on earlier ones.
func TestMixedFilesDecideAlike(t *testing.T) {
	mixed := 0
	for seed := range uint64(120) {
		m := &maker{rand.New(rand.NewPCG(seed, 1)), false}
		var policies []tailsampling.Policy
		for i := range 2 + m.IntN(4) {
			p := m.anyPolicy()
			p.Name = string(rune('a' + i))
			policies = append(policies, p)
		}
		firstMatch := m.oneIn(2)
		section := sectionOf(t, policies, firstMatch)
		text, err := yaml.Marshal(map[string]any{"processors": map[string]any{"tail_sampling": section}})
		if err != nil {
			t.Fatal(err)
		}
		src := source(string(text))
		src.AsRules, src.Ordinary = true, true
		r, err := Import(src)
		if err != nil {
			if strings.Contains(err.Error(), "neither min_value nor max_value") {
				continue // the processor would not survive its first trace
			}
			t.Fatalf("seed %d: import: %v\n%s", seed, err, text)
		}
		alone, err := yaml.Marshal(map[string]any{"policies": section["policies"]})
		if err != nil {
			t.Fatal(err)
		}
		before, after := newDecider(t, alone, firstMatch), newDecider(t, r.Policy, firstMatch)
		if len(after.policy.Rules()) > 1 && after.policy.Policies() != nil {
			mixed++
		}
		for n := range 15 {
			td := m.trace()
			if got, want := after.keeps(t, td), before.keeps(t, td); got != want {
				t.Fatalf("seed %d, trace %d: got keep %v, policies alone: %v (first match: %v)\n%s\n%s", seed, n, got, want, firstMatch, alone, r.Policy)
			}
		}
	}
	if mixed < 40 {
		t.Errorf("got %d files of rules and policies, want 40", mixed)
	}
}
