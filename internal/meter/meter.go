package meter

import (
	"sync"
	"time"
)

// Config bounds a Meter. All fields are needed, but Users and Resource.
type Config struct {
	// MaxSeries is how many series there may be of each family of metrics with the same attributes. What comes when
	// there are so many is counted in one more series, which says so.
	MaxSeries int
	// Users is how many users, those that spent most, have series of their own. Zero: none.
	Users int
	// Resource says who counts.
	Resource map[string]string
}

// DefaultMaxSeries is a bound that takes some megabytes of memory at most.
const DefaultMaxSeries = 1000

// staleAfter is how long a series stays that nothing is added to. What comes back later begins anew, with a start of its
// own.
const staleAfter = 6 * time.Hour

// Meter is what was counted. All methods are safe for concurrent use.
type Meter struct {
	cfg   Config
	begun time.Time

	// mu guards the fields below. It is held for the additions of one trace, and for the rendering of one family.
	mu       sync.Mutex
	families [familiesN]family
	users    talkers
}

// New returns a Meter that begins to count now.
func New(cfg Config, now time.Time) *Meter {
	m := &Meter{cfg: cfg, begun: now}
	m.users.room = talkersFor(cfg.Users)
	for i := range m.families {
		m.families[i] = family{about: &abouts[i], bound: cfg.MaxSeries, series: make(map[labels]*series)}
	}
	return m
}

// family is all series of the metrics that share attributes.
type family struct {
	about  *about
	bound  int
	series map[labels]*series
	// What found no room. It is nil until something does.
	overflow  *series
	overflown int64
}

// labels are the values of a family's attributes, in the order of about.keys; an empty one is left out.
type labels [4]string

// amounts are what a family counts, in the order of its counters.
type amounts [7]int64

// series is what was counted under one set of labels.
type series struct {
	start, last time.Time // of the first and the latest addition
	sums        amounts
	hist        *histogram // nil where the family times nothing
	exemplar    exemplar
}

// exemplar is the largest kept example since the last rendering; without value there is none.
type exemplar struct {
	trace [16]byte
	span  uint64 // big-endian; 0: none
	at    time.Time
	value float64
}

// find returns the series for labels, and the one for what found no room if there is none.
func (f *family) find(l *labels, now time.Time) *series {
	if s, known := f.series[*l]; known {
		return s
	}
	if len(f.series) < f.bound {
		s := f.begin(now)
		f.series[*l] = s
		return s
	}
	f.overflown++
	if f.overflow == nil {
		f.overflow = f.begin(now)
	}
	return f.overflow
}

func (f *family) begin(now time.Time) *series {
	s := &series{start: now}
	if f.about.timed != "" {
		s.hist = new(histogram)
	}
	return s
}

// forget drops the series that nothing was added to for long.
func (f *family) forget(now time.Time) {
	for l, s := range f.series {
		if now.Sub(s.last) > staleAfter {
			delete(f.series, l)
		}
	}
}
