package sampler

import (
	"cmp"
	"slices"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/tailwise/tailwise/internal/agent"
	"github.com/tailwise/tailwise/internal/otlp"
	"github.com/tailwise/tailwise/internal/policy"
	"github.com/tailwise/tailwise/internal/policy/tailsampling"
)

// plan is how spans are folded: for facts, and for the policies: of a policy that has some. It is immutable.
type plan struct {
	facts    *agent.Plan
	set      *tailsampling.Set  // nil without policies:
	policies *tailsampling.Plan // of set
}

// newPlan returns the plan of a policy.
func newPlan(p *policy.Policy, options agent.Options) *plan {
	options.Keys = p.Keys()
	made := &plan{facts: agent.NewPlanWith(p.Attrs(), options), set: p.Policies()}
	if made.set != nil {
		made.policies = made.set.Bind(made.facts.Keys())
	}
	return made
}

// Keys returns the attribute keys that a walk has to look for.
func (p *plan) Keys() *otlp.Keys { return p.facts.Keys() }

// serves tells whether a policy can decide what was folded with p.
func (p *plan) serves(by *policy.Policy) bool {
	set := by.Policies()
	return p.facts.Covers(by.Attrs()) && (set == nil || p.set != nil && p.set.Same(set))
}

// begin makes room for what t is folded into with p.
func (s *shard) begin(t *trace, p *plan) {
	t.facts, t.plan = s.takeFacts(), p
	if p.policies != nil {
		t.fold = s.takeFold()
	}
}

// restart empties what t was folded into, to fold it anew with p.
func (s *shard) restart(t *trace, p *plan) {
	s.dropFacts(t)
	s.begin(t, p)
}

// fold takes a span in. request is where the span first stood in the log.
func (p *plan) fold(t *trace, x *otlp.Index, body []byte, span int, request uint64, in *agent.Interner) {
	p.facts.Fold(t.facts, x, body, span, in)
	if p.policies != nil {
		p.policies.Fold(t.fold, x, body, span, request)
	}
}

func (s *shard) takeFold() *tailsampling.Fold {
	if n := len(s.freeFolds); n > 0 {
		f := s.freeFolds[n-1]
		s.freeFolds = s.freeFolds[:n-1]
		return f
	}
	return new(tailsampling.Fold)
}

func (s *shard) dropFold(t *trace) {
	if t.fold == nil {
		return
	}
	if len(s.freeFolds) < freeLimit {
		t.fold.Reset()
		s.freeFolds = append(s.freeFolds, t.fold)
	}
	t.fold = nil
}

// inOrder returns a trace's groups and spans in the order in which they first came, which carrying changes, and without
// their routes, so that split does not part what came by different ones.
func inOrder(t *trace) ([]group, []spanRef) {
	starts := make([]int, len(t.groups))
	order := make([]int, len(t.groups))
	at := 0
	for i := range t.groups {
		starts[i], order[i] = at, i
		at += int(t.groups[i].spansN)
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(t.groups[a].origin, t.groups[b].origin) })
	groups, spans := make([]group, 0, len(t.groups)), make([]spanRef, 0, len(t.spans))
	for _, i := range order {
		g := t.groups[i]
		g.route = 0
		groups = append(groups, g)
		spans = append(spans, t.spans[starts[i]:starts[i]+int(g.spansN)]...)
	}
	return groups, spans
}

// decode reads a trace's spans from the log, in the order in which they arrived, for policies that cannot do without.
// Damaged spans are left out and reported; any other error says that the caller has to try again.
func (e *Engine) decode(t *trace) (ptrace.Traces, error) {
	all := ptrace.NewTraces()
	err := e.reread(t, "read a trace for its verdict", func(r *rebuilt) error {
		part, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(r.body.Bytes())
		if err != nil {
			return err
		}
		part.ResourceSpans().MoveAndAppendTo(all.ResourceSpans())
		return nil
	})
	return all, err
}
