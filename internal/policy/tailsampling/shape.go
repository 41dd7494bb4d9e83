package tailsampling

import (
	"fmt"
	"slices"
	"strings"
)

// bit is the place of one observation in a Fold: something that a span of the trace has or has not been.
type bit uint16

// shape is what a Set has to observe of spans, each observation once however many policies ask for it. It is immutable
// once the Set is compiled.
type shape struct {
	keys       []string // attribute keys, by slot
	slots      map[string]int
	attrs      []attrProbe
	status     [statusCodes][]bit // by code
	flagged    []bit              // of the sampled flag
	states     []stateProbe
	latencies  []latencyProbe
	conditions []conditionProbe
	sizes      bool // the size of traces counts
	times      bool // there are latencies
	bits       int
	known      map[string]bit // observations by their description
	id         string         // tells whether folds of two shapes mean the same
}

// statusCodes is the number of status codes that OTLP knows: unset, ok and error.
const statusCodes = 3

func newShape() *shape { return &shape{slots: make(map[string]int), known: make(map[string]bit)} }

// Bounds of what policies observe. Far below what a KeyID and a bit can count.
const (
	maxKeys         = 10_000
	maxObservations = 10_000
)

// observe returns the bit of an observation, and whether it is new.
func (s *shape) observe(format string, args ...any) (bit, bool) {
	text := fmt.Sprintf(format, args...)
	if b, found := s.known[text]; found {
		return b, false
	}
	b := bit(s.bits)
	s.known[text] = b
	s.bits++
	return b, true
}

// slot returns the place of an attribute key.
func (s *shape) slot(key string) int {
	at, found := s.slots[key]
	if !found {
		at = len(s.keys)
		s.slots[key] = at
		s.keys = append(s.keys, key)
	}
	return at
}

// finish settles the identity of the shape.
func (s *shape) finish() {
	texts := make([]string, s.bits)
	for text, b := range s.known {
		texts[b] = text
	}
	s.id = fmt.Sprintf("%q sizes=%v", texts, s.sizes)
	s.times = len(s.latencies) > 0
}

// numeric observes a whole number from low to high.
func (s *shape) numeric(key string, low, high int64) bit {
	b, fresh := s.observe("numeric %q %d %d", key, low, high)
	if fresh {
		s.attrs = append(s.attrs, attrProbe{slot: s.slot(key), bit: b, kind: probeNumber, low: low, high: high})
	}
	return b
}

// boolean observes a boolean value.
func (s *shape) boolean(key string, want bool) bit {
	b, fresh := s.observe("boolean %q %v", key, want)
	if fresh {
		s.attrs = append(s.attrs, attrProbe{slot: s.slot(key), bit: b, kind: probeBool, want: want})
	}
	return b
}

// exact observes one of some texts.
func (s *shape) exact(key string, values []string) bit {
	b, fresh := s.observe("text %q %q", key, values)
	if fresh {
		s.attrs = append(s.attrs, attrProbe{slot: s.slot(key), bit: b, kind: probeText, texts: newTextSet(values)})
	}
	return b
}

// matching observes a text that one of some regular expressions matches.
func (s *shape) matching(key string, values []string, m *matcher) bit {
	b, fresh := s.observe("regex %q %q", key, values)
	if fresh {
		s.attrs = append(s.attrs, attrProbe{slot: s.slot(key), bit: b, kind: probeRegex, regex: m})
	}
	return b
}

// code observes one of some status codes.
func (s *shape) code(codes []uint8) bit {
	codes = slices.Compact(slices.Sorted(slices.Values(codes)))
	b, fresh := s.observe("status %d", codes)
	for _, c := range codes {
		if fresh {
			s.status[c] = append(s.status[c], b)
		}
	}
	return b
}

// flag observes the sampled flag.
func (s *shape) flag() bit {
	b, fresh := s.observe("flag")
	if fresh {
		s.flagged = append(s.flagged, b)
	}
	return b
}

// state observes a value in the tracestate. Values that cannot stand there are left out.
func (s *shape) state(key string, values []string) bit {
	values = slices.DeleteFunc(slices.Clone(values), func(v string) bool { return v == "" || len(key)+len(v) >= maxState })
	b, fresh := s.observe("tracestate %q %q", key, values)
	if fresh && len(values) > 0 {
		s.states = append(s.states, stateProbe{key: key, values: values, bit: b})
	}
	return b
}

// maxState is the length of key and value together from which on the processor leaves a value out.
const maxState = 256

// latency observes an extent in milliseconds above low and, unless high is zero, up to high.
func (s *shape) latency(low, high int64) bit {
	b, fresh := s.observe("latency %d %d", low, high)
	if fresh {
		s.latencies = append(s.latencies, latencyProbe{low: low, high: high, bit: b})
	}
	return b
}

// condition observes a condition of OTTL, of spans or of their events.
func (s *shape) condition(text string, c condition, events bool) told {
	text = strings.TrimSpace(text)
	at := told{doubts: c.doubts()}
	var fresh bool
	if at.bit, fresh = s.observe("ottl %v %s", events, text); at.doubts {
		at.doubt, _ = s.observe("doubt %v %s", events, text)
	}
	if fresh {
		s.conditions = append(s.conditions, conditionProbe{condition: c, told: at, events: events})
	}
	return at
}
