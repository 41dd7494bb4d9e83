package engine

import (
	"errors"
	"time"
)

// KV is one piece of request metadata, such as a tenant's header.
type KV struct {
	Key    string
	Values []string
}

// Accepted says what became of a request that was taken.
type Accepted struct {
	SpansN    int    // spans taken
	RejectedN int    // spans left out, such as those without a trace id
	Message   string // why, when RejectedN > 0
}

// Refused says that the engine has no room now. The sender keeps the data and comes again after RetryAfter.
type Refused struct {
	Reason     string
	RetryAfter time.Duration
}

// Error implements error.
func (r *Refused) Error() string { return r.Reason }

// ErrMalformed is a request that is no OTLP; sending it again is pointless.
var ErrMalformed = errors.New("request is malformed")

// ErrTooLarge is a body that exceeds the limit it was read with.
var ErrTooLarge = errors.New("request is larger than the limit")
