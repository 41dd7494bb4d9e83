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
	if t == nil || t.phase < pending {
		return
	}
	t.queued = false
	if m.refused != "" {
		s.setAside(t, m.refused)
		return
	}
	s.release(t.answer(m.through))
	if len(t.spans) > 0 {
		s.charge(t)
		s.export(t)
		return
	}
	if t.phase == pending {
		s.waiting--
	} else {
		s.asideN--
	}
	s.remember(t.id, t.decision, t.sent, t.answered)
	s.retire(t)
}

func (s *shard) setAside(t *trace, why string) {
	if t.phase == pending {
		s.waiting--
		s.asideN++
	}
	t.phase, t.refused = aside, why
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
		t.phase, t.refused = pending, ""
		s.waiting++
		s.asideN--
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
