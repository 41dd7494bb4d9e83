package sampler

import (
	"time"

	"github.com/tailwise/tailwise/internal/agent"
	"github.com/tailwise/tailwise/internal/doctor"
	"github.com/tailwise/tailwise/internal/ledger"
	"github.com/tailwise/tailwise/internal/meter"
)

// observe tells those who look at all traffic of a trace whose verdict takes effect, while its facts are there: one walk
// over its spans for both. It is called live only, so after a restart no trace counts twice; a verdict that took effect
// only after the restart is not counted at all.
func (s *shard) observe(t *trace, d *decision) {
	if t.facts == nil {
		return
	}
	now := s.engine.clock.Now()
	counted := s.recorder != nil && s.engine.outlets.n.Load() > 0 // else nobody would ever see it
	if !counted && !s.mayExamine(now) {
		return
	}
	s.examiner.Begin(t.facts)
	if counted {
		s.recorder.Begin(t.facts)
		t.facts.Spans(s.examineAndCount)
	} else {
		t.facts.Spans(s.examineOnly)
	}
	kept, late := d.verdict == ledger.Keep, d.flags.has(flagLate)
	if counted {
		s.recorder.End(meter.Trace{ID: t.id, Kept: kept, Fragment: late, At: now})
	}
	// Spans of a trace that was decided early may still come, and those of a late fragment's trace came before.
	s.examiner.End(doctor.Trace{ID: t.id, Kept: kept, Partial: late || d.flags.has(flagEarly), At: now})
}

// examineRate is how many traces a second of each shard the doctor looks at where nothing else walks over their spans. It
// deals in shares, and a walk over each trace of a busy service's would cost a twentieth of the processor.
const examineRate = 200

// mayExamine takes one of the second's examinations, if there is one left.
func (s *shard) mayExamine(now time.Time) bool {
	if second := now.Unix(); s.examinedIn != second {
		s.examinedIn, s.examined = second, 0
	}
	s.examined++
	return s.examined <= examineRate
}

func (s *shard) examineSpan(span *agent.Span) bool {
	s.examiner.Span(span)
	return true
}

func (s *shard) countSpan(span *agent.Span) bool {
	s.recorder.Span(span)
	return s.examineSpan(span)
}

// look shows the doctor the span that was just learned, if it is one of those that are looked at whole. What is replayed
// after a restart was looked at before.
func (s *shard) look(t *trace, b *batch, i int, now int64) {
	span := &b.index.Spans[i]
	if !s.live || !doctor.Wants(span.Hash) || t.phase > deciding || t.plan != b.plan {
		return
	}
	service, dialect := t.facts.Last()
	body := b.body.buf
	s.engine.doctor.Look(service, dialect, t.id, span.Name.In(body), span.Msg.In(body), time.Unix(0, now))
}
