package policy

import (
	"fmt"

	"github.com/tailwise/tailwise/internal/fault"
)

// Error is one fault of a policy file.
type Error = fault.Error

// Errors is every fault of a policy file, in the order of the file.
type Errors = fault.Errors

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
	return fault.InOrder(f.list)
}

// warnings returns what the file is warned of, in its order.
func (f *faults) warnings() Errors { return fault.InOrder(f.odd) }
