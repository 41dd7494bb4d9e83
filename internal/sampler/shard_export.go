package sampler

import (
	"github.com/tailwise/tailwise/internal/otlp"
)

// export hands a kept trace over, unless that is under way already: one export of a trace at a time, so that the mark
// which answers for it is one position.
func (s *shard) export(t *trace) {
	if t.queued || !s.live || t.phase != pending || len(t.spans) == 0 {
		return
	}
	t.queued = true
	s.engine.egress.submit(newDelivery(s, t))
}

// marksMessage is an exported record's part for one shard.
type marksMessage struct{ marks []mark }

func (m marksMessage) apply(s *shard) {
	for i := range m.marks {
		s.applyMark(&m.marks[i])
	}
}

// applyMark notes that the backend has answered for a trace: what it took is needed no more; what it refused for good
// is set aside.
func (s *shard) applyMark(m *mark) {
	t := s.traces[m.trace]
	switch {
	case t == nil:
		s.noteAnswered(m)
		return
	case m.refused != "":
		t.queued = false
		s.setAside(t, m.refused)
		return
	}
	t.queued = false
	s.release(t.answer(m.through))
	if len(t.spans) == 0 {
		s.finish(t)
		return
	}
	// After a restart the verdict may be gone with its segment; facts must not count what is no longer there.
	t.refold = t.phase < pending
	s.charge(t)
	s.export(t)
}

// noteAnswered remembers a mark whose trace is not there, which happens after a restart: copies of what it answers for
// may still follow in the log.
func (s *shard) noteAnswered(m *mark) {
	v := verdictOf{id: m.trace}
	if old := s.decided.get(m.trace); old != nil {
		v = *old
	}
	if m.refused == "" {
		v.answered = max(v.answered, m.through)
	}
	s.decided.put(&v)
}

func (s *shard) setAside(t *trace, why string) {
	if t.phase != pending {
		return
	}
	s.setPhase(t, aside)
	t.refused = why
}

// resubmitMessage hands a trace over again because the references of the last attempt had moved.
type resubmitMessage struct{ trace otlp.TraceID }

func (m resubmitMessage) apply(s *shard) {
	if t := s.traces[m.trace]; t != nil {
		t.queued = false
		s.export(t)
	}
}

// retryMessage hands traces that were set aside over again: those named, or all when none is.
type retryMessage struct {
	traces []otlp.TraceID
	n      chan<- int
}

func (m retryMessage) apply(s *shard) {
	retried := 0
	retry := func(t *trace) {
		if t == nil || t.phase != aside {
			return
		}
		s.setPhase(t, pending)
		t.refused = ""
		s.export(t)
		retried++
	}
	for _, id := range m.traces {
		retry(s.traces[id])
	}
	if len(m.traces) == 0 {
		for _, t := range s.traces {
			retry(t)
		}
	}
	m.n <- retried
}
