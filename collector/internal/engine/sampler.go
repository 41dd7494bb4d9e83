package engine

import (
	"context"
	"fmt"

	"go.opentelemetry.io/collector/consumer"

	"github.com/tailwise/tailwise/internal/sampler"
)

// Open opens the sampling engine: it takes the data directory and recovers beside the intake.
func Open(ctx context.Context, cfg sampler.Config) (Engine, error) {
	e, err := sampler.Open(ctx, cfg)
	if err != nil {
		return nil, err // not e: a nil *sampler.Engine would make a non-nil interface
	}
	return running{e}, nil
}

// running adapts the engine's concrete types to the interfaces.
type running struct{ *sampler.Engine }

// Attach implements Engine.
func (r running) Attach(id string, next consumer.Traces) (Source, error) {
	s, err := r.Engine.Attach(id, next)
	if err != nil {
		return nil, err
	}
	return source{s}, nil
}

// AttachMetrics implements Engine.
func (r running) AttachMetrics(id string, next consumer.Metrics) (Outlet, error) {
	o, err := r.Engine.AttachMetrics(id, next)
	if err != nil {
		return nil, err
	}
	return o, nil
}

type source struct{ *sampler.Source }

// NewBody implements Source.
func (s source) NewBody(sizeHint int) Body { return s.Source.NewBody(sizeHint) }

// Accept implements Source. A body of another source is a fault of the caller's code.
func (s source) Accept(ctx context.Context, body Body, metadata []KV) (Accepted, error) {
	own, ok := body.(*sampler.Body)
	if !ok {
		panic(fmt.Sprintf("accept: body is a %T, not one from NewBody", body))
	}
	return s.Source.Accept(ctx, own, metadata)
}
