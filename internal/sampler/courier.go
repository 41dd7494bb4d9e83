package sampler

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"time"

	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/zap"
	"google.golang.org/grpc/status"

	"github.com/tailwise/tailwise/internal/otlp"
	"github.com/tailwise/tailwise/internal/wal"
)

// Backoff between attempts while a backend does not answer. The exporter behind us retries too; this is what goes on
// when it gives up.
const (
	firstBackoff = time.Second
	lastBackoff  = time.Minute
)

// exportBatch is how much is put together into one request. Larger ones save nothing any more and hold more memory; a
// larger trace still goes in requests of up to ExportConfig.MaxBytes.
const exportBatch = 1 << 20

// courier is one worker of an outlet: it takes what one request holds, rebuilds it from the log, and hands it to the
// next consumer until that has answered.
type courier struct {
	engine *Engine
	outlet *outlet
	next   consumer.Traces
}

func (c *courier) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.outlet.arrived:
		}
		for ctx.Err() == nil {
			parcels := c.outlet.take(min(c.engine.cfg.Export.MaxBytes, exportBatch))
			if len(parcels) == 0 {
				break
			}
			c.deliver(ctx, parcels)
		}
	}
}

// deliver brings parcels to the backend, however long it takes, or puts them back when ctx ends. Each attempt reads
// them from the log anew: the next consumer may change what it is given, and attempts after the first are rare.
func (c *courier) deliver(ctx context.Context, parcels []parcel) {
	for backoff := firstBackoff; ; backoff = min(2*backoff, lastBackoff) {
		var traces ptrace.Traces
		var err error
		if parcels, traces, err = c.load(parcels); len(parcels) == 0 {
			return
		}
		if err == nil {
			err = c.next.ConsumeTraces(c.context(ctx, &parcels[0]), traces)
		}
		switch {
		case err == nil:
			c.settle(parcels, "", false)
			return
		case consumererror.IsPermanent(err), errors.Is(err, errUnreadable):
			c.giveUp(ctx, parcels, err)
			return
		}
		c.engine.metrics.exportRetry()
		c.engine.logger.Warn("kept traces did not go out; trying again",
			zap.String("receiver", c.outlet.source), zap.Int("traces", len(parcels)),
			zap.Duration("in", backoff), zap.String("why", reasonOf(err)))
		if !c.engine.clock.Sleep(ctx, backoff) {
			c.outlet.putBack(parcels)
			return
		}
	}
}

// load rebuilds parcels from the log into one request. Those whose references are out of date, or whose bytes are damaged
// altogether, are settled at once and left out. An error says that the log could not be read just now.
func (c *courier) load(parcels []parcel) (loaded []parcel, traces ptrace.Traces, err error) {
	var size int64
	for i := range parcels {
		size += parcels[i].bytes
	}
	request := c.engine.bodies.get(int(size + size/8)) // the marks take some room
	defer request.Release()                            // pdata copies what it keeps
	for i := range parcels {
		err := c.read(&parcels[i], request)
		switch {
		case errors.Is(err, errMoved):
			c.settle(parcels[i:i+1], "", true)
		case errors.Is(err, errUnreadable):
			c.engine.damage("export a trace", err)
			c.settle(parcels[i:i+1], reasonUnreadable, false)
		case err != nil:
			return append(loaded, parcels[i:]...), traces, err
		default:
			loaded = append(loaded, parcels[i])
		}
	}
	traces, err = new(ptrace.ProtoUnmarshaler).UnmarshalTraces(request.Bytes())
	if err != nil {
		err = fmt.Errorf("%w: %w", errUnreadable, err)
	}
	return loaded, traces, err
}

// read rebuilds one parcel, marks its spans, and appends them to a request: requests one after the other are one. Spans
// whose bytes are damaged are reported and left out.
func (c *courier) read(p *parcel, request *Body) error {
	raw := c.engine.bodies.get(int(max(2*p.bytes, gapRoom)))
	defer raw.Release()
	groups, _, err := c.engine.gather(&p.piece, raw)
	if len(groups) == 0 {
		return err
	}
	if err != nil {
		c.engine.damage("export part of a trace", err)
	}
	annotate(groups, p.decision, p.first, p.whole)
	request.reserve(otlp.SizeRequest(groups))
	request.buf = otlp.AppendRequest(request.buf, groups)
	return nil
}

const reasonUnreadable = "the log's bytes cannot be read back"

// giveUp deals with a request that no further attempt will bring to the backend: it was refused for good, or its spans
// cannot be decoded, which the walk should have seen to. What is wrong with several traces says nothing of each, so they
// are tried one by one: one bad trace must not take others with it.
func (c *courier) giveUp(ctx context.Context, parcels []parcel, why error) {
	if len(parcels) > 1 {
		for i := range parcels {
			c.deliver(ctx, parcels[i:i+1])
		}
		return
	}
	if errors.Is(why, errUnreadable) {
		c.engine.damage("export a trace", why)
		c.settle(parcels, reasonUnreadable, false)
		return
	}
	c.engine.logger.Error("the backend refused a kept trace for good; it is set aside",
		zap.String("receiver", c.outlet.source), traceField(parcels[0].trace), zap.String("why", reasonOf(why)))
	c.settle(parcels, reasonOf(why), false)
}

// httpStatus finds the code in what the OTLP/HTTP exporter reports.
var httpStatus = regexp.MustCompile(`HTTP Status Code (\d{3})`)

// reasonOf names why a backend did not take a request, without its message: backends quote what they refuse.
func reasonOf(err error) string {
	if m := httpStatus.FindStringSubmatch(err.Error()); m != nil {
		return "HTTP status " + m[1]
	}
	var rpc interface{ GRPCStatus() *status.Status }
	if errors.As(err, &rpc) {
		return "gRPC code " + rpc.GRPCStatus().Code().String()
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return "no answer in time"
	}
	return "the exporter failed (its own log says how)"
}

// settle notes that parcels are answered for; deliveries that are complete are marked in the log.
func (c *courier) settle(parcels []parcel, refused string, moved bool) {
	now := c.engine.clock.Now().UTC()
	var marks []mark
	for _, p := range parcels {
		if refused == "" && !moved {
			c.engine.totals.exportedBytes.Add(p.bytes)
		}
		again, why := p.answer(refused, moved)
		switch {
		case p.parcels.Add(-1) > 0:
		case again:
			c.engine.send(context.Background(), p.shard, resubmitMessage{p.trace})
		default:
			marks = append(marks, mark{p.trace, p.decision.decidedAt, now, p.through, why})
		}
	}
	if len(marks) > 0 {
		c.engine.appendForSure("marks", func() *wal.Record {
			return &wal.Record{Kind: kindExported, Body: encodeMarks(marks), Attachment: marks}
		}, func() { c.engine.metrics.exported(marks) })
	}
	c.outlet.finish(len(parcels))
}

// context carries the request metadata that came with the data, as the Collector's own components do.
func (c *courier) context(ctx context.Context, p *parcel) context.Context {
	route := c.engine.routes.get(p.groups[0].route)
	if len(route.Metadata) == 0 {
		return ctx
	}
	metadata := make(map[string][]string, len(route.Metadata))
	for _, kv := range route.Metadata {
		metadata[kv.Key] = kv.Values
	}
	return client.NewContext(ctx, client.Info{Metadata: client.NewMetadata(metadata)})
}
