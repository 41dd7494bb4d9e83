package sampler

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"

	"github.com/tailwise/tailwise/internal/ledger"
	"github.com/tailwise/tailwise/internal/wal"
)

// verdictsLost handles a verdict record that did not get into the log: the traces are open again.
func (e *Engine) verdictsLost(s *shard, decisions []*decision, err error) {
	if errors.Is(err, wal.ErrClosed) {
		return // the next start decides
	}
	e.logger.Error("write verdicts; trying again", zap.Int("traces", len(decisions)), zap.Error(err))
	e.send(context.Background(), s, undecideMessage{decisions})
}

// writeFailed is told by the log of each failed write.
func (e *Engine) writeFailed(err error) {
	e.metrics.writeFailed()
	e.logger.Error("write the log", zap.Error(err))
}

// damage reports bytes that were acknowledged and cannot be read.
func (e *Engine) damage(doing string, err error) {
	e.metrics.damaged()
	e.logger.Error(doing, zap.Error(err))
}

// fillFilter brings the ids of earlier decisions into the filter, newest first, as many as it takes.
func (e *Engine) fillFilter(ctx context.Context) {
	err := e.ledger.Verdicts(ctx, time.Time{}, func(id ledger.TraceID, _ ledger.Verdict) bool {
		e.filter.add(id)
		return !e.filter.full() && ctx.Err() == nil
	})
	if err != nil && ctx.Err() == nil {
		e.logger.Error("read the ledger's trace ids; each new trace is looked up instead", zap.Error(err))
		return
	}
	e.filter.ready.Store(err == nil)
}

// expireLedger drops rows that are past their time, or past the ledger's size.
func (e *Engine) expireLedger(ctx context.Context) {
	for {
		if days, err := e.ledger.Expire(ctx, e.clock.Now().Add(-e.cfg.LedgerRetention), e.cfg.LedgerBytes); err != nil {
			if ctx.Err() == nil {
				e.logger.Error("expire the ledger's oldest days", zap.Error(err))
			}
		} else if len(days) > 0 {
			e.logger.Info("the ledger's oldest days have gone", zap.Strings("days", days))
		}
		if !e.clock.Sleep(ctx, expireEvery) {
			return
		}
	}
}

const expireEvery = 10 * time.Minute

// watchDisk looks at the volume's free space until ctx ends.
func (e *Engine) watchDisk(ctx context.Context) {
	for e.checkDisk(); e.clock.Sleep(ctx, sweepTick); e.checkDisk() {
	}
}

// appendForSure appends a record that must not be missing, again and again until it is durable, then calls then. It does
// not wait. When the engine ends first, the record is missing: the next start does again what led to it.
func (e *Engine) appendForSure(what string, record func() *wal.Record, then func()) {
	commit := e.log.Append(record())
	e.background.Go(func() {
		for {
			err := commit.Wait()
			if err == nil {
				then()
				return
			}
			if errors.Is(err, wal.ErrClosed) {
				return
			}
			e.logger.Error("write to the log; trying again", zap.String("what", what), zap.Error(err))
			if !e.clock.Sleep(e.life, retryAppend) {
				return
			}
			commit = e.log.Append(record())
		}
	})
}

const retryAppend = time.Second
