package sampler

import (
	"slices"

	"github.com/tailwise/tailwise/internal/otlp"
	"github.com/tailwise/tailwise/internal/wal"
)

// holding is what one trace still needs of one segment, copied so that the janitor can read it while the shard goes on.
type holding struct {
	trace    otlp.TraceID
	groups   []group
	spans    []spanRef // in the order of groups
	decision *decision
	refused  string
}

// holdingsMessage asks a shard what its traces still need of a segment.
type holdingsMessage struct {
	segment wal.SegmentID
	reply   chan<- []holding
}

func (m holdingsMessage) apply(s *shard) {
	var all []holding
	for _, t := range s.traces {
		if h := t.holding(m.segment); len(h.groups) > 0 {
			all = append(all, h)
		}
	}
	m.reply <- all
}

func (t *trace) holding(segment wal.SegmentID) holding {
	h := holding{trace: t.id, decision: t.decision, refused: t.refused}
	at := 0
	for _, g := range t.groups {
		refs := t.spans[at : at+int(g.spansN)]
		at += int(g.spansN)
		if g.position.Segment() == segment {
			h.groups, h.spans = append(h.groups, g), append(h.spans, refs...)
		}
	}
	return h
}

// carriedMessage is a carried record for the shard that owns its trace.
type carriedMessage struct {
	meta     carriedMeta
	batch    *batch
	position wal.Position
}

func (m carriedMessage) apply(s *shard) {
	s.applyCarried(&m)
	m.batch.release()
}

// applyCarried moves a trace's references to the copy. After a restart the original may be gone; then the copy's
// spans are taken in as the original's were, and the verdict that travels with them is applied.
func (s *shard) applyCarried(m *carriedMessage) {
	now := s.engine.clock.Now().UnixNano()
	t := s.traces[m.meta.trace]
	if t == nil {
		v := s.decided.get(m.meta.trace)
		if v != nil && v.dropped {
			return // nothing is owed for it any more
		}
		t = s.newTrace(m.meta.trace, v, now)
	}
	s.round++
	moved := s.uncarry(t, m)
	s.touch(t, t.last)
	s.takeCopies(t, m, moved)
	if d := m.meta.decision; d != nil && t.decision == nil {
		s.keep(t, d)
	}
	if m.meta.refused != "" && !s.live {
		s.setAside(t, m.meta.refused)
	}
	if len(t.spans) == 0 && !t.queued { // the backend has answered for all of it meanwhile
		s.touched = s.touched[:0]
		s.finish(t)
		return
	}
	s.settle()
}

// uncarry takes the references to the originals of a carried record out of t, and returns their hashes.
func (s *shard) uncarry(t *trace, m *carriedMessage) map[uint64]bool {
	copies := make(map[uint64]bool, len(m.batch.index.Spans))
	for i := range m.batch.index.Spans {
		copies[m.batch.index.Spans[i].Hash] = false
	}
	s.release(t.part(func(_ *group, ref spanRef) bool {
		_, ok := copies[ref.hash]
		if ok {
			copies[ref.hash] = true
		}
		return ok
	}))
	return copies
}

// takeCopies adds the carried spans that something is still owed for: those whose references moved, and, when the
// originals are gone, those that the backend has not answered for.
func (s *shard) takeCopies(t *trace, m *carriedMessage, moved map[uint64]bool) {
	var bytes int64
	next := 0
	for _, o := range m.meta.origins {
		for ; o.spansN > 0 && next < len(m.batch.index.Spans); o.spansN-- {
			i := next
			span := &m.batch.index.Spans[i]
			next++
			if !moved[span.Hash] && (o.position <= t.answered || t.has(span.Hash)) {
				continue
			}
			t.add(m.position, o.position, m.batch.route, &m.batch.index, span)
			bytes += int64(span.Msg.Len)
			if t.phase <= deciding && !moved[span.Hash] {
				s.learn(t, m.batch, i)
			}
		}
	}
	s.engine.live.add(m.position.Segment(), bytes)
}

// lostMessage says of spans of a trace that they cannot be read back from the log.
type lostMessage struct {
	trace  otlp.TraceID
	hashes []uint64
}

func (m lostMessage) apply(s *shard) {
	if t := s.traces[m.trace]; t != nil {
		s.release(t.part(func(_ *group, ref spanRef) bool { return slices.Contains(m.hashes, ref.hash) }))
		s.charge(t)
		if len(t.spans) == 0 && t.decision != nil && !t.queued {
			s.finish(t)
		}
	}
}
