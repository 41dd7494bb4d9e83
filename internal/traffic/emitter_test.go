package traffic

import (
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

func emit(t *testing.T, cfg Config, traces int) ([]Batch, *Emitter) {
	t.Helper()
	g, err := New(cfg)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	e := NewEmitter(g, traces)
	var batches []Batch
	for {
		b, ok := e.Next()
		if !ok {
			return batches, e
		}
		batches = append(batches, b)
	}
}

// busy is traffic dense enough to fill batches.
var busy = Config{Sessions: 60, Concurrent: 60, TurnsPerSession: [2]int{4, 6}, PayloadBytes: minAgentSpan,
	Pause: [2]time.Duration{time.Second, 5 * time.Second}, Shares: DefaultShares}

func TestEmitter_SendsEverySpanOnce(t *testing.T) {
	want := map[pcommon.SpanID]bool{}
	traces := generate(t, busy)
	for _, trace := range traces {
		for _, span := range spansOf(trace.Spans) {
			want[span.SpanID()] = true
		}
	}
	batches, e := emit(t, busy, 0)
	got := map[pcommon.SpanID]int{}
	for _, b := range batches {
		spans := spansOf(b.Spans)
		if b.SpansN != len(spans) {
			t.Errorf("batch says %d spans and holds %d", b.SpansN, len(spans))
		}
		for _, span := range spans {
			got[span.SpanID()]++
			if !want[span.SpanID()] || got[span.SpanID()] > 1 {
				t.Fatalf("span %s: unknown or sent %d times", span.SpanID(), got[span.SpanID()])
			}
		}
	}
	if len(got) != len(want) {
		t.Errorf("got %d spans sent, want %d", len(got), len(want))
	}
	if e.TracesN != len(traces) {
		t.Errorf("TracesN: got %d, want %d", e.TracesN, len(traces))
	}
}

func TestEmitter_SendsSpansWhenTheyEnd(t *testing.T) {
	batches, _ := emit(t, busy, 0)
	var last time.Time
	sent := map[pcommon.SpanID]int{}
	for i, b := range batches {
		if b.At.Before(last) {
			t.Errorf("batch %d is sent at %v, before the one earlier at %v", i, b.At, last)
		}
		last = b.At
		for _, span := range spansOf(b.Spans) {
			end := span.EndTimestamp().AsTime()
			if end.After(b.At) || b.At.Sub(end) > MaxBatchWait {
				t.Errorf("span that ended at %v is sent at %v", end, b.At)
			}
			sent[span.SpanID()] = i
		}
	}
	for i, b := range batches {
		for _, span := range spansOf(b.Spans) {
			// A parent in another process may be sent earlier, as its process may fill a batch first.
			if parent, ok := sent[span.ParentSpanID()]; ok && parent < i && sameService(batches[parent], b) {
				t.Errorf("span %q is sent in batch %d, its parent earlier in batch %d", span.Name(), i, parent)
			}
		}
	}
}

func sameService(a, b Batch) bool {
	return serviceOf(a.Spans.ResourceSpans().At(0).Resource()) == serviceOf(b.Spans.ResourceSpans().At(0).Resource())
}

func TestEmitter_BatchesMixTracesWithinTheirLimits(t *testing.T) {
	cfg := busy
	cfg.PayloadBytes = 20_000
	batches, _ := emit(t, cfg, 0)
	full, mixed := 0, 0
	for _, b := range batches {
		if got := b.Spans.ResourceSpans().Len(); got != 1 {
			t.Errorf("batch has %d resources, want the one of its process", got)
		}
		data := b.Encode()
		if b.SpansN > MaxBatchSpans || len(data) > 4<<20 {
			t.Errorf("batch of %d spans and %d bytes, want at most %d and 4 MiB", b.SpansN, len(data), MaxBatchSpans)
		}
		if b.SpansN == MaxBatchSpans || len(data) > MaxBatchBytes {
			full++
		}
		if tracesIn(b.Spans) > 1 {
			mixed++
		}
	}
	if full == 0 || mixed < len(batches)/2 {
		t.Errorf("of %d batches got %d full and %d mixed, want some and most", len(batches), full, mixed)
	}
}

func tracesIn(td ptrace.Traces) int {
	ids := map[pcommon.TraceID]bool{}
	for _, span := range spansOf(td) {
		ids[span.TraceID()] = true
	}
	return len(ids)
}

func TestEmitter_StopsAtItsLimit(t *testing.T) {
	batches, e := emit(t, Config{Profile: Small, Shares: Shares{Slow: 1}}, 25)
	spans := 0
	for _, b := range batches {
		spans += b.SpansN
	}
	if got, want := spans, 25*45; got != want {
		t.Errorf("25 traces of 45 spans: got %d spans, want %d", got, want)
	}
	if got := e.Trouble[Slow]; got != 25 {
		t.Errorf("Trouble[Slow]: got %d, want 25", got)
	}
}
