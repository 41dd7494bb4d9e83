package tailsampling

import (
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"
	"gopkg.in/yaml.v3"

	"github.com/tailwise/tailwise/internal/otlp"
)

// Note is something to say about a place in a configuration.
type Note struct {
	At      Place
	What    string // what is wrong, or odd
	Hint    string // what to do about it; may be empty
	Warning bool   // it is accepted all the same
}

// Decode reads a policies: node. Faults of form (unknown keys and types, wrong types, missing names) are notes that are
// no warnings; then the Config is of no use.
func Decode(n *yaml.Node) (Config, []Note) { return Config{}, nil }

// Compile makes a Set. Faults of content (regular expressions, OTTL, bounds) are notes that are no warnings; then the
// Set is nil.
func Compile(cfg Config) (*Set, []Note) { return &Set{}, nil }

// Set is a compiled Config.
type Set struct{ cfg Config }

// Config returns what the Set was compiled from. It must not be changed.
func (s *Set) Config() *Config { return &s.cfg }

// Keys returns the attribute keys that a walk must look for, for Bind. It must not be changed.
func (s *Set) Keys() []string { return nil }

// Bind makes a Plan for indexes that were walked with keys, which must hold all of Keys.
func (s *Set) Bind(keys *otlp.Keys) *Plan { return &Plan{} }

// Plan folds spans for a Set.
type Plan struct{}

// Fold adds x.Spans[span] to f. body is the request that x indexes; request tells requests of the same trace apart, and
// the spans of one request must come in the order of x.
func (p *Plan) Fold(f *Fold, x *otlp.Index, body []byte, span int, request uint64) {}

// Fold is what a Set knows of one trace. The zero value is ready.
type Fold struct{}

// Reset makes f as new and keeps its memory.
func (f *Fold) Reset() {}

// Bytes is the memory that f holds.
func (f *Fold) Bytes() int { return 0 }

// State is what the limits of a Set have left. It is safe for concurrent use.
type State struct{}

// NewState returns the limits of s, full. Limits that old has too go on with what they had left; old may be nil.
func (s *Set) NewState(old *State, now time.Time) *State { return &State{} }

// Input is one trace to decide.
type Input struct {
	TraceID [16]byte
	Fold    *Fold // nil: no span was folded
	// Traces returns the spans, in the order in which they arrived. It is called once at most.
	Traces func() (ptrace.Traces, error)
}

// Decision is what a policy, or all together, say of a trace.
type Decision uint8

// The decisions, in the processor's words.
const (
	NotSampled Decision = iota
	Sampled
	Dropped
	Failed // a policy could not be evaluated and is passed over
)

// String returns the decision as the processor's metrics write it.
func (d Decision) String() string { return "" }

// Outcome is what a Set decides.
type Outcome struct {
	Decision Decision // never Failed
	// Reasons are policies by their place in Config.Policies: those that sample, or the one that drops, or of a trace
	// that is not sampled those whose coin fell the other way.
	Reasons     []int
	Probability float64 // that of being sampled, as far as it is known
	Faults      int     // policies that could not be evaluated
	Err         error   // of Input.Traces: the outcome is none
}

// Decide evaluates the policies.
func (s *Set) Decide(in *Input, st *State, now time.Time) Outcome { return Outcome{} }

// Vote is what one policy says of a trace.
type Vote struct {
	Name     string
	Type     Type
	Decision string // sampled, not_sampled, dropped, error, not_evaluated
	Why      string // in a few words, without content
	Votes    []Vote // of the policies in it
}

// Explain tells policy by policy, in the order of evaluation, what Decide would say.
func (s *Set) Explain(in *Input, st *State, now time.Time) []Vote { return nil }
