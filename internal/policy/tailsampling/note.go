package tailsampling

import (
	"cmp"
	"fmt"
	"slices"
)

// Note is something to say about a place in a configuration.
type Note struct {
	At      Place
	What    string // what is wrong, or odd
	Hint    string // what to do about it; may be empty
	Warning bool   // it is accepted all the same
}

// Broken tells whether notes has one that is no warning.
func Broken(notes []Note) bool {
	return slices.ContainsFunc(notes, func(n Note) bool { return !n.Warning })
}

// notes gathers what there is to say.
type notes struct{ list []Note }

func (n *notes) fault(at Place, hint, format string, args ...any) {
	n.list = append(n.list, Note{At: at, What: fmt.Sprintf(format, args...), Hint: hint})
}

func (n *notes) warn(at Place, hint, format string, args ...any) {
	n.list = append(n.list, Note{At: at, What: fmt.Sprintf(format, args...), Hint: hint, Warning: true})
}

// SortNotes puts notes in the order of their file.
func SortNotes(notes []Note) {
	slices.SortStableFunc(notes, func(a, b Note) int {
		return cmp.Or(cmp.Compare(a.At.Line, b.At.Line), cmp.Compare(a.At.Column, b.At.Column), cmp.Compare(a.What, b.What))
	})
}
