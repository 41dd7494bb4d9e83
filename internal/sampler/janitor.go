package sampler

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/tailwise/tailwise/internal/otlp"
	"github.com/tailwise/tailwise/internal/wal"
)

// janitor keeps the log no longer than it has to be: it deletes the oldest segments once nothing needs them, and
// carries forward what little is still needed of a segment that holds the others up. One goroutine runs it.
type janitor struct {
	engine *Engine
	index  otlp.Index   // reused
	copied wal.Position // of the last copy: nothing more is carried until it has taken effect
}

// carryAfter is the number of bytes, beyond twice what the live spans take, that the log may reach before spans are
// carried forward. With the factor of two each byte that must stay is copied at most once for each byte that comes in.
const carryAfter = 4 // segments

// sweep runs once: it deletes what may go and carries what must not hold segments up.
func (j *janitor) sweep(ctx context.Context) error {
	if err := j.remove(ctx); err != nil {
		return err
	}
	segments := j.engine.log.Segments()
	if len(segments) < 2 || !j.engine.caughtUp.Load() {
		return nil
	}
	bytes := j.engine.log.Bytes()
	limit := 2*j.engine.live.stored(bytes) + carryAfter*j.engine.cfg.SegmentBytes
	if bytes <= limit || !j.settled(segments[0]) || wal.Position(j.engine.delivered.Load()) < j.copied {
		return nil
	}
	return j.carry(ctx, segments[0].ID)
}

// settled reports whether everything in a segment has taken effect in every shard.
func (j *janitor) settled(s wal.SegmentInfo) bool {
	return s.Sealed && s.Delivered && j.engine.applied() >= s.ID
}

// remove deletes the oldest segments as far as nothing in them is needed.
//
// Invariant: segments go oldest first, and only once the ledger is synced past them. So a verdict or mark is never
// deleted before the spans that it speaks of.
func (j *janitor) remove(ctx context.Context) error {
	var last wal.SegmentID
	for _, s := range j.engine.log.Segments() {
		if !j.settled(s) || j.engine.live.of(s.ID) != 0 {
			break
		}
		last = s.ID
	}
	if last == 0 {
		return nil
	}
	synced, err := j.engine.feed.checkpoint(ctx)
	if err != nil {
		return fmt.Errorf("sync the ledger before deleting segment %d: %w", last, err)
	}
	if through := synced.Segment(); last >= through {
		if through < 2 {
			return nil
		}
		last = through - 1
	}
	if err := j.engine.log.RemoveThrough(last); err != nil {
		return err
	}
	j.engine.live.forget(last)
	return nil
}

// carry copies what traces still need of a segment to the end of the log. The references move when the log delivers
// the copies; until then, and after a crash, the originals serve.
func (j *janitor) carry(ctx context.Context, segment wal.SegmentID) error {
	reply := make(chan []holding, len(j.engine.shards))
	for _, s := range j.engine.shards {
		if !j.engine.send(ctx, s, holdingsMessage{segment, reply}) {
			return ctx.Err()
		}
	}
	for range j.engine.shards {
		select {
		case holdings := <-reply:
			if err := j.copyAll(ctx, holdings); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// copyAll appends holdings, a few at a time, and waits until each is durable.
func (j *janitor) copyAll(ctx context.Context, holdings []holding) error {
	var commits []*wal.Commit
	var bytes int64
	for i := range holdings {
		c, err := j.copy(ctx, &holdings[i])
		if err != nil {
			return err
		}
		commits = append(commits, c...)
		for _, g := range holdings[i].groups {
			bytes += int64(g.bytes)
		}
		if bytes < carriedBytes && i < len(holdings)-1 {
			continue
		}
		for _, c := range commits {
			if err := c.Wait(); err != nil {
				return err
			}
			j.copied = max(j.copied, c.Position())
		}
		commits, bytes = commits[:0], 0
	}
	return nil
}

// carriedBytes is about how large a carried record gets.
const carriedBytes = 8 << 20

// copy appends one holding as carried records, one or more for each route that its spans came by. Spans whose bytes are
// damaged are given up, or they would hold the segment for ever; what cannot be read for another reason is tried again.
func (j *janitor) copy(ctx context.Context, h *holding) (commits []*wal.Commit, err error) {
	for _, p := range split(h.groups, h.spans, carriedBytes) {
		r, err := j.engine.rebuild(&p)
		if errors.Is(err, errMoved) {
			continue // not by us, and then nothing is left to do
		}
		if err != nil && len(r.lost) == 0 {
			return commits, fmt.Errorf("carry trace %x: %w", h.trace, err)
		}
		if err != nil {
			j.engine.damage("carry a trace forward", err)
			j.engine.send(ctx, j.engine.shardFor(&h.trace), lostMessage{h.trace, r.lost})
		}
		if r.body == nil {
			continue
		}
		meta := carriedMeta{
			route: j.engine.routes.get(p.groups[0].route), trace: h.trace,
			origins: r.origins, decision: h.decision, refused: h.refused,
		}
		body := r.body.Bytes() // the memory is the log's from here on
		commits = append(commits, j.engine.log.Append(&wal.Record{
			Kind: kindCarried, Meta: encodeCarried(meta), Body: body, Large: j.largeOf(body),
		}))
		j.engine.metrics.carried(len(body))
	}
	return commits, nil
}

// largeOf finds the large values of a request that was put back together.
func (j *janitor) largeOf(body []byte) (large []wal.Range) {
	if j.index.Walk(body, noKeys) != nil {
		return nil // it is written all the same
	}
	for _, r := range j.index.Large {
		large = append(large, wal.Range(r))
	}
	return large
}

var noKeys = otlp.NewKeys(nil)

// run sweeps until ctx ends.
func (j *janitor) run(ctx context.Context, tick <-chan time.Time) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick:
			if err := j.sweep(ctx); err != nil && ctx.Err() == nil {
				j.engine.logger.Error("clean the log", zap.Error(err))
			}
		}
	}
}
