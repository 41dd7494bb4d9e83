package tailsampling

import (
	"fmt"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// limitSpec is a rate_limiting or bytes_limiting policy: a bucket of tokens.
type limitSpec struct {
	key   string // tells whether another Set's is the same
	rate  int64  // a second
	burst int64
}

func newLimitSpec(path string, t Type, rate, burst int64) limitSpec {
	if burst <= 0 {
		burst = rate * 2
	}
	return limitSpec{key: fmt.Sprintf("%s %s %d %d", path, t, rate, burst), rate: rate, burst: burst}
}

// shareSpec is a composite policy: spans a second in all and for each policy in it.
type shareSpec struct {
	key    string
	most   int64
	shares []int64
}

// newShareSpec shares out a composite policy's spans as the processor does: a percentage where a positive one is given
// under the policy's name, an equal part otherwise; both cut to whole spans.
func newShareSpec(path string, c *CompositeConfig) shareSpec {
	percents := make(map[string]int64)
	for _, a := range c.RateAllocation {
		percents[a.Policy] = a.Percent
	}
	most := float64(c.MaxTotalSpansPerSecond)
	s := shareSpec{most: c.MaxTotalSpansPerSecond}
	for i := range c.Policies {
		share := most / float64(len(c.Policies))
		if percent := percents[c.Policies[i].Name]; percent > 0 {
			share = (float64(percent) / 100) * most
		}
		s.shares = append(s.shares, int64(share))
	}
	s.key = fmt.Sprintf("%s composite %d %d", path, s.most, s.shares)
	return s
}

// State is what the limits of a Set have left. It is safe for concurrent use.
type State struct {
	limits  map[string]*rate.Limiter
	windows map[string]*window
}

// window is what a composite policy has sampled in the present second.
type window struct {
	mu     sync.Mutex // held for arithmetic only
	second int64
	spans  []int64 // by policy in it
}

// NewState returns the limits of s, full. Limits that old has too go on with what they have left, also where old is still
// in use; old may be nil.
func (s *Set) NewState(old *State) *State {
	st := &State{limits: make(map[string]*rate.Limiter), windows: make(map[string]*window)}
	for _, l := range s.limits {
		st.limits[l.key] = rate.NewLimiter(rate.Limit(l.rate), int(l.burst))
		if old != nil && old.limits[l.key] != nil {
			st.limits[l.key] = old.limits[l.key]
		}
	}
	for _, c := range s.shares {
		st.windows[c.key] = &window{spans: make([]int64, len(c.shares))}
		if old != nil && old.windows[c.key] != nil {
			st.windows[c.key] = old.windows[c.key]
		}
	}
	return st
}

// take takes n tokens if there are as many.
func (st *State) take(l *limitSpec, n int64, now time.Time, dry bool) bool {
	limiter := st.limits[l.key]
	if dry {
		return n <= int64(limiter.Burst()) && limiter.TokensAt(now) >= float64(n)
	}
	return limiter.AllowN(now, int(n))
}

// spend counts n spans for a policy of a composite one if its share and the whole of the present second allow it. The
// spans of the others do not count against the whole, as in the processor.
func (st *State) spend(c *shareSpec, policy int, n int64, now time.Time, dry bool) bool {
	w := st.windows[c.key]
	w.mu.Lock()
	defer w.mu.Unlock()
	if second := now.Unix(); w.second != second {
		w.second = second
		clear(w.spans)
	}
	after := w.spans[policy] + n
	if after > c.shares[policy] || after > c.most {
		return false
	}
	if !dry {
		w.spans[policy] = after
	}
	return true
}
