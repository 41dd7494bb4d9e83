package traffic

import (
	"container/heap"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// How SDKs batch by default; MaxBytes keeps a request below the 4 MiB that gRPC servers take by default.
const (
	MaxBatchSpans = 512
	MaxBatchWait  = 5 * time.Second
	MaxBatchBytes = 3_500_000
)

// Batch is a request of one process: spans of many conversations in the order in which they ended.
type Batch struct {
	// At is when the process sends it, on the scale of Config.Start. Batches come in this order; whoever plays
	// them in real time waits for it.
	At     time.Time
	Spans  ptrace.Traces
	SpansN int
}

// Encode returns the batch as an OTLP ExportTraceServiceRequest; see the function Encode.
func (b Batch) Encode() []byte { return Encode(b.Spans) }

// Emitter sends the traces of a Generator as processes do: each span when it ends, children before their parents,
// in batches that mix what runs at the same time. Not safe for concurrent use.
type Emitter struct {
	from    *Generator
	limit   int // traces still to take, or below 0 for all
	seq     int
	ending  endHeap
	buffers []*buffer // by service, in the order of their first span
	ready   []Batch
	// Trouble counts the traces taken so far by each kind of trouble; a trace may count in several.
	Trouble map[Trouble]int
	// TracesN counts the traces taken so far.
	TracesN int
}

// NewEmitter takes at most traces traces from g, or all when traces is 0.
func NewEmitter(g *Generator, traces int) *Emitter {
	if traces == 0 {
		traces = -1
	}
	return &Emitter{from: g, limit: traces, Trouble: map[Trouble]int{}}
}

// Next returns the next batch; false when all that was taken has been sent.
func (e *Emitter) Next() (Batch, bool) {
	for len(e.ready) == 0 {
		e.take()
		if len(e.ending) == 0 {
			e.flush(time.Time{}, true)
			break
		}
		s := heap.Pop(&e.ending).(endingSpan)
		end := s.span.EndTimestamp().AsTime()
		e.flush(end, false)
		if b := e.buffer(s.at.service); b.add(s, end) {
			e.ready = append(e.ready, b.batch(end))
		}
	}
	if len(e.ready) == 0 {
		return Batch{}, false
	}
	b := e.ready[0]
	e.ready = e.ready[1:]
	return b, true
}

// take brings in every trace that starts before the next span ends; no later trace can end a span before it.
func (e *Emitter) take() {
	for e.limit != 0 {
		start, ok := e.from.Peek()
		if !ok || len(e.ending) > 0 && start.After(e.ending[0].span.EndTimestamp().AsTime()) {
			return
		}
		trace, _ := e.from.Next()
		e.limit--
		e.TracesN++
		for i := range troubleNames {
			if trace.Trouble.Has(1 << i) {
				e.Trouble[1<<i]++
			}
		}
		e.enqueue(trace.Spans)
	}
}

func (e *Emitter) enqueue(t ptrace.Traces) {
	for _, rs := range t.ResourceSpans().All() {
		from := serviceOf(rs.Resource())
		for _, ss := range rs.ScopeSpans().All() {
			for _, span := range ss.Spans().All() {
				e.seq++
				heap.Push(&e.ending, endingSpan{span: span, at: place{from, ss.Scope().Name()}, seq: e.seq})
			}
		}
	}
}

func serviceOf(r pcommon.Resource) service {
	get := func(key string) string {
		v, _ := r.Attributes().Get(key)
		return v.AsString()
	}
	return service{get("service.name"), get("service.version"), get("service.instance.id")}
}

// flush sends the buffers that have waited long enough by now, the oldest first; or, at the end, all of them.
func (e *Emitter) flush(now time.Time, all bool) {
	for {
		var oldest *buffer
		for _, b := range e.buffers {
			if b.spansN > 0 && (oldest == nil || b.due.Before(oldest.due)) {
				oldest = b
			}
		}
		if oldest == nil || !all && oldest.due.After(now) {
			return
		}
		e.ready = append(e.ready, oldest.batch(oldest.due))
	}
}

func (e *Emitter) buffer(s service) *buffer {
	for _, b := range e.buffers {
		if b.service == s {
			return b
		}
	}
	b := &buffer{service: s}
	e.buffers = append(e.buffers, b)
	return b
}

// An endingSpan waits for its end. Spans that end together leave last-made first: a child is made after its parent.
type endingSpan struct {
	span ptrace.Span
	at   place
	seq  int
}

type endHeap []endingSpan

func (h endHeap) Len() int { return len(h) }
func (h endHeap) Less(i, j int) bool {
	a, b := h[i].span.EndTimestamp(), h[j].span.EndTimestamp()
	return a < b || a == b && h[i].seq > h[j].seq
}
func (h endHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *endHeap) Push(x any)   { *h = append(*h, x.(endingSpan)) }
func (h *endHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	old[len(old)-1] = endingSpan{}
	*h = old[:len(old)-1]
	return last
}
