package sampler

import (
	"github.com/tailwise/tailwise/internal/agent"
	"github.com/tailwise/tailwise/internal/ledger"
	"github.com/tailwise/tailwise/internal/meter"
)

// observe tells those who look at all traffic of a trace whose verdict takes effect, while its facts are there. It is
// called live only, so after a restart no trace counts twice; a verdict that took effect only after the restart is not
// counted at all.
func (s *shard) observe(t *trace, d *decision) {
	if s.recorder == nil || t.facts == nil {
		return
	}
	s.recorder.Begin(t.facts)
	t.facts.Spans(s.observeSpan)
	s.recorder.End(meter.Trace{
		ID: t.id, Kept: d.verdict == ledger.Keep, Fragment: d.flags.has(flagLate), At: s.engine.clock.Now(),
	})
}

func (s *shard) observeSpan(span *agent.Span) bool {
	s.recorder.Span(span)
	return true
}
