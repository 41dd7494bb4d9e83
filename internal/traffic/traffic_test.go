package traffic

import (
	"bytes"
	"maps"
	"math"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

func generate(t *testing.T, cfg Config) []Trace {
	t.Helper()
	g, err := New(cfg)
	if err != nil {
		t.Fatalf("New(%+v): %v", cfg, err)
	}
	var traces []Trace
	for {
		trace, ok := g.Next()
		if !ok {
			return traces
		}
		traces = append(traces, trace)
	}
}

func spansOf(td ptrace.Traces) []ptrace.Span {
	var spans []ptrace.Span
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, span := range ss.Spans().All() {
				spans = append(spans, span)
			}
		}
	}
	return spans
}

func rootOf(t *testing.T, td ptrace.Traces) ptrace.Span {
	t.Helper()
	for _, span := range spansOf(td) {
		if span.ParentSpanID().IsEmpty() {
			return span
		}
	}
	t.Fatal("trace has no root")
	return ptrace.Span{}
}

func encode(traces []Trace) []byte {
	var all []byte
	for _, trace := range traces {
		all = append(all, Encode(trace.Spans)...)
	}
	return all
}

func TestGenerator_SeedDecidesEverything(t *testing.T) {
	for _, profile := range []Profile{Agent, Small} {
		cfg := Config{Profile: profile, Seed: 7, Sessions: 5, Shares: DefaultShares}
		first, again := encode(generate(t, cfg)), encode(generate(t, cfg))
		if !bytes.Equal(first, again) {
			t.Errorf("%s: two generators with one seed differ: %d and %d bytes", profile, len(first), len(again))
		}
		cfg.Seed = 8
		if other := encode(generate(t, cfg)); bytes.Equal(first, other) {
			t.Errorf("%s: seeds 7 and 8 give the same bytes", profile)
		}
	}
}

func TestGenerator_SessionsDoNotDependOnEachOther(t *testing.T) {
	byID := func(concurrent int) map[string][]string {
		ids := map[string][]string{}
		for _, trace := range generate(t, Config{Seed: 3, Sessions: 6, Concurrent: concurrent}) {
			ids[trace.Session] = append(ids[trace.Session], trace.ID.String())
		}
		return ids
	}
	one, six := byID(1), byID(6)
	if len(one) != 6 || len(six) != 6 {
		t.Fatalf("got %d and %d sessions, want 6", len(one), len(six))
	}
	for id, traces := range one {
		if got, want := strings.Join(six[id], " "), strings.Join(traces, " "); len(traces) < 3 || got != want {
			t.Errorf("session %s: got traces %s interleaved, want %s as alone", id, got, want)
		}
	}
}

func TestGenerator_EndsOrGoesOn(t *testing.T) {
	finite := generate(t, Config{Sessions: 4, TurnsPerSession: [2]int{2, 2}})
	if got, want := len(finite), 8; got != want {
		t.Errorf("4 sessions of 2 turns: got %d traces, want %d", got, want)
	}
	g, err := New(Config{Concurrent: 2, TurnsPerSession: [2]int{1, 1}})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 50 {
		if _, ok := g.Next(); !ok {
			t.Fatalf("endless traffic ended after %d traces", i)
		}
	}
}

func TestGenerator_TracesAreWhole(t *testing.T) {
	for _, cfg := range []Config{
		{Seed: 1, Sessions: 20, Shares: DefaultShares},
		{Seed: 2, Sessions: 10, SpansPerTrace: [2]int{24, 24}, Shares: Shares{Errors: 1, Looping: 1, Retried: 1, Poor: 1}},
		{Seed: 3, Profile: Small, Sessions: 20, Shares: DefaultShares},
	} {
		var last time.Time
		seen := map[pcommon.TraceID]bool{}
		for _, trace := range generate(t, cfg) {
			checkWhole(t, cfg.withDefaults(), trace)
			if trace.Start.Before(last) {
				t.Errorf("trace %s starts at %v, before %v of the trace that came earlier", trace.ID, trace.Start, last)
			}
			if seen[trace.ID] {
				t.Errorf("trace id %s came twice", trace.ID)
			}
			last, seen[trace.ID] = trace.Start, true
		}
	}
}

// checkWhole checks that a trace is a tree under one root, that its ids are valid and that its times nest.
func checkWhole(t *testing.T, cfg Config, trace Trace) {
	t.Helper()
	spans := spansOf(trace.Spans)
	if n := len(spans); n < cfg.SpansPerTrace[0] || n > cfg.SpansPerTrace[1] {
		t.Errorf("trace %s: got %d spans, want them in %v", trace.ID, n, cfg.SpansPerTrace)
	}
	byID := map[pcommon.SpanID]ptrace.Span{}
	for _, span := range spans {
		byID[span.SpanID()] = span
	}
	if len(byID) != len(spans) || trace.ID.IsEmpty() {
		t.Errorf("trace %q: %d spans have %d ids", trace.ID, len(spans), len(byID))
	}
	roots := 0
	for _, span := range spans {
		if span.TraceID() != trace.ID || span.SpanID().IsEmpty() {
			t.Errorf("span %q of trace %s has ids %q %q", span.Name(), trace.ID, span.TraceID(), span.SpanID())
		}
		if span.EndTimestamp() <= span.StartTimestamp() {
			t.Errorf("span %q ends at %v, not after its start %v", span.Name(), span.EndTimestamp(), span.StartTimestamp())
		}
		if span.ParentSpanID().IsEmpty() {
			roots++
			if span.StartTimestamp().AsTime() != trace.Start || span.EndTimestamp().AsTime() != trace.End {
				t.Errorf("root runs from %v to %v, want %v to %v", span.StartTimestamp().AsTime(),
					span.EndTimestamp().AsTime(), trace.Start, trace.End)
			}
			continue
		}
		parent, ok := byID[span.ParentSpanID()]
		if !ok {
			t.Errorf("span %q has parent %s, which is not in trace %s", span.Name(), span.ParentSpanID(), trace.ID)
		} else if span.StartTimestamp() < parent.StartTimestamp() || span.EndTimestamp() > parent.EndTimestamp() {
			t.Errorf("span %q is not within its parent %q", span.Name(), parent.Name())
		}
	}
	if roots != 1 {
		t.Errorf("trace %s: got %d roots, want 1", trace.ID, roots)
	}
}

func TestGenerator_MeanSize(t *testing.T) {
	for name, cfg := range map[string]Config{
		"agent":                 {Sessions: 100, Shares: DefaultShares},
		"agent small":           {Sessions: 60, PayloadBytes: minAgentSpan},
		"agent large":           {Sessions: 40, PayloadBytes: 12_000, TurnsPerSession: [2]int{2, 12}},
		"small":                 {Profile: Small, Sessions: 100, Shares: DefaultShares},
		"small at its smallest": {Profile: Small, Sessions: 100, PayloadBytes: minSmallSpan},
	} {
		g, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		size, spans := 0, 0
		for e := NewEmitter(g, 0); ; {
			batch, ok := e.Next()
			if !ok {
				break
			}
			data := batch.Encode()
			size += len(data)
			spans += batch.SpansN
		}
		got, want := float64(size)/float64(spans), float64(cfg.withDefaults().PayloadBytes)
		t.Logf("%s: %.0f bytes a span over %d spans, want %.0f", name, got, spans, want)
		if math.Abs(got-want) > want/10 {
			t.Errorf("%s: got %.0f bytes a span, want %.0f within a tenth", name, got, want)
		}
	}
}

func TestGenerator_Shares(t *testing.T) {
	want := map[Trouble]float64{Errors: 0.1, Slow: 0.05, Costly: 0.08, Looping: 0.04, Poor: 0.06, Retried: 0.07}
	cfg := Config{Sessions: 400, PayloadBytes: minAgentSpan, SpansPerTrace: [2]int{24, 30},
		Shares: Shares{Errors: 0.1, Slow: 0.05, Costly: 0.08, Looping: 0.04, Poor: 0.06, Retried: 0.07}}
	got := map[Trouble]float64{}
	traces := generate(t, cfg)
	for _, trace := range traces {
		for kind := range want {
			if trace.Trouble.Has(kind) {
				got[kind]++
			}
		}
	}
	n := float64(len(traces))
	for kind, share := range want {
		// Four standard deviations of a binomial share.
		if tolerance := 4 * math.Sqrt(share*(1-share)/n); math.Abs(got[kind]/n-share) > tolerance {
			t.Errorf("%s: got a share of %.3f of %.0f traces, want %.3f within %.3f", kind, got[kind]/n, n, share, tolerance)
		}
	}
	well := generate(t, Config{Sessions: 20})
	for _, trace := range well {
		if trace.Trouble != 0 {
			t.Errorf("trace %s without shares has trouble %q", trace.ID, trace.Trouble)
		}
	}
}

func TestNew_NamesEveryFault(t *testing.T) {
	_, err := New(Config{Profile: "large", Sessions: -1, SpansPerTrace: [2]int{60, 30}, PayloadBytes: 10,
		Pause: [2]time.Duration{2, 1}, TurnsPerSession: [2]int{0, 4}, Shares: Shares{Slow: 1.5, Poor: math.NaN()}})
	if err == nil {
		t.Fatal("New with faults everywhere: got no error")
	}
	for _, field := range []string{"Profile", "Sessions", "SpansPerTrace", "PayloadBytes", "Pause", "TurnsPerSession",
		"Shares.Slow", "Shares.Poor"} {
		if !strings.Contains(err.Error(), field+": ") {
			t.Errorf("got error %q, want it to name %s", err, field)
		}
	}
}

func TestTrouble_String(t *testing.T) {
	for trouble, want := range maps.All(map[Trouble]string{0: "", Errors: "errors", Slow | Retried: "slow,retried"}) {
		if got := trouble.String(); got != want {
			t.Errorf("Trouble(%d).String(): got %q, want %q", trouble, got, want)
		}
	}
}
