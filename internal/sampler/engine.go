package sampler

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/semaphore"

	"github.com/tailwise/tailwise/internal/doctor"
	"github.com/tailwise/tailwise/internal/ledger"
	"github.com/tailwise/tailwise/internal/meter"
	"github.com/tailwise/tailwise/internal/otlp"
	"github.com/tailwise/tailwise/internal/wal"
)

// Engine takes requests in, decides on traces and hands out what is kept. Open it, attach sources, detach them, shut
// it down. All methods are safe for concurrent use.
type Engine struct {
	// Immutable after Open.
	cfg         Config
	clock       Clock
	logger      *zap.Logger
	lock        *dirLock
	log         *wal.Log
	ledger      ledger.Store
	shards      []*shard
	shardMemory int // bytes that one shard's undecided traces may hold
	feed        *feed
	egress      *egress
	janitor     *janitor
	metrics     *instruments
	meter       *meter.Meter // of all traffic; nil: nobody counts it
	doctor      *doctor.Doctor

	bodies  bodyPool
	batches sync.Pool
	routes  routes
	live    *liveness
	filter  *filter

	policy   atomic.Pointer[inForce]
	policyMu sync.Mutex // one reload at a time

	inflight  atomic.Int64        // bytes of requests that have not taken effect everywhere
	waiting   atomic.Int64        // bytes of requests that wait for room
	arriving  *semaphore.Weighted // room for requests that came in
	replaying *semaphore.Weighted // room for records read back from disk
	// Positions of the log: up to which requests were acknowledged, and up to which records were handed to the shards.
	committed, delivered atomic.Uint64
	shut                 atomic.Pointer[string] // why the disk takes no requests; nil: it does
	caughtUp             atomic.Bool
	opened               time.Time
	totals               totals

	// Life of the goroutines. stop ends those that serve until told, and stopped is closed with it; quit ends the
	// shards, once the log delivers no more.
	life       context.Context
	stop       context.CancelFunc
	stopped    chan struct{}
	quit       chan struct{}
	running    sync.WaitGroup // shards
	background sync.WaitGroup // the janitor, the ledger's upkeep, short waits for commits
	feedEnd    sync.WaitGroup // the feed
	feeding    context.CancelFunc
	started    bool // written by Open
	closing    sync.Once
	closeErr   error

	outlets outlets // where the meter's figures go

	sourcesMu    sync.Mutex
	sources      map[string]*Source
	shuttingDown bool // no source attaches any more
}

// Open takes the data directory, opens what is in it and begins to recover beside the intake, which is open at once.
func Open(ctx context.Context, cfg Config) (_ *Engine, err error) {
	cfg = cfg.withDefaults()
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	e := &Engine{
		cfg: cfg, clock: cfg.Clock, logger: cfg.Logger, live: newLiveness(), stopped: make(chan struct{}), quit: make(chan struct{}),
		sources: make(map[string]*Source), opened: cfg.Clock.Now(),
		filter: newFilter(int(cfg.MemoryLimit / 64)), shardMemory: int(cfg.MemoryLimit/2) / cfg.Shards,
	}
	e.life, e.stop = context.WithCancel(context.Background())
	e.batches.New = func() any { return &batch{engine: e} }
	e.arriving, e.replaying = semaphore.NewWeighted(e.underWay()), semaphore.NewWeighted(e.underWay())
	defer func() {
		if err != nil {
			err = errors.Join(err, e.release())
		}
	}()
	if e.lock, err = lockDir(cfg.DataDir); err != nil {
		return nil, err
	}
	if e.metrics, err = newInstruments(e); err != nil {
		return nil, err
	}
	if err := e.openStores(ctx); err != nil {
		return nil, err
	}
	if err := e.installPolicy(ctx, cfg.PolicyFile, cfg.PolicyText); err != nil {
		return nil, err
	}
	e.start()
	if err := e.metrics.observe(); err != nil {
		return nil, err
	}
	return e, nil
}

// openStores opens the ledger and the log. A ledger that is damaged is set aside: it is an index, and the log goes on.
// A log that lost its end, or all of it, goes on behind the positions that the ledger has seen: below them the ledger
// would take new rows for old ones.
func (e *Engine) openStores(ctx context.Context) (err error) {
	if e.ledger, err = openLedger(ctx, filepath.Join(e.cfg.DataDir, "ledger.db"), e.clock, e.logger); err != nil {
		return err
	}
	applied, err := e.ledger.Applied(ctx)
	if err != nil {
		return fmt.Errorf("read how far the ledger is: %w", err)
	}
	e.log, err = wal.Open(wal.Config{
		FS: e.cfg.FS, Dir: filepath.Join(e.cfg.DataDir, "wal"), SegmentBytes: e.cfg.SegmentBytes,
		FirstSegment: wal.Position(applied).Segment() + 1,
		Durability:   durabilities[e.cfg.Durability], Compress: e.cfg.Compress, QueueBytes: e.cfg.MemoryLimit / 8,
		Clock: e.clock.Now, OnSync: e.metrics.sync, OnFailure: e.writeFailed,
	})
	if err != nil {
		return fmt.Errorf("open the log: %w", err)
	}
	return nil
}

func openLedger(ctx context.Context, path string, clock Clock, logger *zap.Logger) (ledger.Store, error) {
	store, err := ledger.OpenSQLite(ctx, path, ledger.Options{Now: clock.Now})
	if errors.Is(err, ledger.ErrDamaged) {
		moved, moveErr := ledger.SetAside(path)
		if moveErr != nil {
			return nil, errors.Join(err, moveErr)
		}
		logger.Error("the ledger is damaged and was set aside; a new one begins, older decisions can no longer be looked up",
			zap.String("file", moved), zap.Error(err))
		store, err = ledger.OpenSQLite(ctx, path, ledger.Options{Now: clock.Now})
	}
	if err != nil {
		return nil, fmt.Errorf("open the ledger: %w", err)
	}
	return store, nil
}

// start sets everything in motion. From here on Shutdown is what ends it.
func (e *Engine) start() {
	e.started = true
	e.openMeter()
	e.doctor = doctor.New(e.opened)
	e.feed, e.egress, e.janitor = newFeed(e), newEgress(e), &janitor{engine: e}
	for range e.cfg.Shards {
		e.shards = append(e.shards, newShard(e, int(e.cfg.MemoryLimit/8)/e.cfg.Shards))
	}
	feeding, stopFeeding := context.WithCancel(context.Background())
	e.feeding = stopFeeding
	for _, s := range e.shards {
		tick, stopTick := e.clock.Ticker(decideTick)
		e.running.Go(func() {
			defer stopTick()
			s.run(tick, e.quit)
		})
	}
	e.feedEnd.Go(func() { e.feed.run(feeding) })
	sweep, stopSweep := e.clock.Ticker(sweepTick)
	e.background.Go(func() {
		defer stopSweep()
		e.janitor.run(e.life, sweep)
	})
	if e.meter != nil {
		emit, stopEmit := e.clock.Ticker(e.cfg.Traffic.Interval)
		e.background.Go(func() {
			defer stopEmit()
			e.emitMetrics(e.life, emit)
		})
	}
	e.background.Go(func() { e.fillFilter(e.life) })
	e.background.Go(func() { e.expireLedger(e.life) })
	e.background.Go(func() { e.watchDisk(e.life) })
	e.log.Start(&dispatcher{e})
}

const (
	// decideTick is how often shards look for due traces; verdicts of one tick share a record.
	decideTick = 200 * time.Millisecond
	// sweepTick is how often the log is cleaned and the limits are looked at.
	sweepTick = time.Second
)

// Shutdown stops intake, ends what is under way and closes the stores. Undecided and unexported traces are in the log
// and go on at the next Open. It is safe to repeat.
func (e *Engine) Shutdown(ctx context.Context) error {
	e.closing.Do(func() {
		e.sourcesMu.Lock()
		e.shuttingDown = true
		sources := make([]*Source, 0, len(e.sources))
		for _, s := range e.sources {
			sources = append(sources, s)
		}
		e.sourcesMu.Unlock()
		for _, s := range sources {
			e.closeErr = errors.Join(e.closeErr, s.Detach(ctx))
		}
		if e.cfg.Decide.DropPendingTracesOnShutdown {
			e.dropPending(ctx)
		}
		e.closeErr = errors.Join(e.closeErr, e.release())
	})
	return e.closeErr
}

// release ends goroutines and closes files in the order in which they depend on each other: the log stops delivering
// before shards and feed lose their queues, and the feed empties before the ledger closes.
func (e *Engine) release() error {
	e.stop()
	close(e.stopped)
	if e.started {
		// A ledger that takes nothing must not hold up the log's delivery, and so the end, for ever.
		patience := time.AfterFunc(shutdownPatience, e.feeding)
		defer patience.Stop()
	}
	var faults []error
	if e.metrics != nil {
		faults = append(faults, e.metrics.close())
	}
	if e.log != nil {
		faults = append(faults, e.log.Close())
	}
	if e.started {
		close(e.quit)
		e.running.Wait()
	}
	e.background.Wait()
	if e.started {
		close(e.feed.in)
		e.feedEnd.Wait()
		e.feeding()
	}
	if e.ledger != nil {
		faults = append(faults, e.ledger.Close())
	}
	if e.lock != nil {
		faults = append(faults, e.lock.release())
	}
	return errors.Join(faults...)
}

// shutdownPatience is how long the ledger may take for the last batch before it is left to the next start.
const shutdownPatience = 5 * time.Second

// send hands m to a shard; false: ctx ended or the engine is stopping first.
func (e *Engine) send(ctx context.Context, s *shard, m message) bool {
	select {
	case <-e.stopped:
		return false
	default:
	}
	select {
	case s.in <- m:
		return true
	case <-ctx.Done():
	case <-e.stopped:
	}
	return false
}

func (e *Engine) shardFor(id *otlp.TraceID) *shard { return e.shards[shardOf(id, len(e.shards))] }

// applied is the last sealed segment of which everything has taken effect in every shard.
func (e *Engine) applied() wal.SegmentID {
	least := e.shards[0].applied.Load()
	for _, s := range e.shards[1:] {
		least = min(least, s.applied.Load())
	}
	return wal.SegmentID(least)
}

// underWay bounds the memory of requests that have not taken effect: of those that came in, and again of those that
// are read back from disk. More would only wait: shards take what they can, and a queue in front of them makes nothing
// quicker.
func (e *Engine) underWay() int64 { return e.cfg.MemoryLimit / 32 }

// roomFor is what a request of size bytes takes of that: one request always fits.
func (e *Engine) roomFor(size int64) int64 { return min(max(size, 1), e.underWay()) }

// recovered reports the end of recovery.
func (e *Engine) recovered() {
	took := e.clock.Now().Sub(e.opened)
	e.logger.Info("caught up with the log", zap.Duration("after", took), zap.Int64("bytes", e.log.Bytes()))
	if n, sources := e.egress.waiting(); n > 0 {
		e.logger.Info("kept traces wait for their backend", zap.Int("parts", n), zap.Strings("receivers", sources))
	}
}
