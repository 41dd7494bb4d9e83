package tailsampling

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Vote is what one policy says of a trace.
type Vote struct {
	Name     string
	Type     Type
	Decision string // sampled, not_sampled, dropped, error or not_evaluated
	Why      string // in a few words, without content
	Votes    []Vote // of the policies in it
}

// NotEvaluated is the Decision of a policy that was not asked, because another had decided.
const NotEvaluated = "not_evaluated"

// Explain tells policy by policy, in the order of evaluation, what they say of a trace. It asks every policy that could
// have a say, and takes nothing from limits.
func (s *Set) Explain(in *Input, st *State, now time.Time) []Vote {
	t := newTrial(s, in, st, now)
	t.dry = true
	votes := make([]Vote, 0, len(s.order))
	decided := false
	for i := range s.order {
		p := &s.order[i]
		if decided {
			votes = append(votes, unasked(p.cfg))
			continue
		}
		v := t.explain(p)
		votes = append(votes, v)
		decided = v.Decision == Dropped.String() || s.cfg.SampleOnFirstMatch && v.Decision == Sampled.String()
	}
	return votes
}

func unasked(p *Policy) Vote {
	return Vote{Name: p.Name, Type: p.Type, Decision: NotEvaluated, Why: "another policy had decided"}
}

// explain asks one policy and those in it.
func (t *trial) explain(p *part) Vote {
	v := p.node.eval(t)
	vote := Vote{Name: p.cfg.Name, Type: p.cfg.Type, Decision: v.decision.String(), Why: t.why(p, v.decision)}
	switch n := p.node.(type) {
	case andNode:
		vote.Votes = t.explainUntil(n.parts, NotSampled)
	case dropNode:
		vote.Votes = t.explainUntil(n.parts, NotSampled)
	case compositeNode:
		vote.Votes = t.explainUntil(n.parts, Sampled)
	case notNode:
		vote.Votes = []Vote{t.explain(&n.part)}
	}
	return vote
}

// explainUntil asks policies up to the first that decides for all.
func (t *trial) explainUntil(parts []part, decisive Decision) (votes []Vote) {
	for i := range parts {
		if n := len(votes); n > 0 {
			if last := votes[n-1].Decision; last == decisive.String() || last == Failed.String() || last == NotEvaluated {
				votes = append(votes, unasked(parts[i].cfg))
				continue
			}
		}
		votes = append(votes, t.explain(&parts[i]))
	}
	return votes
}

// why says what a policy went by.
func (t *trial) why(p *part, d Decision) string {
	if d == Failed {
		if t.err != nil {
			return "the spans are not to be had"
		}
		return "a condition could not be evaluated, and error_mode is propagate"
	}
	switch n := p.node.(type) {
	case bitNode:
		return whyObserved(p.cfg, t.fold, t.fold.has(n.bit))
	case chanceNode:
		relation := "above"
		if d == Sampled {
			relation = "within"
		}
		return fmt.Sprintf("the hash of the trace id is %s %s%%", relation, number(p.cfg.Probabilistic.SamplingPercentage))
	case countNode:
		return fmt.Sprintf("%d spans", t.fold.spans)
	case rateNode:
		return whyLimited(n, n.size(t), d)
	case *ottlNode:
		if d == Sampled {
			return "a condition holds for a span or an event"
		}
		return "no condition holds for any span or event"
	}
	return whyHolding(p, d)
}

// whyObserved says what spans and resources were seen to have.
func whyObserved(p *Policy, f *Fold, seen bool) string {
	has := "no span"
	if seen {
		has = "a span"
	}
	switch p.Type {
	case Latency:
		return fmt.Sprintf("it lasts %d ms", milliseconds(f.start, f.end))
	case StatusCode:
		return has + " has status " + strings.Join(p.StatusCode.StatusCodes, " or ")
	case TraceFlags:
		return has + " has the sampled flag"
	case TraceState:
		return has + " has one of the values under " + strconv.Quote(p.TraceState.Key)
	}
	key, invert := "", false
	switch p.Type {
	case NumericAttribute:
		key, invert = p.NumericAttribute.Key, p.NumericAttribute.InvertMatch
	case StringAttribute:
		key, invert = p.StringAttribute.Key, p.StringAttribute.InvertMatch
	case BooleanAttribute:
		key, invert = p.BooleanAttribute.Key, p.BooleanAttribute.InvertMatch
	}
	why := has + " or resource has " + strconv.Quote(key) + " with a value that matches"
	if invert {
		why += ", inverted"
	}
	return why
}

func whyLimited(n rateNode, size int64, d Decision) string {
	unit := "spans"
	if n.bytes {
		unit = "bytes"
	}
	switch {
	case size > n.limit.burst:
		return fmt.Sprintf("%d %s are more than the burst of %d", size, unit, n.limit.burst)
	case d == Sampled:
		return fmt.Sprintf("%d %s are left of the limit", size, unit)
	}
	return fmt.Sprintf("%d %s are not left of the limit", size, unit)
}

// whyHolding says what policies that hold others make of them.
func whyHolding(p *part, d Decision) string {
	switch p.cfg.Type {
	case AlwaysSample:
		return "it samples every trace"
	case Not:
		if d == Sampled {
			return "the policy in it does not sample"
		}
		return "the policy in it samples"
	case Composite:
		if d == Sampled {
			return "the first policy in it that samples has spans left"
		}
		return "no policy in it samples, or the first that does has no spans left"
	}
	if d == NotSampled {
		return "not all policies in it sample"
	}
	return "all policies in it sample"
}

func number(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }
