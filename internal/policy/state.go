package policy

import (
	"math"
	"sync"
	"time"

	"github.com/tailwise/tailwise/internal/policy/tailsampling"
)

// State is what limits have left to give. It outlives a policy, through Carry, and is safe for concurrent use.
type State struct {
	policies *tailsampling.State // nil where the policy has no policies:

	mu      sync.Mutex // held for arithmetic only
	limits  []limitOf
	buckets []bucket
}

// bucket holds the traces that a rule may still keep.
type bucket struct {
	tokens float64
	filled time.Time // when tokens was right
}

// NewState returns the limits of p, full.
func NewState(p *Policy, now time.Time) *State {
	s := &State{limits: p.limits, buckets: make([]bucket, len(p.limits))}
	for i, l := range p.limits {
		s.buckets[i] = bucket{tokens: l.n, filled: now}
	}
	if p.policies != nil {
		s.policies = p.policies.NewState(nil)
	}
	return s
}

// Carry returns the limits of p where old, of the policy before it, may still be in use: rules of the same name and
// limit go on with what they had left, and so do policies: of the same name and limit.
func (p *Policy) Carry(old *State, now time.Time) *State {
	s := NewState(p, now)
	if old == nil {
		return s
	}
	if p.policies != nil {
		s.policies = p.policies.NewState(old.policies)
	}
	old.mu.Lock()
	defer old.mu.Unlock()
	for i, l := range p.limits {
		for j, was := range old.limits {
			if l == was {
				s.buckets[i] = old.buckets[j]
			}
		}
	}
	return s
}

// take takes up to n traces from a bucket and returns how many it had.
func (s *State) take(at, n int, now time.Time) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, l := &s.buckets[at], &s.limits[at]
	if passed := now.Sub(b.filled); passed > 0 { // a clock that goes back fills nothing
		b.tokens = min(l.n, b.tokens+l.n*float64(passed)/float64(l.per))
		b.filled = now
	}
	n = min(n, int(math.Floor(b.tokens)))
	b.tokens -= float64(n)
	return n
}

// give gives back what take took too much.
func (s *State) give(at, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.buckets[at].tokens = min(s.limits[at].n, s.buckets[at].tokens+float64(n))
}
