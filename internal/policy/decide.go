package policy

import (
	"cmp"
	"slices"
	"time"

	"github.com/google/cel-go/common/types"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/sampling"

	"github.com/tailwise/tailwise/internal/policy/tailsampling"
)

// Verdict is what a policy says of one trace.
type Verdict struct {
	Keep bool
	// Rules are the reasons, rules in the order of the file and then policies: in theirs: of a kept trace those that
	// keep it; of a dropped one those that drop it, or else those whose coin fell the other way; Otherwise or Calibrate
	// where it is none of the file's.
	Rules     []string
	Retention string // class of a kept trace; empty for a dropped one
	// Probability is that of being kept: 1 where it is for cause, 0 where a rule or nothing at all decided to drop.
	Probability float64
	// Sampled says that nothing but chance kept the trace. Then Threshold has to be written as th, and RV, unless it is
	// empty, as rv.
	Sampled   bool
	Threshold sampling.Threshold
	RV        string
	Faults    int // rules and policies: that could not be evaluated; what is merely unknown is none
	// Err says that the spans that a policy needed could not be had. Then this is no verdict.
	Err error
}

// Decide says of each trace of batch whether it is kept. since is when the policy came into force, for calibrate. The
// verdict of a trace depends on nothing but the trace, unless rules have limits: these are shared out within the
// batch to the traces with the highest randomness.
func (p *Policy) Decide(batch []Input, st *State, now, since time.Time) []Verdict {
	s := p.scratch.Get().(*scratch)
	defer s.release()
	s.calibrating = p.calibrate > 0 && !since.IsZero() && now.Before(since.Add(p.calibrate))
	s.match(batch, st, now)
	if !s.calibrating {
		s.spend(st, now)
	}
	verdicts := make([]Verdict, len(batch))
	names := make([]string, 0, 2*len(batch))
	for i := range s.cases {
		names = s.verdict(i, &verdicts[i], names)
	}
	return verdicts
}

// scratch is the memory of one Decide.
type scratch struct {
	policy      *Policy
	calibrating bool
	facts       factsValue
	cases       []trial
	hits        []bool               // by trace, then by rule
	limited     []sampling.Threshold // by trace, then by limit: what the rule's cause has become a chance of
	order       []int
}

// trial is one trace being decided.
type trial struct {
	in     *Input
	faults int
	vetoed bool
	cause  bool    // an unlimited rule keeps it, or a policy that leaves nothing to chance
	coins  [2]Coin // by session, by trace
	tossed [2]bool

	said tailsampling.Outcome // of the policies:; the zero Outcome where there are none
}

func newScratch(p *Policy) *scratch { return &scratch{policy: p} }

// release forgets the traces and keeps the memory.
func (s *scratch) release() {
	clear(s.cases)
	s.facts.facts = nil
	s.policy.scratch.Put(s)
}

// coin returns the coin that a rule tosses.
func (t *trial) coin(r *rule) *Coin {
	at := 0
	if r.ByTrace {
		at = 1
	}
	if !t.tossed[at] {
		t.coins[at], t.tossed[at] = CoinFor(t.in, r.ByTrace), true
	}
	return &t.coins[at]
}

// match evaluates every rule and all policies: for every trace.
func (s *scratch) match(batch []Input, st *State, now time.Time) {
	p := s.policy
	s.cases = slices.Grow(s.cases[:0], len(batch))[:len(batch)]
	s.hits = slices.Grow(s.hits[:0], len(batch)*len(p.rules))[:len(batch)*len(p.rules)]
	s.limited = slices.Grow(s.limited[:0], len(batch)*len(p.limits))[:len(batch)*len(p.limits)]
	clear(s.limited)
	for i := range batch {
		t := &s.cases[i]
		*t = trial{in: &batch[i]}
		s.facts.facts = t.in.Facts
		for j := range p.rules {
			r := &p.rules[j]
			hit := s.holds(r, t)
			s.hits[i*len(p.rules)+j] = hit
			t.vetoed = t.vetoed || hit && r.Verb == Drop
			t.cause = t.cause || hit && r.Verb == Keep && r.bucket < 0
		}
		if p.policies != nil && !t.vetoed {
			s.ask(t, st, now)
		}
	}
}

// ask evaluates the policies: for a trace that no rule drops. What they take from their limits is taken even where a
// rule keeps the trace, as it is where another policy does.
func (s *scratch) ask(t *trial, st *State, now time.Time) {
	in := tailsampling.Input{TraceID: t.in.TraceID, Fold: t.in.Fold, Traces: t.in.Traces}
	t.said = s.policy.policies.Decide(&in, st.policies, now)
	t.faults += t.said.Faults
	t.vetoed = t.said.Decision == tailsampling.Dropped
	t.cause = t.cause || t.said.Decision == tailsampling.Sampled && t.said.Probability == 1
}

// holds evaluates a rule's condition. What is unknown does not hold, and neither does what cannot be evaluated, which
// is counted.
func (s *scratch) holds(r *rule, t *trial) bool {
	if r.program == nil {
		return true
	}
	out, _, err := r.program.Eval(&s.facts)
	if err != nil {
		t.faults++
		return false
	}
	return out == types.True
}

// spend shares out the limits: of the traces that a rule would keep and nothing else does, those with the highest
// randomness. For the others the cause becomes a chance, at the threshold that parts them, so the probability is
// known. Traces of equal randomness, as the turns of one session are, fall on the same side.
func (s *scratch) spend(st *State, now time.Time) {
	p := s.policy
	for j := range p.rules {
		r := &p.rules[j]
		if r.bucket < 0 {
			continue
		}
		s.order = s.order[:0]
		for i := range s.cases {
			if t := &s.cases[i]; s.hits[i*len(p.rules)+j] && !t.vetoed && !t.cause {
				s.order = append(s.order, i)
			}
		}
		granted := st.take(r.bucket, len(s.order), now)
		if granted == len(s.order) {
			continue
		}
		randomness := func(i int) uint64 { return s.cases[i].coin(r).Randomness.Unsigned() }
		slices.SortFunc(s.order, func(a, b int) int { return cmp.Compare(randomness(b), randomness(a)) })
		above := randomness(s.order[granted]) + 1
		th, err := sampling.UnsignedToThreshold(above)
		if err != nil {
			th = sampling.NeverSampleThreshold // the first to go without has the highest randomness there is
		}
		kept := 0
		for _, i := range s.order {
			s.limited[i*len(p.limits)+r.bucket] = th
			if randomness(i) >= above {
				kept++
			}
		}
		st.give(r.bucket, granted-kept)
	}
}
