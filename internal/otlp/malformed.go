package otlp

import (
	"errors"
	"fmt"
)

// ErrMalformed is what every MalformedError is: the bytes are at fault, and sending them again will not help.
var ErrMalformed = errors.New("malformed trace request")

// MalformedError says where a request stops making sense. It never quotes the request.
type MalformedError struct {
	Offset int    // byte of the request at which the faulty field starts; negative where unknown
	What   string // the message, the field and the fault, such as "span: field 4: length 99 beyond the message"
}

// Error returns the fault with its place.
func (e *MalformedError) Error() string {
	if e.Offset < 0 {
		return e.What
	}
	return fmt.Sprintf("byte %d: %s", e.Offset, e.What)
}

// Is reports that every MalformedError is an ErrMalformed.
func (e *MalformedError) Is(target error) bool { return target == ErrMalformed }
