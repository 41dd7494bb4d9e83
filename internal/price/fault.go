package price

import (
	"fmt"

	"gopkg.in/yaml.v3"

	"github.com/tailwise/tailwise/internal/fault"
)

// Error is one fault of a price file.
type Error = fault.Error

// Errors is every fault of a price file, in the order of the file.
type Errors = fault.Errors

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
	return fault.InOrder(f.list)
}
