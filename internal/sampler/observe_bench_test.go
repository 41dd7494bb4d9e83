package sampler

import (
	"testing"
	"time"

	"go.opentelemetry.io/collector/consumer/consumertest"

	"github.com/tailwise/tailwise/internal/ledger"
	"github.com/tailwise/tailwise/internal/traffic"
	"github.com/tailwise/tailwise/internal/wal"
)

// What it costs to show a decided trace of an agent to the meter and the doctor, and to the doctor alone.
func BenchmarkShardObserve(b *testing.B) {
	for _, part := range []string{"meter and doctor", "doctor"} {
		b.Run(part, func(b *testing.B) {
			e, source := benchEngine(b)
			if part != "doctor" {
				outlet, err := e.AttachMetrics("bench", consumertest.NewNop())
				if err != nil {
					b.Fatal(err)
				}
				defer outlet.Detach(b.Context())
			}
			bodies, spansN := requests(b, traffic.Agent, 200)
			s := newShard(e, 1<<20)
			for i, body := range bodies {
				x := e.newBatch()
				x.body = source.NewBody(len(body))
				x.body.Append(body)
				if err := x.index.Walk(x.body.Bytes(), x.plan.Keys()); err != nil {
					b.Fatal(err)
				}
				s.fold(x, wal.Position(1<<32|i*8))
			}
			var all []*trace
			for _, t := range s.traces {
				all = append(all, t)
			}
			d := &decision{verdict: ledger.Keep, decidedAt: time.Now()}
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				s.observe(all[i%len(all)], d)
				i++
			}
			b.ReportMetric(float64(spansN)/float64(len(all)), "spans/trace")
		})
	}
}
