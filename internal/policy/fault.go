package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Error is one fault of a policy file.
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

// Errors is every fault of a policy file, in the order of the file.
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

// maxFaults bounds how much a policy file can be told at once.
const maxFaults = 50

// faults gathers the faults of one file, and what it is only warned of.
type faults struct {
	file string
	list Errors
	odd  Errors
}

// add notes a fault.
func (f *faults) add(at position, hint, format string, args ...any) {
	f.list = append(f.list, f.note(at, hint, fmt.Sprintf(format, args...)))
}

// warn notes what is accepted all the same.
func (f *faults) warn(at position, hint, format string, args ...any) {
	f.odd = append(f.odd, f.note(at, hint, fmt.Sprintf(format, args...)))
}

func (f *faults) note(at position, hint, what string) *Error {
	return &Error{File: f.file, Line: max(at.line, 1), Column: max(at.column, 1), What: what, Hint: hint}
}

// err returns the faults in the order of the file, or nil if there are none.
func (f *faults) err() error {
	if len(f.list) == 0 {
		return nil
	}
	return inOrder(f.list)
}

// warnings returns what the file is warned of, in its order.
func (f *faults) warnings() Errors { return inOrder(f.odd) }

// inOrder sorts by place and leaves out what comes again, and what is more than anybody reads.
func inOrder(list Errors) Errors {
	slices.SortStableFunc(list, func(a, b *Error) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	list = slices.CompactFunc(list, func(a, b *Error) bool { return *a == *b })
	return list[:min(len(list), maxFaults)]
}
