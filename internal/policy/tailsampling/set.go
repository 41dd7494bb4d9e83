package tailsampling

import (
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"
)

// Set is a compiled Config. It is immutable and safe for concurrent use.
type Set struct {
	cfg    Config
	shape  *shape
	limits []*limitSpec
	shares []*shareSpec
	order  []part // policies as they are evaluated: those that drop first
	drops  int    // of order
}

// part is a policy with what it was compiled to.
type part struct {
	cfg   *Policy
	at    int // in Config.Policies
	node  node
	needs needs
}

// needs is what evaluating a policy may take besides the Fold.
type needs struct {
	spans  bool // the spans themselves
	limits bool // tokens
}

func (n needs) and(m needs) needs {
	return needs{spans: n.spans || m.spans, limits: n.limits || m.limits}
}

// waits tells whether the policy may have to ask for the spans of the trace that f is of, and takes from no limit.
func (p *part) waits(f *Fold) bool {
	return p.needs == (needs{spans: true}) && p.asks(f)
}

// asks tells whether a policy in p, or p itself, has to ask for the spans if it is asked.
func (p *part) asks(f *Fold) bool {
	switch n := p.node.(type) {
	case *ottlNode:
		_, ok := n.told(f)
		return !ok
	case andNode:
		return slices.ContainsFunc(n.parts, func(part part) bool { return part.asks(f) })
	case notNode:
		return n.part.asks(f)
	}
	return false
}

// Config returns what the Set was compiled from. It must not be changed.
func (s *Set) Config() *Config { return &s.cfg }

// Keys returns the attribute keys that a walk must look for, for Bind. It must not be changed.
func (s *Set) Keys() []string { return s.shape.keys }

// Decodes tells whether some policy may ask for the spans themselves.
func (s *Set) Decodes() bool {
	for i := range s.order {
		if s.order[i].needs.spans {
			return true
		}
	}
	return false
}

// Same tells whether two Sets observe the same of spans, so that the folds of one serve the other.
func (s *Set) Same(other *Set) bool { return s.shape.id == other.shape.id }

// Input is one trace to decide.
type Input struct {
	TraceID [16]byte
	Fold    *Fold
	// Traces returns the spans of the trace in the order in which they arrived, for Decide to keep and change. It is
	// called once at most, and only if a policy cannot do without; nil stands for no spans.
	Traces func() (ptrace.Traces, error)
}

// Decision is what a policy, or all together, say of a trace.
type Decision uint8

// The decisions.
const (
	NotSampled Decision = iota
	Sampled
	Dropped
	Failed // a policy could not be evaluated and is passed over
)

// String returns the decision as the processor's metrics write it.
func (d Decision) String() string {
	return [...]string{NotSampled: "not_sampled", Sampled: "sampled", Dropped: "dropped", Failed: "error"}[d]
}

func sampledIf(yes bool) Decision {
	if yes {
		return Sampled
	}
	return NotSampled
}

// Outcome is what a Set decides.
type Outcome struct {
	Decision Decision // never Failed
	// Reasons are policies by their place in Config.Policies: those that sample, or the one that drops, or of a trace
	// that is not sampled those whose coin fell the other way.
	Reasons []int
	// Probability is that of being sampled, as far as it is known: 1 where a policy samples that leaves nothing to
	// chance, else the largest percentage among those that sample, or whose coin fell the other way. Limits count as 1,
	// as they do for the processor.
	Probability float64
	Faults      int   // policies that could not be evaluated
	Err         error // of Input.Traces: the outcome is none
}

// Decide evaluates the policies.
func (s *Set) Decide(in *Input, st *State, now time.Time) Outcome {
	t := newTrial(s, in, st, now)
	out := Outcome{}
	if s.dropped(t, &out) {
		return out
	}
	waiting := false
	for i := s.drops; i < len(s.order); i++ {
		p := &s.order[i]
		if !s.cfg.SampleOnFirstMatch && p.waits(t.fold) {
			waiting = true // it takes nothing from anybody, so its turn does not matter
			continue
		}
		if s.count(t, p, &out) && s.cfg.SampleOnFirstMatch {
			break
		}
	}
	if waiting && out.Decision != Sampled {
		for i := s.drops; i < len(s.order); i++ {
			if p := &s.order[i]; p.waits(t.fold) {
				s.count(t, p, &out)
			}
		}
	}
	out.Err = t.err
	return out
}

// dropped asks the policies that drop, which come first.
func (s *Set) dropped(t *trial, out *Outcome) bool {
	for i := range s.order[:s.drops] {
		p := &s.order[i]
		switch p.node.eval(t).decision {
		case Dropped:
			*out = Outcome{Decision: Dropped, Reasons: []int{p.at}, Faults: out.Faults, Err: t.err}
			return true
		case Failed:
			out.Faults++
		}
	}
	return false
}

// count evaluates one of the other policies, and tells whether it samples.
func (s *Set) count(t *trial, p *part, out *Outcome) bool {
	v := p.node.eval(t)
	switch {
	case v.decision == Failed:
		out.Faults++
	case v.decision == Sampled:
		if out.Decision != Sampled {
			out.Decision, out.Reasons, out.Probability = Sampled, out.Reasons[:0], 0
		}
		out.Reasons = append(out.Reasons, p.at)
		out.Probability = max(out.Probability, v.odds)
	case v.odds > 0 && out.Decision != Sampled:
		out.Reasons = append(out.Reasons, p.at)
		out.Probability = max(out.Probability, v.odds)
	}
	return v.decision == Sampled
}
