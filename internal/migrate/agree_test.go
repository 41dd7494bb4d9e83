package migrate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/tailwise/tailwise/internal/agent"
	"github.com/tailwise/tailwise/internal/otlp"
	"github.com/tailwise/tailwise/internal/policy"
	"github.com/tailwise/tailwise/internal/policy/tailsampling"
)

// maker draws policies and traces. The same seed draws the same.
type maker struct {
	*rand.Rand
	odd bool // traces with everything that makes them so
}

func (m *maker) oneIn(n int) bool { return m.IntN(n) == 0 }

func pickOf[T any](m *maker, from ...T) T { return from[m.IntN(len(from))] }

func (m *maker) key() string { return pickOf(m, "k1", "k2", "k3") }

func (m *maker) word() string { return pickOf(m, "a", "b", "ab", "true", "5", "x y", "ä", "") }

func (m *maker) number() int64 {
	return pickOf[int64](m, -9, -1, 0, 1, 5, 6, 400, 499, math.MinInt64, math.MaxInt64)
}

// leaf draws a policy that holds no other.
func (m *maker) leaf() tailsampling.Policy {
	switch m.IntN(8) {
	case 0:
		return ofType(tailsampling.AlwaysSample)
	case 1:
		return longer(pickOf[int64](m, -1, 0, 1, 999, 1000, 5000), pickOf[int64](m, 0, 0, 0, 2000))
	case 2:
		p := between(m.key(), m.number(), m.number())
		p.NumericAttribute.InvertMatch = m.oneIn(3)
		return p
	case 3:
		return withStatus([][]string{{"ERROR"}, {"OK", "UNSET"}, {"OK", "ERROR", "UNSET"}, {"OK"}}[m.IntN(4)]...)
	case 4:
		return stringIs(m.key(), m.oneIn(3), [][]string{{m.word()}, {m.word(), m.word()}, {}}[m.IntN(3)]...)
	case 5:
		p := matching(m.key(), pickOf(m, "^a$", "a", "b+", "[0-9]", "x|y"), pickOf(m, "^ä", "tr"))
		p.StringAttribute.InvertMatch = m.oneIn(3)
		return p
	case 6:
		p := boolIs(m.key(), m.oneIn(2))
		p.BooleanAttribute.InvertMatch = m.oneIn(3)
		return p
	}
	return counting(int32(m.IntN(5)), int32(m.IntN(5)))
}

// policy draws a policy as it may stand at the top.
func (m *maker) policy() tailsampling.Policy {
	switch m.IntN(6) {
	case 0:
		return inverse(m.leaf())
	case 1:
		return both(m.several()...)
	case 2:
		return dropping(append(m.several(), inverse(m.leaf()))...)
	}
	return m.leaf()
}

func (m *maker) several() (list []tailsampling.Policy) {
	for range m.IntN(3) {
		p := m.leaf()
		if m.oneIn(3) {
			p = inverse(p)
		}
		list = append(list, p)
	}
	return list
}

func (m *maker) config() (cfg tailsampling.Config) {
	for i := range 1 + m.IntN(4) {
		p := m.policy()
		p.Name = fmt.Sprintf("p%d", i)
		cfg.Policies = append(cfg.Policies, p)
	}
	return cfg
}

func (m *maker) value(to pcommon.Value) {
	kinds := 4
	if m.odd {
		kinds = 9
	}
	switch m.IntN(kinds) {
	case 0:
		to.SetStr(m.word())
	case 1:
		to.SetInt(m.number())
	case 2:
		to.SetBool(m.oneIn(2))
	case 3:
		to.SetDouble(pickOf(m, 0, 5, 5.5, -1, 1e300))
	case 4:
		to.SetEmptySlice().AppendEmpty().SetStr(m.word())
	case 5:
		to.SetEmptyMap().PutStr("k1", m.word())
	case 6:
		to.SetEmptyBytes().FromRaw([]byte("a"))
	case 7:
		to.SetDouble(math.NaN())
	}
}

func (m *maker) attributes(to pcommon.Map) {
	for range m.IntN(3) {
		m.value(to.PutEmpty(m.key()))
	}
}

// trace draws one trace.
func (m *maker) trace() ptrace.Traces {
	td := ptrace.NewTraces()
	for range 1 + m.IntN(2) {
		resource := td.ResourceSpans().AppendEmpty()
		m.attributes(resource.Resource().Attributes())
		scope := resource.ScopeSpans().AppendEmpty()
		if m.odd {
			m.attributes(scope.Scope().Attributes())
		}
		for range 1 + m.IntN(3) {
			m.span(scope.Spans().AppendEmpty())
		}
	}
	return td
}

func (m *maker) span(span ptrace.Span) {
	span.SetTraceID([16]byte{1, 15: 1})
	span.SetSpanID([8]byte{1, 2: byte(m.IntN(256)), 3: byte(m.IntN(256))})
	start := uint64(1e18) + uint64(m.IntN(3))*uint64(time.Second)
	span.SetStartTimestamp(pcommon.Timestamp(start))
	span.SetEndTimestamp(pcommon.Timestamp(start + pickOf[uint64](m, 0, 1, 999_999, 1_000_000, 1_999_999, uint64(time.Second), uint64(5*time.Second)+1_000_000)))
	span.Status().SetCode(ptrace.StatusCode(m.IntN(3)))
	m.attributes(span.Attributes())
	if !m.odd {
		return
	}
	if m.oneIn(3) {
		span.SetStartTimestamp(0)
	}
	if m.oneIn(3) {
		span.SetEndTimestamp(pickOf[pcommon.Timestamp](m, 0, 5))
	}
	if m.oneIn(5) {
		span.Status().SetCode(7)
	}
	m.attributes(span.Events().AppendEmpty().Attributes())
	for i := range m.IntN(40) {
		span.Attributes().PutInt(fmt.Sprintf("k%d", i), int64(i))
	}
}

// subject is a config with the rules that were made of it.
type subject struct {
	set   *tailsampling.Set
	rules *policy.Policy
	text  []byte
}

// newSubject translates what can be; nil: nothing can.
func newSubject(t *testing.T, cfg tailsampling.Config, ordinary bool) *subject {
	t.Helper()
	var translated tailsampling.Config
	rules := sequence()
	for i, tr := range translations(&cfg, ordinary) {
		if tr.Needs {
			continue
		}
		translated.Policies = append(translated.Policies, cfg.Policies[i])
		if tr.Rule != "" {
			rules.Content = append(rules.Content, ruleNode(&tr, mapping()))
		}
	}
	if len(rules.Content) == 0 {
		return nil
	}
	s := new(subject)
	var err error
	if s.text, err = encode(mapping(word("rules"), rules)); err != nil {
		t.Fatal(err)
	}
	if s.rules, err = policy.Compile("policy.yaml", s.text); err != nil {
		t.Fatalf("compile what was made of %+v: %v\n%s", cfg, err, s.text)
	}
	var notes []tailsampling.Note
	if s.set, notes = tailsampling.Compile(translated); s.set == nil {
		t.Fatalf("compile %+v: %v", translated, notes)
	}
	return s
}

// decisions returns what the policies and what the rules say of a trace.
func (s *subject) decisions(t *testing.T, td ptrace.Traces, now time.Time) (policies, rules bool) {
	t.Helper()
	body, err := new(ptrace.ProtoMarshaler).MarshalTraces(td)
	if err != nil {
		t.Fatal(err)
	}
	var x otlp.Index
	keys := otlp.NewKeys(s.set.Keys())
	if err := x.Walk(body, keys); err != nil {
		t.Fatal(err)
	}
	fold, plan := new(tailsampling.Fold), s.set.Bind(keys)
	for i := range x.Spans {
		plan.Fold(fold, &x, body, i, 1)
	}
	in := tailsampling.Input{TraceID: x.Spans[0].Trace, Fold: fold, Traces: func() (ptrace.Traces, error) { return td, nil }}
	outcome := s.set.Decide(&in, s.set.NewState(nil), now)

	x.Reset()
	facts, agentPlan := new(agent.Facts), agent.NewPlan(s.rules.Attrs())
	if err := x.Walk(body, agentPlan.Keys()); err != nil {
		t.Fatal(err)
	}
	for i := range x.Spans {
		agentPlan.Fold(facts, &x, body, i, new(agent.Interner))
	}
	verdicts := s.rules.Decide([]policy.Input{{Facts: facts, TraceID: x.Spans[0].Trace}}, policy.NewState(s.rules, now), now, now)
	if verdicts[0].Faults != 0 {
		t.Errorf("rules could not be evaluated:\n%s", s.text)
	}
	return outcome.Decision == tailsampling.Sampled, verdicts[0].Keep
}

// TestRulesDecideAlike: what import translates decides as it did before; without --ordinary for the oddest of traces.
func TestRulesDecideAlike(t *testing.T) {
	for _, tc := range []struct {
		name     string
		ordinary bool // which are translated
		odd      bool // which traces they meet
	}{{"exact translations, odd traces", false, true}, {"all translations, ordinary traces", true, false}} {
		t.Run(tc.name, func(t *testing.T) {
			now := time.Unix(1e9, 0)
			var said [2]int
			for seed := range uint64(700) {
				m := &maker{rand.New(rand.NewPCG(seed, 0)), tc.odd}
				cfg := m.config()
				s := newSubject(t, cfg, tc.ordinary)
				if s == nil {
					continue
				}
				for range 12 {
					td := m.trace()
					policies, rules := s.decisions(t, td, now)
					if policies != rules {
						text, _ := new(ptrace.JSONMarshaler).MarshalTraces(td)
						t.Fatalf("seed %d: policies sample: %v, rules keep: %v\npolicies: %+v\n%s%s", seed, policies, rules, cfg.Policies, s.text, text)
					}
					if policies {
						said[1]++
					} else {
						said[0]++
					}
				}
			}
			if said[0] < 300 || said[1] < 300 {
				t.Errorf("decisions: got %d not sampled and %d sampled, want hundreds of both", said[0], said[1])
			}
		})
	}
}
