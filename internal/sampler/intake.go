package sampler

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"time"

	"go.opentelemetry.io/collector/consumer"
	"go.uber.org/zap"

	"github.com/tailwise/tailwise/internal/wal"
)

// Source is a receiver's hold on the engine: by it requests come in, and what is kept of them goes out.
type Source struct {
	engine *Engine
	id     string

	accepting sync.WaitGroup
	mu        sync.Mutex
	closed    bool // guarded by mu
	detaching sync.Once
	stop      context.CancelFunc // ends the exports
	exports   sync.WaitGroup
}

// Accepted says what became of a request.
type Accepted struct {
	SpansN    int    // accepted
	RejectedN int    // left out for want of a valid trace id or span id
	Message   string // says so, for partial_success; empty when none was rejected
}

// Refused says that a request was not taken because there is no room. The sender may try again after RetryAfter.
type Refused struct {
	Reason     string
	RetryAfter time.Duration
}

// Error implements error.
func (r *Refused) Error() string { return "refused: " + r.Reason }

// ErrDetached fails requests to a source that is detached or whose engine is shut down.
var ErrDetached = errors.New("the receiver is shutting down")

// ErrAttached fails Attach under a name that is taken.
var ErrAttached = errors.New("is attached already")

// Attach registers the receiver named id, whose kept traces go to next. It fails while another has the name.
func (e *Engine) Attach(id string, next consumer.Traces) (*Source, error) {
	e.sourcesMu.Lock()
	defer e.sourcesMu.Unlock()
	if e.shuttingDown {
		return nil, ErrDetached
	}
	if e.sources[id] != nil {
		return nil, fmt.Errorf("receiver %q %w", id, ErrAttached)
	}
	ctx, stop := context.WithCancel(context.Background())
	s := &Source{engine: e, id: id, stop: stop}
	e.sources[id] = s
	outlet := e.egress.outlet(id)
	s.exports.Go(func() { e.egress.serve(ctx, outlet, next) })
	outlet.wake()
	return s, nil
}

// Detach refuses new requests, waits for those at hand, and lets exports that are due finish until ctx ends, or for
// detachPatience: what a dead backend has not taken goes out after the next start.
func (s *Source) Detach(ctx context.Context) error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.detaching.Do(func() { s.detach(ctx) })
	return nil
}

func (s *Source) detach(ctx context.Context) {
	s.accepting.Wait()
	patient, enough := context.WithTimeout(ctx, detachPatience)
	defer enough()
	s.engine.egress.drain(patient, s.engine.egress.outlet(s.id), s.engine.clock)
	s.stop()
	s.exports.Wait()
	s.engine.sourcesMu.Lock()
	delete(s.engine.sources, s.id)
	s.engine.sourcesMu.Unlock()
}

// NewBody gives the memory for a request of about sizeHint bytes.
func (s *Source) NewBody(sizeHint int) *Body { return s.engine.bodies.get(sizeHint) }

// Accept takes a request, an ExportTraceServiceRequest in protobuf, and returns when it is as durable as the
// configuration says. It owns body from here on, whatever it returns: *Refused when there is no room, an error that
// is otlp.ErrMalformed when the bytes are not a request, ErrDetached, or what the log failed with.
func (s *Source) Accept(ctx context.Context, body *Body, metadata []KV) (Accepted, error) {
	if !s.enter() {
		body.Release()
		return Accepted{}, ErrDetached
	}
	defer s.accepting.Done()
	e := s.engine
	b := e.newBatch()
	b.body = body
	if refused := e.admit(ctx, b); refused != nil {
		body.Release()
		b.body = nil
		e.batches.Put(b)
		e.metrics.refused(refused.Reason)
		return Accepted{}, refused
	}
	key := appendRoute(nil, Route{Source: s.id, Metadata: metadata})
	var err error
	if b.route, err = e.routes.intern(key); err != nil {
		b.release()
		e.metrics.refused(reasonRoutes)
		return Accepted{}, &Refused{Reason: reasonRoutes, RetryAfter: retryDisk}
	}
	if err := b.index.Walk(body.Bytes(), b.plan.Keys()); err != nil {
		b.release()
		e.metrics.malformed()
		return Accepted{}, err
	}
	accepted := Accepted{SpansN: len(b.index.Spans), RejectedN: b.index.RejectedN}
	if accepted.RejectedN > 0 {
		accepted.Message = fmt.Sprintf("%d spans have no valid trace id or span id", accepted.RejectedN)
	}
	bytes := len(body.Bytes())
	if accepted.SpansN == 0 {
		b.release()
	} else if err := e.append(b, key); err != nil {
		return Accepted{}, err
	}
	e.metrics.accepted(accepted, bytes)
	return accepted, nil
}

// append writes a request into the log and waits until it is durable.
func (e *Engine) append(b *batch, meta []byte) error {
	for _, r := range b.index.Large {
		b.large = append(b.large, wal.Range(r))
	}
	commit := e.log.Append(&wal.Record{
		Kind: kindData, Meta: meta, Body: b.body.Bytes(), Large: b.large, Attachment: b, Done: b.release,
	})
	err := commit.Wait()
	switch {
	case err == nil:
		e.noteCommitted(commit.Position())
	case errors.Is(err, wal.ErrFull):
		e.metrics.refused(reasonDisk)
		return &Refused{Reason: reasonDisk, RetryAfter: retryDisk}
	case errors.Is(err, wal.ErrClosed):
		return ErrDetached
	}
	return err
}

const detachPatience = 5 * time.Second

// noteCommitted moves the position up to which requests were acknowledged.
func (e *Engine) noteCommitted(p wal.Position) {
	for {
		old := e.committed.Load()
		if old >= uint64(p) || e.committed.CompareAndSwap(old, uint64(p)) {
			return
		}
	}
}

func (s *Source) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.accepting.Add(1)
	}
	return !s.closed
}

func (e *Engine) newBatch() *batch {
	b := e.batches.Get().(*batch)
	b.index.Reset()
	b.large = b.large[:0]
	b.plan = e.policy.Load().plan
	b.refs.Store(1)
	return b
}

// Why intake refuses, and after how long to try again.
const (
	reasonDisk   = "the disk limit is reached"
	reasonMemory = "the memory limit is reached"
	reasonVolume = "less than a tenth of the volume is free"
	reasonGone   = "the data directory is gone"
	reasonBusy   = "too many requests are under way"
	reasonRoutes = "too many different values of request metadata (metadata_keys)"

	retryDisk   = 10 * time.Second
	retryMemory = 2 * time.Second
	retryBusy   = time.Second
)

// admit reserves room for the request in b, or says why there is none. The reservation ends when the request has taken
// effect. Where requests come faster than shards take them it waits a little.
func (e *Engine) admit(ctx context.Context, b *batch) *Refused {
	if why := e.shut.Load(); why != nil {
		return &Refused{Reason: *why, RetryAfter: retryDisk}
	}
	if e.log.Bytes() >= e.cfg.DiskLimit {
		return &Refused{Reason: reasonDisk, RetryAfter: retryDisk}
	}
	if e.traceMemory() >= e.cfg.MemoryLimit*3/4 {
		return &Refused{Reason: reasonMemory, RetryAfter: retryMemory}
	}
	taken := e.roomFor(int64(cap(b.body.buf)))
	if !e.arriving.TryAcquire(taken) && !e.waitForRoom(ctx, taken) {
		return &Refused{Reason: reasonBusy, RetryAfter: retryBusy}
	}
	b.room, b.taken = e.arriving, taken
	e.inflight.Add(taken)
	return nil
}

// waitForRoom waits until there is room, if not too many wait already. What is in the way after admitPatience is let go
// to the disk, where delivery finds it: shards or a ledger that stand still must not keep requests out.
func (e *Engine) waitForRoom(ctx context.Context, taken int64) bool {
	defer e.waiting.Add(-taken)
	if e.waiting.Add(taken) > e.underWay() {
		return false
	}
	patient, enough := context.WithTimeout(ctx, admitPatience)
	defer enough()
	if e.arriving.Acquire(patient, taken) == nil {
		return true
	}
	e.log.Spill()
	return e.arriving.TryAcquire(taken)
}

// admitPatience is how long a request waits for room.
const admitPatience = time.Second

// traceMemory is what all shards hold, in bytes.
func (e *Engine) traceMemory() (n int64) {
	for _, s := range e.shards {
		n += s.stats.memory.Load()
	}
	return n
}

// checkDisk looks at the volume: a tenth of it stays free, whatever the limit says, and the directory has to be there.
// Files that are open go on working after it was removed, but nothing in them would be found again.
func (e *Engine) checkDisk() {
	free, total, err := e.cfg.FS.Free(e.cfg.DataDir)
	var why *string
	switch {
	case errors.Is(err, fs.ErrNotExist):
		why = new(reasonGone)
	case err == nil && total > 0 && free < total/10:
		why = new(reasonVolume)
	}
	before := e.shut.Swap(why)
	switch {
	case why != nil && before == nil:
		e.logger.Error("intake refuses: "+*why, zap.String("data_dir", e.cfg.DataDir), zap.Uint64("free", free), zap.Uint64("total", total))
	case why == nil && before != nil:
		e.logger.Info("intake goes on", zap.Uint64("free", free), zap.Uint64("total", total))
	}
}
