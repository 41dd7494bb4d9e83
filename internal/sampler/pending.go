package sampler

import (
	"context"

	"go.uber.org/zap"
)

// The reasons of verdicts that no policy is asked about: the options that make them.
const (
	ReasonOversize = "maximum_trace_size_bytes"
	ReasonShutdown = "drop_pending_traces_on_shutdown"
)

// dropPending drops every open trace, as drop_pending_traces_on_shutdown asks for. What it does not reach within ctx stays
// open and goes on at the next start.
//
// Requires: no source is attached, so nothing more comes in.
func (e *Engine) dropPending(ctx context.Context) {
	ctx, enough := context.WithTimeout(ctx, detachPatience)
	defer enough()
	for !e.caughtUp.Load() || e.delivered.Load() < e.committed.Load() {
		if !e.clock.Sleep(ctx, drainPoll) {
			e.logger.Warn("open traces are not dropped, as the log has not been read to its end; they go on at the next start")
			return
		}
	}
	n := 0
	for _, s := range e.shards {
		m := dropPendingMessage{make(chan int, 1)}
		if !e.send(ctx, s, m) {
			e.logger.Warn("open traces are left for the next start: there was no time to drop all of them", zap.Int("dropped", n))
			return
		}
		n += <-m.dropped
	}
	e.logger.Info("open traces are dropped: drop_pending_traces_on_shutdown", zap.Int("traces", n))
}

// dropPendingMessage makes the shard drop its open traces, and says how many there were.
type dropPendingMessage struct{ dropped chan int }

func (m dropPendingMessage) apply(s *shard) {
	var batch []*trace
	for s.order.oldest != nil {
		t := s.order.oldest
		t.abandoned = ReasonShutdown
		s.take(t)
		batch = append(batch, t)
	}
	for from := 0; from < len(batch); from += decideBatch {
		s.decide(batch[from:min(from+decideBatch, len(batch))], s.engine.clock.Now())
	}
	m.dropped <- len(batch)
}
