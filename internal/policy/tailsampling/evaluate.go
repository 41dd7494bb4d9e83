package tailsampling

import (
	"errors"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"
)

// trial is one trace being decided.
type trial struct {
	in   *Input
	fold *Fold
	st   *State
	now  time.Time
	dry  bool // nothing is taken from limits

	asked  bool // for the spans
	traces ptrace.Traces
	err    error
}

func newTrial(s *Set, in *Input, st *State, now time.Time) *trial {
	t := &trial{in: in, fold: in.Fold, st: st, now: now}
	if t.fold == nil {
		t.fold = new(Fold)
	}
	t.fold.begin(s.shape)
	return t
}

var errNoSpans = errors.New("the spans of the trace are not to be had")

// spans returns the trace decoded, in the processor's form: without schema URLs.
func (t *trial) spans() (ptrace.Traces, error) {
	if t.asked {
		return t.traces, t.err
	}
	t.asked = true
	if t.in.Traces == nil {
		t.err = errNoSpans
		return t.traces, t.err
	}
	t.traces, t.err = t.in.Traces()
	if t.err != nil {
		return t.traces, t.err
	}
	for _, resource := range t.traces.ResourceSpans().All() {
		resource.SetSchemaUrl("")
		for _, scope := range resource.ScopeSpans().All() {
			scope.SetSchemaUrl("")
		}
	}
	return t.traces, nil
}

// vote is what a policy says of a trace.
type vote struct {
	decision Decision
	odds     float64 // the probability that a coin makes it Sampled; 0 and 1 leave nothing to a coin
	salt     string  // whose coin; mixed: of several
}

// mixed is the salt of votes that several coins decide. No configuration can have it, as it is no UTF-8.
const mixed = "\xff"

// sure is a vote that leaves nothing to chance.
func sure(d Decision) vote {
	if d == Sampled {
		return vote{decision: d, odds: 1}
	}
	return vote{decision: d}
}

// node is a compiled policy. It is immutable.
type node interface {
	eval(t *trial) vote
}

type alwaysNode struct{}

func (alwaysNode) eval(*trial) vote { return sure(Sampled) }

// bitNode samples where something was observed, or was not.
type bitNode struct {
	bit    bit
	invert bool
}

func (n bitNode) eval(t *trial) vote { return sure(sampledIf(t.fold.has(n.bit) != n.invert)) }

// countNode samples by the number of spans.
type countNode struct{ least, most int64 }

func (n countNode) eval(t *trial) vote {
	spans := t.fold.spans
	return sure(sampledIf(spans >= n.least && (n.most == 0 || spans <= n.most)))
}

// rateNode samples while a bucket lasts, of spans or of bytes.
type rateNode struct {
	limit *limitSpec
	bytes bool
}

func (n rateNode) size(t *trial) int64 {
	if n.bytes {
		return int64(t.fold.size.total())
	}
	return t.fold.spans
}

func (n rateNode) eval(t *trial) vote {
	return sure(sampledIf(t.st.take(n.limit, n.size(t), t.now, t.dry)))
}

// andNode samples where all of its parts do. The first that does not ends it: those after it take nothing from limits.
type andNode struct{ all }

// all is policies that must agree.
type all struct {
	parts []part // as they were written
	turns []part // as they are asked
}

func (n andNode) eval(t *trial) vote {
	v := sure(Sampled)
	for i := range n.turns {
		next := n.turns[i].node.eval(t)
		switch next.decision {
		case Failed:
			return sure(Failed)
		case NotSampled:
			if i < len(n.turns)-1 {
				return sure(NotSampled) // nobody knows what the others would have said
			}
			v = v.both(next)
			v.decision = NotSampled
			return v
		}
		v = v.both(next)
	}
	return v
}

// both is the vote of two that must agree: one coin falls for both, two coins each for its own.
func (v vote) both(w vote) vote {
	switch {
	case w.salt == "":
		v.odds *= w.odds
	case v.salt == "":
		v.odds, v.salt = v.odds*w.odds, w.salt
	case v.salt == w.salt && v.salt != mixed:
		v.odds = min(v.odds, w.odds)
	default:
		v.odds, v.salt = v.odds*w.odds, mixed
	}
	return v
}

// notNode turns one part round.
type notNode struct{ part part }

func (n notNode) eval(t *trial) vote {
	v := n.part.node.eval(t)
	switch v.decision {
	case Sampled:
		v.decision = NotSampled
	case NotSampled:
		v.decision = Sampled
	default:
		return v
	}
	v.odds = 1 - v.odds
	if v.salt != "" {
		v.salt = mixed
	}
	return v
}

// dropNode drops where all of its parts sample.
type dropNode struct{ all }

func (n dropNode) eval(t *trial) vote {
	for i := range n.turns {
		switch n.turns[i].node.eval(t).decision {
		case Failed:
			return sure(Failed)
		case NotSampled:
			return sure(NotSampled)
		}
	}
	return sure(Dropped)
}

// compositeNode asks its parts in their order; the first that samples decides, within its share.
type compositeNode struct {
	parts  []part
	shares *shareSpec
}

func (n compositeNode) eval(t *trial) vote {
	for i := range n.parts {
		v := n.parts[i].node.eval(t)
		switch v.decision {
		case Failed:
			return sure(Failed)
		case Sampled:
			if t.st.spend(n.shares, i, t.fold.spans, t.now, t.dry) {
				return v
			}
			return sure(NotSampled)
		}
	}
	return sure(NotSampled)
}
