package doctor

import (
	"sync"
	"time"

	"github.com/tailwise/tailwise/internal/agent"
)

// The bounds of what is remembered, for each of two windows.
const (
	maxGroups   = 256 // services times dialects; what comes beyond shares one group
	maxKeys     = 64  // attribute keys of a group, of invalid values and again of different ones
	maxSketches = 1024
	// window is how long counts are gathered before those of the window before are forgotten.
	window = time.Hour
)

// Doctor is what was seen. All methods are safe for concurrent use.
type Doctor struct {
	mu        sync.Mutex
	now, past *period
}

// New returns a Doctor that begins to look now.
func New(now time.Time) *Doctor { return &Doctor{now: newPeriod(now), past: newPeriod(now)} }

// period is what was seen in one window.
type period struct {
	from      time.Time
	traces    int64
	groups    map[groupKey]*group
	sketchesN int
}

func newPeriod(from time.Time) *period {
	return &period{from: from, groups: make(map[groupKey]*group)}
}

// groupKey says who wrote spans.
type groupKey struct {
	service string
	dialect agent.Dialect
}

// otherGroups is the service that groups beyond maxGroups are counted under.
const otherGroups = "(others)"

// group is what was seen of one service and dialect.
type group struct {
	counts   counts
	examples [checksN]example
	invalid  map[string]*noted
	values   map[string]*sketch
}

// noted counts something that has a key of its own.
type noted struct {
	n       int64
	example example
}

// example is a trace in which something was seen.
type example struct {
	trace       [16]byte
	kept, there bool
}

// offer takes a trace as the example if there is none yet, or one that was not kept.
func (e *example) offer(t *Trace) {
	if !e.there || t.Kept && !e.kept {
		*e = example{t.ID, t.Kept, true}
	}
}

func (e *example) merge(o *example) {
	if o.there && (!e.there || o.kept && !e.kept) {
		*e = *o
	}
}

// Trace is what the doctor has to know of a trace besides its facts.
type Trace struct {
	ID   [16]byte
	Kept bool
	// Partial says that spans of the trace are elsewhere or may still come: those that are missing prove nothing.
	Partial bool
	At      time.Time
}

// turn begins a new window when the old one is over.
//
// Requires: mu is held.
func (d *Doctor) turn(now time.Time) {
	switch age := now.Sub(d.now.from); {
	case age >= 2*window:
		d.past, d.now = newPeriod(now), newPeriod(now)
	case age >= window:
		d.past, d.now = d.now, newPeriod(now)
	}
}

// group returns what is known of a service and dialect.
func (p *period) group(key groupKey) *group {
	g := p.groups[key]
	if g == nil && len(p.groups) >= maxGroups {
		key = groupKey{service: otherGroups}
		g = p.groups[key]
	}
	if g == nil {
		g = &group{invalid: make(map[string]*noted), values: make(map[string]*sketch)}
		p.groups[key] = g
	}
	return g
}
