package engine

import (
	"github.com/tailwise/tailwise/internal/otlp"
	"github.com/tailwise/tailwise/internal/sampler"
)

// What a Source takes and answers with is the engine's own.
type (
	// KV is one piece of request metadata, such as a tenant's header.
	KV = sampler.KV
	// Accepted says what became of a request that was taken.
	Accepted = sampler.Accepted
	// Refused says that the engine has no room now. The sender keeps the data and comes again after RetryAfter.
	Refused = sampler.Refused
)

// ErrMalformed is a request that is no OTLP; sending it again is pointless.
var ErrMalformed = otlp.ErrMalformed

// ErrAttached is that another component has the name.
var ErrAttached = sampler.ErrAttached

// ErrTooLarge is a body that exceeds the limit it was read with.
var ErrTooLarge = sampler.ErrTooLarge
