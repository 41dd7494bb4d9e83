package traffic

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// A place is where a span comes from: the process and the instrumentation.
type place struct {
	service service
	scope   string
}

// A placed span knows its times as points on the trace's own scale, until the writer stamps it.
type placed struct {
	span     ptrace.Span
	from, to float64
}

// A writer puts the spans of one trace together. Time in it is weight: it moves as work is spent, and is stretched
// over the trace's duration at the end.
type writer struct {
	rng    *rand.Rand
	id     pcommon.TraceID
	traces ptrace.Traces
	places map[place]ptrace.SpanSlice
	homes  map[service]ptrace.ResourceSpans
	spans  []placed
	cursor float64
}

func newWriter(rng *rand.Rand) *writer {
	w := &writer{rng: rng, traces: ptrace.NewTraces(),
		places: map[place]ptrace.SpanSlice{}, homes: map[service]ptrace.ResourceSpans{}}
	binary.BigEndian.PutUint64(w.id[:8], rng.Uint64())
	binary.BigEndian.PutUint64(w.id[8:], rng.Uint64()|1) // never all zero
	return w
}

func (w *writer) at(p place) ptrace.SpanSlice {
	if spans, ok := w.places[p]; ok {
		return spans
	}
	home, ok := w.homes[p.service]
	if !ok {
		home = w.traces.ResourceSpans().AppendEmpty()
		p.service.describe(home.Resource())
		w.homes[p.service] = home
	}
	scope := home.ScopeSpans().AppendEmpty()
	scope.Scope().SetName(p.scope)
	scope.Scope().SetVersion("1.0.0")
	w.places[p] = scope.Spans()
	return scope.Spans()
}

func (s service) describe(r pcommon.Resource) {
	r.Attributes().PutStr("service.name", s.name)
	r.Attributes().PutStr("service.version", s.version)
	r.Attributes().PutStr("service.instance.id", s.host)
	r.Attributes().PutStr("deployment.environment.name", "production")
	r.Attributes().PutStr("telemetry.sdk.name", "opentelemetry")
	r.Attributes().PutStr("telemetry.sdk.language", "python")
}

// An open span takes time until it is ended.
type openSpan struct {
	ptrace.Span
	index int
}

// begin opens a span at the cursor. A zero parent makes a root.
func (w *writer) begin(p place, parent pcommon.SpanID, name string, kind ptrace.SpanKind) openSpan {
	span := w.at(p).AppendEmpty()
	var id pcommon.SpanID
	binary.BigEndian.PutUint64(id[:], w.rng.Uint64()|1)
	span.SetTraceID(w.id)
	span.SetSpanID(id)
	span.SetParentSpanID(parent)
	span.SetName(name)
	span.SetKind(kind)
	span.SetFlags(0x101) // sampled; the parent is known to be local
	w.spans = append(w.spans, placed{span: span, from: w.cursor})
	return openSpan{Span: span, index: len(w.spans) - 1}
}

// end closes the span after it has spent a little time of its own.
func (w *writer) end(s openSpan, own float64) {
	w.cursor += own * (0.5 + w.rng.Float64())
	w.spans[s.index].to = w.cursor
}

// fail gives the span an error status of the kind.
func fail(s openSpan, kind, message string) {
	s.Status().SetCode(ptrace.StatusCodeError)
	s.Status().SetMessage(message)
	s.Attributes().PutStr("error.type", kind)
}

// stamp turns weights into times: the first span starts at start, the last ends duration later. Events happen when
// their span ends.
func (w *writer) stamp(start time.Time, duration time.Duration) {
	scale := float64(duration) / w.cursor
	when := func(weight float64) pcommon.Timestamp {
		return pcommon.NewTimestampFromTime(start.Add(time.Duration(math.Round(weight * scale))))
	}
	for _, p := range w.spans {
		p.span.SetStartTimestamp(when(p.from))
		p.span.SetEndTimestamp(when(p.to))
		for _, event := range p.span.Events().All() {
			event.SetTimestamp(when(p.to))
		}
	}
}
