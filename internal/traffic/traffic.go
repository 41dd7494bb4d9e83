// Package traffic makes agent traffic: conversations of several turns, each turn one OTLP trace, a few of them in
// trouble, and the requests in which SDKs would send their spans. The demo, the tests and the benchmarks feed on it.
// It is pure: the same Config gives the same bytes, no clock is read and nothing is slept for.
package traffic

import (
	"container/heap"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// Profile says what the spans look like.
type Profile string

const (
	// Agent is an AI agent's traffic: model calls that send the whole history again, tools, retrieval.
	Agent Profile = "agent"
	// Small is a plain service's traffic: short names, few attributes, no content.
	Small Profile = "small"
)

// Defaults of a Config's fields that are left zero.
const (
	DefaultAgentPayload = 3400
	DefaultSmallPayload = 280
	DefaultConcurrent   = 40
)

// Shares of traces in each kind of trouble, each between 0 and 1 and drawn independently of the others.
type Shares struct {
	Errors  float64 // a tool or the model fails and the run with it: error status up to the root
	Slow    float64 // takes ten times as long, and more than 31 s in any case
	Costly  float64 // each model call reads 24,000 tokens more
	Looping float64 // the same tool with the same arguments fails in step after step
	Poor    float64 // judged badly: score 0.1 and an evaluation event on the root
	Retried float64 // one call fails and its next sibling succeeds; the root stays unharmed
}

// DefaultShares are a few per cent of each.
var DefaultShares = Shares{Errors: 0.03, Slow: 0.02, Costly: 0.02, Looping: 0.01, Poor: 0.02, Retried: 0.02}

// Config describes traffic. The zero value of a field stands for its default.
type Config struct {
	// Profile is Agent by default.
	Profile Profile
	// Seed decides everything that is drawn.
	Seed uint64
	// Start is when the first conversation begins; all times follow from it. Zero is 2026-01-01 UTC.
	Start time.Time
	// Sessions is how many conversations there are in all; 0 means that they never end.
	Sessions int
	// Concurrent is how many conversations are open at a time, at most Sessions. Default 40.
	Concurrent int
	// TurnsPerSession is the range of turns (traces) of a conversation, both ends included. Default 3 to 8.
	TurnsPerSession [2]int
	// SpansPerTrace is the range of spans of a trace, both ends included. Default 30 to 60, of Small exactly 45.
	// A trace of an agent has at least 24.
	SpansPerTrace [2]int
	// PayloadBytes is the mean size of an encoded span, over whole conversations. Default 3400, of Small 280.
	// An agent's mean is at least 2000, as the frame around the history's messages takes so much; a service's 250.
	PayloadBytes int
	// Pause is the range of time between the end of a turn and the beginning of the next. Default 1 to 6 minutes.
	Pause [2]time.Duration
	// Shares of trouble. The zero value means that all is well; see DefaultShares.
	Shares Shares
}

func (c Config) withDefaults() Config {
	if c.Profile == "" {
		c.Profile = Agent
	}
	if c.Start.IsZero() {
		c.Start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	if c.Concurrent == 0 {
		c.Concurrent = DefaultConcurrent
	}
	if c.Sessions > 0 {
		c.Concurrent = min(c.Concurrent, c.Sessions)
	}
	if c.TurnsPerSession == [2]int{} {
		c.TurnsPerSession = [2]int{3, 8}
	}
	if c.SpansPerTrace == [2]int{} && c.Profile == Small {
		c.SpansPerTrace = [2]int{45, 45}
	}
	if c.SpansPerTrace == [2]int{} {
		c.SpansPerTrace = [2]int{30, 60}
	}
	if c.PayloadBytes == 0 && c.Profile == Small {
		c.PayloadBytes = DefaultSmallPayload
	}
	if c.PayloadBytes == 0 {
		c.PayloadBytes = DefaultAgentPayload
	}
	if c.Pause == [2]time.Duration{} {
		c.Pause = [2]time.Duration{time.Minute, 6 * time.Minute}
	}
	return c
}

// validate reports every fault of c, which has its defaults already.
func (c Config) validate() error {
	var faults []error
	fault := func(bad bool, format string, args ...any) {
		if bad {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	minSpans, minPayload := minAgentSpans, minAgentSpan
	if c.Profile == Small {
		minSpans, minPayload = 2, minSmallSpan
	}
	fault(c.Profile != Agent && c.Profile != Small, "Profile: %q is neither agent nor small", c.Profile)
	fault(c.Sessions < 0, "Sessions: %d is below 0", c.Sessions)
	fault(c.Concurrent < 1, "Concurrent: %d is below 1", c.Concurrent)
	fault(c.TurnsPerSession[0] < 1 || c.TurnsPerSession[1] < c.TurnsPerSession[0],
		"TurnsPerSession: %v is no range from 1 up", c.TurnsPerSession)
	fault(c.SpansPerTrace[0] < minSpans || c.SpansPerTrace[1] < c.SpansPerTrace[0],
		"SpansPerTrace: %v is no range from %d up", c.SpansPerTrace, minSpans)
	fault(c.PayloadBytes < minPayload, "PayloadBytes: %d is below %d", c.PayloadBytes, minPayload)
	fault(c.Pause[0] < 0 || c.Pause[1] < c.Pause[0], "Pause: %v is no range from 0 up", c.Pause)
	for name, share := range map[string]float64{"Errors": c.Shares.Errors, "Slow": c.Shares.Slow,
		"Costly": c.Shares.Costly, "Looping": c.Shares.Looping, "Poor": c.Shares.Poor, "Retried": c.Shares.Retried} {
		fault(!(share >= 0 && share <= 1), "Shares.%s: %v is not between 0 and 1", name, share)
	}
	return errors.Join(faults...)
}

// Trace is one turn of a conversation.
type Trace struct {
	ID pcommon.TraceID
	// Session is the conversation's id, empty in Small traffic.
	Session string
	// Turn counts the conversation's turns from 0.
	Turn int
	// Start and End are those of the root span.
	Start, End time.Time
	// Trouble is what is wrong with the trace, by design.
	Trouble Trouble
	// Spans holds the whole trace, parents before children, grouped by service and scope.
	Spans ptrace.Traces
}

// Generator makes traces in the order in which they start. Not safe for concurrent use.
type Generator struct {
	cfg    Config
	open   sessionHeap
	opened int
}

// New makes a Generator. The error lists every fault of cfg.
func New(cfg Config) (*Generator, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, fmt.Errorf("configure traffic: %w", err)
	}
	g := &Generator{cfg: cfg}
	// The first conversations begin over the time that one takes, so that early and late turns occur together.
	starts := rand.New(rand.NewPCG(cfg.Seed, streamStarts))
	for range cfg.Concurrent {
		s := newSession(cfg, g.opened)
		s.start = cfg.Start.Add(time.Duration(starts.Float64() * float64(g.meanSession())))
		g.opened++
		g.open = append(g.open, s)
	}
	heap.Init(&g.open)
	return g, nil
}

func (g *Generator) meanSession() time.Duration {
	turns := time.Duration(g.cfg.TurnsPerSession[0]+g.cfg.TurnsPerSession[1]) / 2
	return turns * ((g.cfg.Pause[0]+g.cfg.Pause[1])/2 + meanTurn)
}

// Peek says when the next trace starts; false at the end of all conversations.
func (g *Generator) Peek() (time.Time, bool) {
	if len(g.open) == 0 {
		return time.Time{}, false
	}
	return g.open[0].start, true
}

// Next makes the next trace; false at the end of all conversations.
func (g *Generator) Next() (Trace, bool) {
	if len(g.open) == 0 {
		return Trace{}, false
	}
	s := g.open[0]
	trace := s.turn(g.cfg)
	s.start = trace.End.Add(between(s.rng, g.cfg.Pause))
	switch {
	case !s.done():
		heap.Fix(&g.open, 0)
	case g.cfg.Sessions == 0 || g.opened < g.cfg.Sessions:
		next := newSession(g.cfg, g.opened)
		next.start = s.start
		g.opened++
		g.open[0] = next
		heap.Fix(&g.open, 0)
	default:
		heap.Pop(&g.open)
	}
	return trace, true
}

// sessionHeap orders conversations by the start of their next turn, then by number, so that ties do not depend on
// the heap's history.
type sessionHeap []*session

func (h sessionHeap) Len() int { return len(h) }
func (h sessionHeap) Less(i, j int) bool {
	if !h[i].start.Equal(h[j].start) {
		return h[i].start.Before(h[j].start)
	}
	return h[i].number < h[j].number
}
func (h sessionHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *sessionHeap) Push(x any)   { *h = append(*h, x.(*session)) }
func (h *sessionHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return last
}
