package durable

import (
	"strings"
	"sync"
)

// Op names an operation for a Rule.
type Op string

// The operations of FS and File. OpWrite stands for WriteAt and WriteVec.
const (
	OpMkdirAll    Op = "mkdir"
	OpCreate      Op = "create"
	OpOpen        Op = "open"
	OpRemove      Op = "remove"
	OpRename      Op = "rename"
	OpReadDir     Op = "readdir"
	OpSyncDir     Op = "syncdir"
	OpFree        Op = "free"
	OpRead        Op = "read"
	OpWrite       Op = "write"
	OpSize        Op = "size"
	OpTruncate    Op = "truncate"
	OpPreallocate Op = "preallocate"
	OpSync        Op = "sync"
	OpClose       Op = "close"
)

// Effect says what becomes of an operation that a Rule fails.
type Effect uint8

const (
	// Nothing happens but the error.
	Nothing Effect = iota
	// Half of the bytes are written. For other operations it is Nothing.
	Half
	// Whole: the operation takes effect and reports the error all the same.
	Whole
)

// Rule fails calls.
type Rule struct {
	Op     Op
	Suffix string // of the path; empty is any
	Nth    int    // the first call to fail, counted from 1 among those that match; 0 is 1
	Times  int    // how many calls fail from there on; 0 is one, negative all
	Err    error
	Effect Effect
}

// Faulty is an FS whose operations fail by rules. Calls that match no rule go to the FS it wraps. The first rule that
// is due decides; every rule that matches counts the call. Safe for concurrent use.
type Faulty struct {
	fs FS

	// mu guards the fields below. Never held across a call of fs.
	mu    sync.Mutex
	rules []*countedRule
	calls map[Op]int
}

type countedRule struct {
	Rule
	seen int
}

// NewFaulty wraps fs.
func NewFaulty(fs FS, rules ...Rule) *Faulty {
	f := &Faulty{fs: fs, calls: map[Op]int{}}
	f.Add(rules...)
	return f
}

// Add adds rules, which count calls from now on.
func (f *Faulty) Add(rules ...Rule) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range rules {
		f.rules = append(f.rules, &countedRule{Rule: r})
	}
}

// Clear takes all rules away.
func (f *Faulty) Clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rules = nil
}

// Calls says how often op was called, failed or not.
func (f *Faulty) Calls(op Op) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls[op]
}

// check counts a call and gives the rule that fails it, if any.
func (f *Faulty) check(op Op, path string) (Rule, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls[op]++
	var due Rule
	var found bool
	for _, r := range f.rules {
		if r.Op != op || !strings.HasSuffix(path, r.Suffix) {
			continue
		}
		r.seen++
		past := r.seen - max(r.Nth, 1)
		if past >= 0 && (r.Times < 0 || past < max(r.Times, 1)) && !found {
			due, found = r.Rule, true
		}
	}
	return due, found
}

// do runs call as the rules say.
func (f *Faulty) do(op Op, path string, call func() error) error {
	r, ok := f.check(op, path)
	if !ok {
		return call()
	}
	if r.Effect == Whole {
		call() // the rule's error stands for whatever came of it
	}
	return r.Err
}
