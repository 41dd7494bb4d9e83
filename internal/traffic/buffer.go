package traffic

import (
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"
)

// A buffer is the batch processor of one process.
type buffer struct {
	service service
	due     time.Time // when the first span has waited long enough
	spans   ptrace.Traces
	scopes  map[string]ptrace.SpanSlice
	spansN  int
	bytes   int
}

// add takes a span that ends now, and says whether the batch is full.
func (b *buffer) add(s endingSpan, now time.Time) bool {
	if b.spansN == 0 {
		b.due = now.Add(MaxBatchWait)
		b.spans = ptrace.NewTraces()
		b.scopes = map[string]ptrace.SpanSlice{}
		b.service.describe(b.spans.ResourceSpans().AppendEmpty().Resource())
	}
	to, ok := b.scopes[s.at.scope]
	if !ok {
		scope := b.spans.ResourceSpans().At(0).ScopeSpans().AppendEmpty()
		scope.Scope().SetName(s.at.scope)
		scope.Scope().SetVersion("1.0.0")
		to = scope.Spans()
		b.scopes[s.at.scope] = to
	}
	s.span.MoveTo(to.AppendEmpty())
	var m ptrace.ProtoMarshaler
	b.bytes += m.SpanSize(to.At(to.Len() - 1))
	b.spansN++
	return b.spansN >= MaxBatchSpans || b.bytes >= MaxBatchBytes
}

func (b *buffer) batch(at time.Time) Batch {
	batch := Batch{At: at, Spans: b.spans, SpansN: b.spansN}
	b.spansN, b.bytes = 0, 0
	return batch
}
