package policy

import (
	"cmp"
	"slices"
	"time"

	"github.com/google/cel-go/common/types"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/sampling"
)

// Verdict is what a policy says of one trace.
type Verdict struct {
	Keep bool
	// Rules are the reasons, in the order of the file: of a kept trace the rules that keep it; of a dropped one the
	// rules that drop it, or else those whose coin fell the other way; Otherwise or Calibrate where it is none of the
	// file's.
	Rules     []string
	Retention string // class of a kept trace; empty for a dropped one
	// Probability is that of being kept: 1 where it is for cause, 0 where a rule or nothing at all decided to drop.
	Probability float64
	// Sampled says that nothing but chance kept the trace. Then Threshold has to be written as th, and RV, unless it is
	// empty, as rv.
	Sampled   bool
	Threshold sampling.Threshold
	RV        string
	Faults    int // rules that could not be evaluated and so did not match; what is merely unknown is none
}

// Decide says of each trace of batch whether it is kept. since is when the policy came into force, for calibrate. The
// verdict of a trace depends on nothing but the trace, unless rules have limits: these are shared out within the
// batch to the traces with the highest randomness.
func (p *Policy) Decide(batch []Input, st *State, now, since time.Time) []Verdict {
	s := p.scratch.Get().(*scratch)
	defer s.release()
	s.calibrating = p.calibrate > 0 && !since.IsZero() && now.Before(since.Add(p.calibrate))
	s.match(batch)
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
	cause  bool    // an unlimited rule keeps it
	coins  [2]Coin // by session, by trace
	tossed [2]bool
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

// match evaluates every rule for every trace.
func (s *scratch) match(batch []Input) {
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
	}
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
