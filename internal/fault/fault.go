// Package fault is what is wrong with a file that people write: each fault with its place and a hint, all of them at once.
package fault

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Error is one fault of a file.
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

// Errors is every fault of a file, in its order.
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

// maxFaults bounds how much a file can be told at once.
const maxFaults = 50

// InOrder sorts list by place and leaves out what comes again, and what is more than anybody reads.
func InOrder(list Errors) Errors {
	slices.SortStableFunc(list, func(a, b *Error) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	list = slices.CompactFunc(list, func(a, b *Error) bool { return *a == *b })
	return list[:min(len(list), maxFaults)]
}
