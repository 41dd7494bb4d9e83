package policy_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/tailwise/tailwise/internal/policy"
)

// BenchmarkDecide decides batches of healthy traces by five rules of the usual kinds.
func BenchmarkDecide(b *testing.B) {
	p := compile(b, rules(
		`name: errors, when: errors > 0, keep: week`,
		`name: slow, when: 'duration > duration("30s")', keep: week`,
		`name: costly, when: tokens.total > 50000, keep: week`,
		`name: bad-retrieval, when: attr_min("retrieval.top_score") < 0.7, keep: week`,
		`name: baseline, sample: 5%, keep: week`,
	))
	f := facts(b, p,
		span{name: "run", length: 2 * time.Second, attrs: attrs{"session.id": "conv-1", "gen_ai.operation.name": "invoke_agent"}},
		span{name: "chat", attrs: attrs{"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": 1200, "retrieval.top_score": 0.9}},
	)
	const n = 100
	r := rand.New(rand.NewPCG(1, 1))
	inputs := make([]policy.Input, n)
	for i := range inputs {
		inputs[i] = policy.Input{Facts: f, TraceID: traceID(r.Float64())}
	}
	st := policy.NewState(p, noon)
	b.ReportAllocs()
	for b.Loop() {
		p.Decide(inputs, st, noon, time.Time{})
	}
	traces := float64(b.N) * n
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/traces, "ns/trace")
	b.ReportMetric(traces/b.Elapsed().Seconds(), "traces/s")
}
