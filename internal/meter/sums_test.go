package meter_test

import (
	"fmt"
	"math"
	"testing"

	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/tailwise/tailwise/internal/agent"
	"github.com/tailwise/tailwise/internal/meter"
	"github.com/tailwise/tailwise/internal/otlp"
	"github.com/tailwise/tailwise/internal/traffic"
	"github.com/tailwise/tailwise/testdata/recordings"
)

// sumsAre says which metric, summed over all its points, is the sum of which fact over all traces.
var sumsAre = map[string]string{
	"tailwise.tokens": "tokens.total", "tailwise.cost": "cost.usd", "tailwise.cost.unpriced": "cost.unpriced",
	"tailwise.llm.calls": "llm.calls", "tailwise.llm.errors": "llm.errors",
	"tailwise.tool.calls": "tool.calls", "tailwise.tool.errors": "tool.errors", "tailwise.tool.timeouts": "tool.timeouts",
	"tailwise.retrieval.calls": "retrievals", "tailwise.step.calls": "steps",
}

// TestMeter_SumsAreTheFacts: whatever traffic comes, and however small the bound, each metric over all its series says
// what the facts of all traces say.
func TestMeter_SumsAreTheFacts(t *testing.T) {
	all := generated(t, 60)
	recorded, err := recordings.All()
	if err != nil {
		t.Fatal(err)
	}
	plan := agent.NewPlan(nil)
	for i := range recorded {
		traces := make(map[otlp.TraceID]*agent.Facts)
		for _, request := range recorded[i].Requests {
			body, err := otlp.FromJSON(request)
			if err != nil {
				t.Fatal(err)
			}
			foldBody(t, plan, body, traces)
		}
		for _, f := range traces {
			all = append(all, f)
		}
	}
	for _, bound := range []int{1000, 3} {
		m := newMeter(bound, 5)
		r := m.NewRecorder()
		want := make(map[string]float64)
		for _, f := range all {
			record(r, f, meter.Trace{At: begun})
			for metric, fact := range sumsAre {
				want[metric] += number(f, fact)
			}
		}
		got := sums(m.Metrics(begun))
		for metric, fact := range sumsAre {
			if math.Abs(got[metric]-want[metric]) > 1e-6 {
				t.Errorf("at most %d series: %s: got %v, want %v, the sum of %s over %d traces", bound, metric, got[metric], want[metric], fact, len(all))
			}
		}
		if got["tailwise.traces"] != float64(len(all)) {
			t.Errorf("at most %d series: traces: got %v, want %d", bound, got["tailwise.traces"], len(all))
		}
	}
}

func number(f *agent.Facts, fact string) float64 {
	switch v, _ := f.Lookup(fact); n := v.(type) {
	case int64:
		return float64(n)
	case float64:
		return n
	}
	return 0
}

func sums(all pmetric.Metrics) map[string]float64 {
	out := make(map[string]float64)
	for _, m := range all.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().All() {
		if m.Type() != pmetric.MetricTypeSum {
			continue
		}
		for _, p := range m.Sum().DataPoints().All() {
			out[m.Name()] += float64(p.IntValue()) + p.DoubleValue()
		}
	}
	return out
}

// generated folds n traces of agents, a few of them in trouble.
func generated(t testing.TB, n int) (all []*agent.Facts) {
	t.Helper()
	g, err := traffic.New(traffic.Config{Seed: 7, Shares: traffic.DefaultShares})
	if err != nil {
		t.Fatal(err)
	}
	for range n {
		trace, ok := g.Next()
		if !ok {
			break
		}
		for _, f := range fold(t, trace.Spans) {
			all = append(all, f)
		}
	}
	return all
}

// BenchmarkRecorder is what a trace costs: the walk over its spans, which health shares, and the additions.
func BenchmarkRecorder(b *testing.B) {
	all := generated(b, 200)
	m := newMeter(1000, 100)
	r := m.NewRecorder()
	spans := 0
	for i, f := range all {
		spans += int(number(f, "spans"))
		record(r, f, meter.Trace{At: begun, ID: [16]byte{byte(i)}, Kept: i%10 == 0})
	}
	for _, part := range []string{"walk", "walk and record"} {
		b.Run(part, func(b *testing.B) {
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				f := all[i%len(all)]
				if i++; part == "walk" {
					f.Spans(func(*agent.Span) bool { return true })
					continue
				}
				record(r, f, meter.Trace{At: begun})
			}
			b.ReportMetric(float64(spans)/float64(len(all)), "spans/trace")
		})
	}
	b.Logf("series: %d", len(lines(m.Metrics(begun))))
}

// BenchmarkMetrics is what one rendering costs.
func BenchmarkMetrics(b *testing.B) {
	m := newMeter(1000, 0)
	r := m.NewRecorder()
	for i := range 1000 {
		record(r, factsOf(b, span{id: 1, start: 1, end: 2, attrs: chat(fmt.Sprint("m", i), 10, 0)}), meter.Trace{At: begun})
	}
	b.ReportAllocs()
	for b.Loop() {
		m.Metrics(begun)
	}
}
