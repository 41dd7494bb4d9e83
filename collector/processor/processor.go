package processor

import (
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processorhelper"
	"go.uber.org/zap"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/tailwise/tailwise/collector/internal/engine"
)

// tailwise is the processor in one pipeline.
type tailwise struct {
	// Immutable after the factory has made it.
	cfg  *Config
	set  processor.Settings
	next consumer.Traces
	keys engine.MetadataKeys

	// Written by start; the Collector sends nothing before it and nothing after shutdown.
	source engine.Source
}

func newTailwise(set processor.Settings, cfg *Config, next consumer.Traces) *tailwise {
	return &tailwise{cfg: cfg, set: set, next: next, keys: engine.MetadataKeys(cfg.MetadataKeys).Ordered()}
}

// sourceName is how the engine's log knows the processor, so that after a restart its kept traces go on in the same
// pipeline. Receivers go by their bare id.
func sourceName(id component.ID) string { return "processor:" + id.String() }

func (p *tailwise) start(_ context.Context, host component.Host) error {
	e, err := engine.Find(host.GetExtensions(), p.cfg.Engine)
	if err != nil {
		return err
	}
	p.source, err = e.Attach(sourceName(p.set.ID), p.next)
	if errors.Is(err, engine.ErrAttached) {
		return fmt.Errorf("processor %q stands in two pipelines, and kept traces could not find their way back to theirs: "+
			"give each pipeline its own, such as %s/%s", p.set.ID, typeName, "other")
	}
	if err != nil {
		return fmt.Errorf("attach to engine %q: %w", p.cfg.Engine, err)
	}
	return nil
}

func (p *tailwise) shutdown(ctx context.Context) error {
	if p.source == nil {
		return nil
	}
	if err := p.source.Detach(ctx); err != nil {
		return fmt.Errorf("detach from engine %q: %w", p.cfg.Engine, err)
	}
	return nil
}

// process gives the engine what came in; when it returns ErrSkipProcessingData it is as durable as the engine is configured to
// make it, and the pipeline goes on when and if the engine keeps it. It does not change td.
func (p *tailwise) process(ctx context.Context, td ptrace.Traces) (ptrace.Traces, error) {
	if td.SpanCount() == 0 {
		return td, processorhelper.ErrSkipProcessingData
	}
	request, err := new(ptrace.ProtoMarshaler).MarshalTraces(td)
	if err != nil {
		return td, consumererror.NewPermanent(fmt.Errorf("encode traces: %w", err))
	}
	body := p.source.NewBody(len(request))
	body.Append(request)
	accepted, err := p.source.Accept(ctx, body, p.keys.Of(ctx))
	if err != nil {
		return td, answer(err)
	}
	if accepted.RejectedN > 0 {
		p.set.Logger.Warn("spans were left out, which a receiver of type tailwise would have told their sender",
			zap.Int("spans", accepted.RejectedN), zap.String("why", accepted.Message))
	}
	return td, processorhelper.ErrSkipProcessingData
}

// answer says an error of the engine's in the terms of pipelines: what no retry can help is permanent, and a refusal
// carries the status by which OTLP receivers tell their sender how long to wait.
func answer(err error) error {
	var refused *engine.Refused
	switch {
	case errors.As(err, &refused):
		s := status.New(codes.ResourceExhausted, refused.Error())
		if detailed, err := s.WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(refused.RetryAfter)}); err == nil {
			s = detailed // else the bare code still says that there is no room
		}
		return s.Err()
	case errors.Is(err, engine.ErrMalformed):
		return consumererror.NewPermanent(err)
	}
	return err
}
