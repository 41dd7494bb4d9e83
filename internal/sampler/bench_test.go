package sampler

import (
	"context"
	"fmt"
	"testing"
	"time"

	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"

	"github.com/tailwise/tailwise/internal/traffic"
	"github.com/tailwise/tailwise/internal/wal"
)

// fiveRules is the policy that the benchmarks of the whole use too.
const fiveRules = `rules:
  - {name: errors, when: errors > 0, keep: true}
  - {name: slow, when: duration > duration("30s"), keep: true}
  - {name: tokens, when: tokens.total > 50000, keep: true}
  - {name: score, when: attr_min("judge.score_pct") < 20, keep: true}
  - {name: baseline, sample: 5%}
`

var profiles = []struct {
	name    string
	profile traffic.Profile
}{{"agent", traffic.Agent}, {"small", traffic.Small}}

// requests makes n requests of a profile, as SDKs batch them.
func requests(b *testing.B, profile traffic.Profile, traces int) (bodies [][]byte, spansN int) {
	b.Helper()
	generator, err := traffic.New(traffic.Config{Profile: profile, Seed: 1})
	if err != nil {
		b.Fatal(err)
	}
	emitter := traffic.NewEmitter(generator, traces)
	for batch, ok := emitter.Next(); ok; batch, ok = emitter.Next() {
		bodies = append(bodies, batch.Encode())
		spansN += batch.SpansN
	}
	return bodies, spansN
}

func benchEngine(b *testing.B, change ...func(*Config)) (*Engine, *Source) {
	b.Helper()
	cfg := Config{DataDir: b.TempDir(), PolicyFile: "policy.yaml", PolicyText: []byte(fiveRules), Shards: 1}
	for _, c := range change {
		c(&cfg)
	}
	e, err := Open(context.Background(), cfg)
	if err != nil {
		b.Fatal(err)
	}
	var next consumer.Traces = consumertest.NewNop()
	s, err := e.Attach("tailwise", next)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := e.Shutdown(context.Background()); err != nil {
			b.Error(err)
		}
	})
	return e, s
}

// What a shard does with each span: fold its facts, keep its reference, move its trace's deadline. Allocations are a
// trace's, spread over its spans. memory/trace is what an open trace of that size holds.
func BenchmarkShardFold(b *testing.B) {
	for _, p := range profiles {
		b.Run(p.name, func(b *testing.B) {
			e, source := benchEngine(b)
			bodies, spansN := requests(b, p.profile, 200)
			batches := make([]*batch, len(bodies))
			for i, body := range bodies {
				x := e.newBatch()
				x.body = source.NewBody(len(body))
				x.body.Append(body)
				if err := x.index.Walk(x.body.Bytes(), x.plan.Keys()); err != nil {
					b.Fatal(err)
				}
				batches[i] = x
			}
			b.ReportAllocs()
			b.ResetTimer()
			folded := 0
			var memory, traces int
			for folded < b.N {
				b.StopTimer()
				s := newShard(e, 1<<20)
				e.shards = []*shard{s}
				b.StartTimer()
				for i, x := range batches {
					s.fold(x, wal.Position(1<<32|i*8))
				}
				folded += spansN
				memory, traces = s.memory, len(s.traces)
			}
			b.ReportMetric(float64(folded)/b.Elapsed().Seconds(), "spans/s")
			b.ReportMetric(float64(memory)/float64(traces), "B/trace")
		})
	}
}

// The whole intake as one request sees it: admission, walk, append, sync, acknowledgement, with the fold beside it.
func BenchmarkAccept(b *testing.B) {
	for _, p := range profiles {
		for _, durability := range []string{"always", "process"} {
			b.Run(fmt.Sprintf("%s/%s", p.name, durability), func(b *testing.B) {
				_, source := benchEngine(b, func(c *Config) {
					c.Durability = durability
					c.Decide = DecideConfig{DecisionWait: time.Second}
				})
				bodies, _ := requests(b, p.profile, 400)
				b.ReportAllocs()
				b.ResetTimer()
				spansN, bytes := 0, 0
				for i := 0; spansN < b.N; i++ {
					body := source.NewBody(len(bodies[i%len(bodies)]))
					body.Append(bodies[i%len(bodies)])
					accepted, err := source.Accept(context.Background(), body, nil)
					if err != nil {
						b.Fatal(err)
					}
					spansN += accepted.SpansN
					bytes += len(bodies[i%len(bodies)])
				}
				b.ReportMetric(float64(spansN)/b.Elapsed().Seconds(), "spans/s")
				b.ReportMetric(float64(bytes)/b.Elapsed().Seconds()/1e6, "MB/s")
			})
		}
	}
}

// A restart: everything in the log is undecided, and is walked and folded again beside the intake.
func BenchmarkRecover(b *testing.B) {
	for _, p := range profiles {
		b.Run(p.name, func(b *testing.B) {
			dir := b.TempDir()
			waits := func(c *Config) { c.DataDir, c.Durability = dir, "process" }
			bodies, spansN := requests(b, p.profile, 4000)
			bytes := fillLog(b, bodies, waits)
			b.ResetTimer()
			for range b.N {
				e, _ := benchEngine(b, waits)
				for !e.caughtUp.Load() || e.status(b.Context()).TracesOpen < 4000 {
					time.Sleep(time.Millisecond)
				}
				b.StopTimer()
				if err := e.Shutdown(context.Background()); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
			}
			seconds := b.Elapsed().Seconds() / float64(b.N)
			b.ReportMetric(float64(spansN)/seconds, "spans/s")
			b.ReportMetric(float64(bytes)/seconds/1e6, "MB/s")
		})
	}
}

// fillLog sends bodies into an engine and ends it before anything is decided.
func fillLog(b *testing.B, bodies [][]byte, change func(*Config)) (bytes int) {
	b.Helper()
	e, source := benchEngine(b, change)
	for _, sent := range bodies {
		body := source.NewBody(len(sent))
		body.Append(sent)
		if _, err := source.Accept(context.Background(), body, nil); err != nil {
			b.Fatal(err)
		}
		bytes += len(sent)
	}
	if err := e.Shutdown(context.Background()); err != nil {
		b.Fatal(err)
	}
	return bytes
}
