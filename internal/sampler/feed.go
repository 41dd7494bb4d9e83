package sampler

import (
	"context"
	"time"

	"go.uber.org/zap"

	"github.com/tailwise/tailwise/internal/ledger"
	"github.com/tailwise/tailwise/internal/wal"
)

// feed applies what the log says to the ledger, in log order and in batches. Delivery waits when the ledger falls
// behind by more than feedQueue entries; what comes meanwhile goes to the disk (see Engine.waitForRoom); nothing is skipped.
type feed struct {
	engine *Engine
	in     chan feedItem
	sync   chan chan wal.Position

	// Owned by run.
	batch ledger.Batch
}

// feedItem is what one record means to the ledger.
type feedItem struct {
	decisions []*decision
	marks     []mark
	policy    *ledger.PolicyUse
	through   wal.Position // a position after the record and before the next one
}

const (
	feedQueue = 32
	// feedRows is the number of rows that make a batch; a smaller one is applied after feedDelay.
	feedRows  = 1000
	feedDelay = 400 * time.Millisecond
	// retryLedger is how long the feed waits before it tries a batch again that the ledger did not take.
	retryLedger = time.Second
)

func newFeed(e *Engine) *feed {
	return &feed{engine: e, in: make(chan feedItem, feedQueue), sync: make(chan chan wal.Position)}
}

// run applies until in is closed, then applies what is left.
func (f *feed) run(ctx context.Context) {
	tick, stop := f.engine.clock.Ticker(feedDelay)
	defer stop()
	for {
		select {
		case item, ok := <-f.in:
			if !ok {
				f.flush(ctx)
				return
			}
			f.add(&item)
			if len(f.batch.Rows)+len(f.batch.Exports) >= feedRows {
				f.flush(ctx)
			}
		case <-tick:
			f.flush(ctx)
		case reply := <-f.sync:
			f.flush(ctx)
			reply <- f.synced(ctx)
		}
	}
}

func (f *feed) add(item *feedItem) {
	for _, d := range item.decisions {
		if !d.flags.has(flagLate) {
			f.batch.Rows = append(f.batch.Rows, d.row())
		}
	}
	for i := range item.marks {
		f.batch.Exports = append(f.batch.Exports, item.marks[i].export())
	}
	if item.policy != nil {
		f.batch.Policies = append(f.batch.Policies, *item.policy)
	}
	f.batch.Through = uint64(item.through)
}

// flush applies the batch, as often as it takes: giving up would lose rows while the log they come from goes on.
func (f *feed) flush(ctx context.Context) {
	if f.batch.Through == 0 {
		return
	}
	for {
		err := f.engine.ledger.Apply(ctx, f.batch)
		if err == nil {
			break
		}
		f.engine.metrics.ledgerFault()
		f.engine.logger.Error("apply to the ledger; trying again", zap.Error(err))
		if !f.engine.clock.Sleep(ctx, retryLedger) {
			return // the rows are in the log, which is applied again at the next start
		}
	}
	clear(f.batch.Rows)
	clear(f.batch.Exports)
	f.batch = ledger.Batch{Rows: f.batch.Rows[:0], Exports: f.batch.Exports[:0]}
}

func (f *feed) synced(ctx context.Context) wal.Position {
	through, err := f.engine.ledger.Checkpoint(ctx)
	if err != nil {
		f.engine.metrics.ledgerFault()
		f.engine.logger.Error("sync the ledger", zap.Error(err))
		return 0
	}
	return wal.Position(through)
}

// checkpoint makes the ledger survive power loss, and says through where.
func (f *feed) checkpoint(ctx context.Context) (wal.Position, error) {
	reply := make(chan wal.Position, 1)
	select {
	case f.sync <- reply:
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	select {
	case through := <-reply:
		return through, nil
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

func (d *decision) row() ledger.Row {
	return ledger.Row{
		Trace: d.trace, Session: d.session, DecidedAt: d.decidedAt, Start: d.start, Duration: d.duration,
		SpansN: d.spansN, Verdict: d.verdict, Rules: d.rules, Retention: d.retention,
		Probability: d.probability, PolicyVersion: d.policyVersion, Facts: d.facts,
	}
}

func (m *mark) export() ledger.Export {
	return ledger.Export{Trace: m.trace, DecidedAt: m.decidedAt, At: m.at, Through: uint64(m.through), Refused: m.refused}
}
