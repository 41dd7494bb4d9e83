package traffic

import "testing"

func BenchmarkEmitterAgent(b *testing.B) { benchmarkEmitter(b, Config{Shares: DefaultShares}) }

func BenchmarkEmitterSmall(b *testing.B) {
	benchmarkEmitter(b, Config{Profile: Small, Shares: DefaultShares})
}

func benchmarkEmitter(b *testing.B, cfg Config) {
	g, err := New(cfg)
	if err != nil {
		b.Fatal(err)
	}
	e := NewEmitter(g, 0)
	spans := 0
	b.ReportAllocs()
	for b.Loop() {
		batch, _ := e.Next()
		data, err := batch.Encode()
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(int64(len(data)))
		spans += batch.SpansN
	}
	b.ReportMetric(float64(spans)/b.Elapsed().Seconds(), "spans/s")
}
