package price

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Error is one fault of a price file.
type Error struct {
	File         string
	Line, Column int    // from 1, in characters
	What         string // what is wrong
	Hint         string // what to do about it; may be empty
}

// Error returns the fault with its place, and the hint.
func (e *Error) Error() string {
	text := fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.What)
	if e.Hint != "" {
		text += " (hint: " + e.Hint + ")"
	}
	return text
}

// Errors is every fault of a price file, in the order of the file.
type Errors []*Error

// Error returns one line a fault.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, fault := range e {
		lines[i] = fault.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap lets errors.As find each fault.
func (e Errors) Unwrap() []error {
	errs := make([]error, len(e))
	for i, fault := range e {
		errs[i] = fault
	}
	return errs
}

// maxFaults bounds how much a price file can be told at once.
const maxFaults = 50

// faults gathers the faults of one file.
type faults struct {
	file string
	list Errors
}

// add notes a fault at a node, or at the start of the file if there is none.
func (f *faults) add(n *yaml.Node, hint, format string, args ...any) {
	if n == nil {
		n = &yaml.Node{}
	}
	f.list = append(f.list, &Error{
		File: f.file, Line: max(n.Line, 1), Column: max(n.Column, 1), What: fmt.Sprintf(format, args...), Hint: hint,
	})
}

// err returns the faults in the order of the file, or nil if there are none.
func (f *faults) err() error {
	if len(f.list) == 0 {
		return nil
	}
	slices.SortStableFunc(f.list, func(a, b *Error) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	list := slices.CompactFunc(f.list, func(a, b *Error) bool { return *a == *b })
	return list[:min(len(list), maxFaults)]
}
