package agent_test

import (
	"testing"

	"github.com/tailwise/tailwise/internal/agent"
	"github.com/tailwise/tailwise/internal/otlp"
	"github.com/tailwise/tailwise/internal/traffic"
)

// BenchmarkTraffic is all that facts cost of agents' traffic as the engine sees it: the walk over requests, the fold, and
// a ledger row for each trace.
func BenchmarkTraffic(b *testing.B) {
	generator, err := traffic.New(traffic.Config{Profile: traffic.Agent, Seed: 1})
	if err != nil {
		b.Fatal(err)
	}
	var bodies [][]byte
	spans := 0
	emitter := traffic.NewEmitter(generator, 200)
	for batch, ok := emitter.Next(); ok; batch, ok = emitter.Next() {
		bodies = append(bodies, batch.Encode())
		spans += batch.SpansN
	}
	plan := agent.NewPlan([]string{"judge.score_pct"})
	var in agent.Interner
	var x otlp.Index
	var row []byte
	var free []*agent.Facts
	traces, held := make(map[otlp.TraceID]*agent.Facts), 0
	b.ReportAllocs()
	for b.Loop() {
		for _, body := range bodies {
			if err := x.Walk(body, plan.Keys()); err != nil {
				b.Fatal(err)
			}
			for i := range x.Spans {
				f := traces[x.Spans[i].Trace]
				if f == nil {
					if f = new(agent.Facts); len(free) > 0 {
						f, free = free[len(free)-1], free[:len(free)-1]
					}
					traces[x.Spans[i].Trace] = f
				}
				plan.Fold(f, &x, body, i, &in)
			}
		}
		held = 0
		for _, f := range traces {
			row = f.AppendJSON(row[:0])
			held += f.Bytes()
			f.Reset()
			free = append(free, f)
		}
		clear(traces)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(spans), "ns/span")
	b.ReportMetric(float64(held)/200, "B/trace")
	b.ReportMetric(float64(spans)/200, "spans/trace")
}
