package sampler

import (
	"context"
	"fmt"

	"go.uber.org/zap"

	"github.com/tailwise/tailwise/internal/ledger"
	"github.com/tailwise/tailwise/internal/otlp"
	"github.com/tailwise/tailwise/internal/wal"
)

// dispatcher is the engine's side of the log: it hands each record, in log order, to the shards and the ledger that
// it concerns. Live traffic and a restart pass through here alike.
type dispatcher struct {
	engine *Engine
}

// Record implements wal.Consumer.
func (d *dispatcher) Record(r wal.Delivery) {
	var err error
	switch r.Kind {
	case kindData:
		err = d.data(&r)
	case kindVerdicts:
		err = d.verdicts(&r)
	case kindExported:
		err = d.marks(&r)
	case kindCarried:
		err = d.carried(&r)
	case kindPolicy:
		err = d.policy(&r)
	default:
		err = fmt.Errorf("kind %d is unknown: written by a newer version?", r.Kind)
	}
	d.engine.delivered.Store(uint64(r.Position))
	if err != nil {
		// What cannot be understood is not let go: a newer version may have written it.
		d.engine.live.add(r.Position.Segment(), 1)
		d.engine.damage(fmt.Sprintf("read record at %d of segment %d", r.Position.Offset(), r.Position.Segment()), err)
	}
}

// Sealed implements wal.Consumer: everything in the segment has been handed out.
func (d *dispatcher) Sealed(segment wal.SegmentID) {
	for _, s := range d.engine.shards {
		s.in <- sealedMessage{segment}
	}
	d.engine.feed.in <- feedItem{through: wal.Position(segment+1) << 32}
}

// CaughtUp implements wal.Consumer: the log as it was at the start has been handed out.
func (d *dispatcher) CaughtUp() {
	for _, s := range d.engine.shards {
		s.in <- liveMessage{}
	}
	d.engine.caughtUp.Store(true)
	d.engine.recovered()
}

// Damaged implements wal.Consumer.
func (d *dispatcher) Damaged(damage wal.Damage) {
	d.engine.metrics.damaged()
	d.engine.logger.Error("the log has a hole; everything readable is kept",
		zap.String("file", damage.File), zap.Int64("offset", damage.Offset),
		zap.Int64("bytes", damage.Length), zap.String("why", damage.Reason))
}

// data hands a request to the shards that own traces in it.
func (d *dispatcher) data(r *wal.Delivery) error {
	b, ok := r.Attachment.(*batch)
	if !ok {
		var err error
		if b, err = d.reload(r); err != nil {
			return err
		}
	}
	d.engine.live.arrived(r.Position.Segment(), len(r.Body))
	d.fanOut(b, func(s *shard) message { return foldMessage{b, r.Position} })
	return nil
}

// fanOut sends a message about b to each shard that owns spans of it, and gives up the log's own hold on b.
func (d *dispatcher) fanOut(b *batch, about func(*shard) message) {
	var concerned uint64 // one bit a shard
	n := len(d.engine.shards)
	for i := range b.index.Spans {
		concerned |= 1 << shardOf(&b.index.Spans[i].Trace, n)
	}
	for i, s := range d.engine.shards {
		if concerned&(1<<i) != 0 {
			b.refs.Add(1)
			s.in <- about(s)
		}
	}
	b.release()
}

// reload makes a batch of a record that was read from disk. It waits while too many such batches are under way: the
// disk is quicker than the shards.
func (d *dispatcher) reload(r *wal.Delivery) (*batch, error) {
	route, err := d.engine.routes.intern(r.Meta)
	if err != nil {
		return nil, err
	}
	b := d.engine.newBatch()
	b.route = route
	b.room, b.taken = d.engine.replaying, d.engine.roomFor(int64(len(r.Body)))
	if err := b.room.Acquire(context.Background(), b.taken); err != nil {
		return nil, err
	}
	d.engine.inflight.Add(b.taken)
	b.body = d.engine.bodies.get(len(r.Body))
	b.body.Append(r.Body)
	if err := b.index.Walk(b.body.buf, b.plan.Keys()); err != nil {
		b.release()
		return nil, err
	}
	return b, nil
}

func (d *dispatcher) verdicts(r *wal.Delivery) error {
	decisions, ok := r.Attachment.([]*decision)
	if !ok {
		var err error
		if decisions, err = decodeDecisions(r.Body); err != nil {
			return err
		}
	}
	byShard(d.engine, decisions, func(x *decision) *otlp.TraceID { return &x.trace },
		func(s *shard, part []*decision) { s.in <- verdictsMessage{part} })
	d.engine.feed.in <- feedItem{decisions: decisions, through: r.Position + 1}
	return nil
}

func (d *dispatcher) marks(r *wal.Delivery) error {
	marks, ok := r.Attachment.([]mark)
	if !ok {
		var err error
		if marks, err = decodeMarks(r.Body); err != nil {
			return err
		}
	}
	byShard(d.engine, marks, func(m mark) *otlp.TraceID { return &m.trace },
		func(s *shard, part []mark) { s.in <- marksMessage{part} })
	d.engine.feed.in <- feedItem{marks: marks, through: r.Position + 1}
	return nil
}

// byShard hands each shard its part of entries, in order.
func byShard[T any](e *Engine, entries []T, idOf func(T) *otlp.TraceID, hand func(*shard, []T)) {
	parts := make([][]T, len(e.shards))
	for _, entry := range entries {
		i := shardOf(idOf(entry), len(e.shards))
		parts[i] = append(parts[i], entry)
	}
	for i, part := range parts {
		if len(part) > 0 {
			hand(e.shards[i], part)
		}
	}
}

func (d *dispatcher) carried(r *wal.Delivery) error {
	meta, err := decodeCarried(r.Meta)
	if err != nil {
		return err
	}
	b, err := d.reload(&wal.Delivery{Meta: appendRoute(nil, meta.route), Body: r.Body})
	if err != nil {
		return err
	}
	d.engine.live.arrived(r.Position.Segment(), len(r.Body))
	d.engine.shardFor(&meta.trace).in <- carriedMessage{meta, b, r.Position}
	return nil
}

func (d *dispatcher) policy(r *wal.Delivery) error {
	use, ok := r.Attachment.(*ledger.PolicyUse)
	if !ok {
		decoded, err := decodePolicyUse(r.Body)
		if err != nil {
			return err
		}
		use = &decoded
	}
	d.engine.feed.in <- feedItem{policy: use, through: r.Position + 1}
	return nil
}
