package sampler

import (
	"fmt"
	"math"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"
)

// What no sane sender writes is taken, judged and passed on like anything else.
func TestEngine_SurvivesAbsurdTraces(t *testing.T) {
	root := func(change func(ptrace.Span)) ptrace.Traces {
		traces := request(traceID(1), spec{name: "root", failed: true})
		change(traces.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0))
		return traces
	}
	for name, traces := range map[string]ptrace.Traces{
		"end before start": root(func(s ptrace.Span) { s.SetStartTimestamp(100); s.SetEndTimestamp(1) }),
		"no times":         root(func(s ptrace.Span) { s.SetStartTimestamp(0); s.SetEndTimestamp(0) }),
		"times of 2^63":    root(func(s ptrace.Span) { s.SetStartTimestamp(1 << 63); s.SetEndTimestamp(math.MaxUint64) }),
		"its own parent":   root(func(s ptrace.Span) { s.SetParentSpanID(s.SpanID()) }),
		"a hundred thousand attributes": root(func(s ptrace.Span) {
			s.Attributes().EnsureCapacity(100_000)
			for i := range 100_000 {
				s.Attributes().PutInt(fmt.Sprint("key", i), int64(i))
			}
		}),
		"a megabyte of name": root(func(s ptrace.Span) { s.SetName(string(make([]byte, 1<<20))) }),
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				r := newRig(t, errorsOnly)
				defer r.close()
				r.send(traces)
				r.pass(DefaultIdle + 2*time.Second)
				if got := r.sink.count(); got != 1 {
					t.Errorf("spans at the backend: got %d, want 1", got)
				}
				r.row(traceID(1))
				r.idle()
			})
		})
	}
}

func TestEngine_TakesATraceOfAHundredThousandSpans(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		r := newRig(t, errorsOnly, func(c *Config) { c.Export.MaxBytes = 1 << 20 })
		defer r.close()
		const n, batch = 100_000, 5_000
		id := traceID(1)
		for from := 0; from < n; from += batch {
			specs := make([]spec, batch)
			for i := range specs {
				specs[i] = spec{name: fmt.Sprintf("%07d", from+i), parent: "root", failed: true}
			}
			r.send(request(id, specs...))
		}
		r.send(request(id, spec{name: "root"}))
		r.pass(DefaultSettle + time.Minute)
		if got := r.sink.count(); got != n+1 {
			t.Errorf("spans at the backend: got %d, want %d", got, n+1)
		}
		if row := r.row(id); row.SpansN != n+1 {
			t.Errorf("spans in the ledger: got %d, want %d", row.SpansN, n+1)
		}
		r.idle()
	})
}

func TestEngine_CountsSpansWithoutValidIds(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		r := newRig(t, errorsOnly)
		defer r.close()
		traces := request(traceID(1), spec{name: "root", failed: true}, spec{name: "none", parent: "root"})
		traces.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(1).SetTraceID([16]byte{})
		accepted := r.send(traces)
		if accepted.SpansN != 1 || accepted.RejectedN != 1 || accepted.Message == "" {
			t.Errorf("got %+v, want one span accepted, one rejected, and why", accepted)
		}
		r.pass(DefaultSettle + 2*time.Second)
		if got := r.sink.count(); got != 1 {
			t.Errorf("spans at the backend: got %d, want 1", got)
		}
	})
}
