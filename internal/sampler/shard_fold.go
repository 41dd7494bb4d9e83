package sampler

import (
	"slices"
	"sync/atomic"

	"golang.org/x/sync/semaphore"

	"github.com/tailwise/tailwise/internal/otlp"
	"github.com/tailwise/tailwise/internal/wal"
)

// batch is one request on its way: its bytes, what the walk found in them, and who still needs them.
type batch struct {
	engine *Engine
	refs   atomic.Int32
	body   *Body
	index  otlp.Index
	plan   *plan // what the walk looked for
	route  routeID
	large  []wal.Range // values that may repeat what the log has

	// What it takes of the memory for requests under way, and of which.
	room  *semaphore.Weighted
	taken int64
}

// release gives up one hold on the batch; the last one returns its memory.
func (b *batch) release() {
	if b.refs.Add(-1) > 0 {
		return
	}
	b.room.Release(b.taken)
	b.engine.inflight.Add(-b.taken)
	b.body.Release()
	b.body = nil
	b.engine.batches.Put(b)
}

// foldMessage is a data record for one of the shards that own spans of it.
type foldMessage struct {
	batch    *batch
	position wal.Position
}

func (m foldMessage) apply(s *shard) {
	s.fold(m.batch, m.position)
	m.batch.release()
}

// fold takes the shard's spans of a record in: facts are folded, references kept, deadlines moved.
func (s *shard) fold(b *batch, position wal.Position) {
	now := s.engine.clock.Now().UnixNano()
	s.round++
	var t *trace
	var liveBytes int64
	for i := range b.index.Spans {
		span := &b.index.Spans[i]
		if len(s.engine.shards) > 1 && s.engine.shardFor(&span.Trace) != s {
			continue
		}
		if t == nil || t.id != span.Trace {
			t = s.traces[span.Trace]
		}
		if t == nil {
			v := s.decided.get(span.Trace)
			if v != nil && s.gone(v, span) {
				continue
			}
			t = s.newTrace(span.Trace, v, now)
		}
		if t.has(span.Hash) {
			s.countDuplicate()
			continue
		}
		t.add(position, position, b.route, &b.index, span)
		liveBytes += int64(span.Msg.Len)
		s.learn(t, b, i)
		s.look(t, b, i, now)
		s.touch(t, now)
	}
	if liveBytes > 0 {
		s.engine.live.add(position.Segment(), liveBytes)
	}
	s.settle()
}

// countLate counts a late span, once: what is replayed after a restart was counted before it.
func (s *shard) countLate(outcome string) {
	if s.live {
		s.engine.metrics.late(outcome)
	}
}

func (s *shard) countDuplicate() {
	if s.live {
		s.engine.metrics.duplicate()
	}
}

// gone reports, and counts, that nothing is to be done about a span of a trace that has left: it was dropped, and its
// late spans follow it, or the backend has this very span.
func (s *shard) gone(v *verdictOf, span *otlp.Span) bool {
	switch {
	case v.dropped:
		s.countLate(droppedLate)
	case slices.Contains(v.hashes, span.Hash):
		s.countDuplicate()
	default:
		return false
	}
	return true
}

// learn folds what span i of b, the last that was added to t, says into an open trace.
func (s *shard) learn(t *trace, b *batch, i int) {
	if t.phase > deciding {
		s.countLate(keptLate)
		return
	}
	span := &b.index.Spans[i]
	if span.Parent == (otlp.SpanID{}) {
		t.rooted = true
	}
	t.noteState(span, b.body.buf)
	if t.facts == nil {
		s.begin(t, b.plan)
	}
	// Facts of two plans do not mix: such a trace is read again from the log when it is decided.
	if t.plan != b.plan {
		t.refold = true
		return
	}
	b.plan.fold(t, &b.index, b.body.buf, i, uint64(t.groups[len(t.groups)-1].origin), s.interner)
}

// noteState keeps the tracestate of the earliest root, else of the earliest span that has one.
func (t *trace) noteState(span *otlp.Span, body []byte) {
	if span.TraceState.Len == 0 {
		return
	}
	isRoot := span.Parent == otlp.SpanID{}
	text := span.TraceState.In(body)
	better := t.traceState == "" || (isRoot && !t.stateOfRoot)
	if !better && isRoot == t.stateOfRoot { // equal starts go by the text, so that the order of arrival does not count
		better = span.Start < t.stateStart || (span.Start == t.stateStart && string(text) < t.traceState)
	}
	if !better {
		return
	}
	t.traceState = string(text)
	t.stateOfRoot, t.stateStart = isRoot, span.Start
}

// touch notes that the record being folded has changed t.
func (s *shard) touch(t *trace, now int64) {
	t.last = now
	if t.round != s.round {
		t.round = s.round
		s.touched = append(s.touched, t)
	}
}

// settle does, once for each trace that a record touched, what need not be done for each span.
func (s *shard) settle() {
	for _, t := range s.touched {
		s.charge(t)
		if t.rooted && t.rootAt == 0 {
			t.rootAt = t.last
		}
		switch t.phase {
		case open:
			if limit := s.engine.cfg.Decide.MaximumTraceSizeBytes; limit > 0 && t.weigh() > limit {
				t.abandoned = ReasonOversize
			}
			if t.slot < 0 {
				s.order.push(t)
			}
			// A later deadline is found out when the earlier one comes; only a nearer one needs moving now.
			if d := s.deadline(t); t.slot < 0 || d < t.deadline {
				t.deadline = d
				s.due.set(t)
			}
		case pending:
			s.export(t)
		}
	}
	clear(s.touched)
	s.touched = s.touched[:0]
}
