package policy

import (
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/sampling"

	"github.com/tailwise/tailwise/internal/policy/tailsampling"
)

// verdict decides one trace. names is where the reasons of the batch are gathered.
func (s *scratch) verdict(i int, v *Verdict, names []string) []string {
	t := &s.cases[i]
	v.Faults, v.Err = t.faults, t.said.Err
	from := len(names)
	switch {
	case t.vetoed:
		names = s.vetoes(i, names)
	case s.forCause(i):
		names = s.keep(i, v, names)
		v.Keep, v.Probability = true, 1
	case t.said.Decision == tailsampling.Sampled:
		names = s.keep(i, v, names)
		v.Keep, v.Probability = true, s.either(i)
	default:
		names = s.toss(i, v, names)
	}
	v.Rules = names[from:len(names):len(names)]
	return names
}

// vetoes gathers the rules that drop a trace.
func (s *scratch) vetoes(i int, names []string) []string {
	rules := s.policy.rules
	for j := range rules {
		if rules[j].Verb == Drop && s.hits[i*len(rules)+j] {
			names = append(names, rules[j].Name)
		}
	}
	return s.policyNames(i, names)
}

// policyNames gathers the policies: that decided of a trace.
func (s *scratch) policyNames(i int, names []string) []string {
	for _, at := range s.cases[i].said.Reasons {
		names = append(names, s.policy.policies.Config().Policies[at].Name)
	}
	return names
}

// either is the probability that a trace is kept by the policies: or by a rule that tosses a coin. Their coins are not
// the same: policies: hash the trace id.
func (s *scratch) either(i int) float64 {
	said := s.cases[i].said.Probability
	best, th := s.likeliest(i)
	if best == nil {
		return said
	}
	return 1 - (1-said)*(1-th.Probability())
}

// forCause tells whether a trace is kept whatever its coin.
func (s *scratch) forCause(i int) bool {
	t := &s.cases[i]
	if s.calibrating || t.cause || s.policy.otherwise.Verb == Keep {
		return true
	}
	rules := s.policy.rules
	for j := range rules {
		if r := &rules[j]; r.bucket >= 0 && s.hits[i*len(rules)+j] && s.chance(i, r) == sampling.AlwaysSampleThreshold {
			return true
		}
	}
	return false
}

// chance returns the threshold at which a matching rule keeps trace i; zero is always.
func (s *scratch) chance(i int, r *rule) sampling.Threshold {
	switch {
	case r.Verb == Sample:
		return r.Threshold
	case r.bucket >= 0:
		return s.limited[i*len(s.policy.limits)+r.bucket]
	}
	return sampling.AlwaysSampleThreshold
}

// keep gathers the reasons of a trace that is kept: every rule that keeps it, by cause or as its coin falls.
func (s *scratch) keep(i int, v *Verdict, names []string) []string {
	p, t := s.policy, &s.cases[i]
	var length time.Duration
	from := len(names)
	for j := range p.rules {
		r := &p.rules[j]
		if !s.hits[i*len(p.rules)+j] || r.Verb == Drop {
			continue
		}
		if th := s.chance(i, r); th != sampling.AlwaysSampleThreshold && !th.ShouldSample(t.coin(r).Randomness) {
			continue
		}
		names = append(names, r.Name)
		if r.longer(v.Retention, length) {
			v.Retention, length = r.Retention, r.length
		}
	}
	if t.said.Decision == tailsampling.Sampled {
		names = s.policyNames(i, names)
		if class := (&rule{Rule: Rule{Retention: DefaultRetention}, length: p.length}); class.longer(v.Retention, length) {
			v.Retention = DefaultRetention
		}
	}
	o := &p.otherwise
	switch {
	case s.calibrating:
		names = append(names, Calibrate)
	case len(names) > from:
	case o.Verb == Keep || o.Verb == Sample && o.Threshold.ShouldSample(t.coin(o).Randomness):
		names = append(names, Otherwise)
		v.Retention = o.Retention
	}
	if v.Retention == "" {
		v.Retention = DefaultRetention
	}
	return names
}

// toss decides by chance.
func (s *scratch) toss(i int, v *Verdict, names []string) []string {
	best, th := s.likeliest(i)
	if best == nil {
		v.Probability = s.cases[i].said.Probability
		return s.lost(i, names)
	}
	coin := s.cases[i].coin(best)
	if sampling.ThresholdLessThan(th, coin.Threshold) {
		th = coin.Threshold // it was sampled harder before it came here
	}
	if v.Probability = best.Probability; th != best.Threshold {
		v.Probability = th.Probability()
	}
	if said := s.cases[i].said.Probability; said > 0 {
		v.Probability = 1 - (1-said)*(1-v.Probability)
	}
	if !th.ShouldSample(coin.Randomness) {
		return s.lost(i, names)
	}
	v.Keep, v.Sampled, v.Threshold = true, true, th
	if coin.Session {
		v.RV = coin.Randomness.RValue()
	}
	if s.cases[i].said.Probability > 0 { // another coin, which no threshold speaks of, might have kept it
		v.Sampled, v.Threshold, v.RV = false, sampling.Threshold{}, ""
	}
	return s.keep(i, v, names)
}

// likeliest returns the rule that keeps trace i with the largest probability, and its threshold. Otherwise, if it
// samples, is one more rule that matches. Of equals one that tosses the session's coin counts.
func (s *scratch) likeliest(i int) (best *rule, th sampling.Threshold) {
	p := s.policy
	consider := func(r *rule) {
		chance := s.chance(i, r)
		if best == nil || sampling.ThresholdLessThan(chance, th) || chance == th && best.ByTrace {
			best, th = r, chance
		}
	}
	for j := range p.rules {
		if s.hits[i*len(p.rules)+j] {
			consider(&p.rules[j])
		}
	}
	if p.otherwise.Verb == Sample {
		consider(&p.otherwise)
	}
	return best, th
}

// lost gathers the rules that matched a trace whose coin fell the other way.
func (s *scratch) lost(i int, names []string) []string {
	from, rules := len(names), s.policy.rules
	for j := range rules {
		if s.hits[i*len(rules)+j] {
			names = append(names, rules[j].Name)
		}
	}
	if names = s.policyNames(i, names); len(names) == from {
		names = append(names, Otherwise)
	}
	return names
}
