package traffic

import "testing"

func BenchmarkEmitterAgent(b *testing.B) {
	benchmarkEmitter(b, Config{Concurrent: 1000, Shares: DefaultShares})
}

func BenchmarkEmitterSmall(b *testing.B) {
	benchmarkEmitter(b, Config{Profile: Small, Concurrent: 1000, Shares: DefaultShares})
}

func benchmarkEmitter(b *testing.B, cfg Config) {
	g, err := New(cfg)
	if err != nil {
		b.Fatal(err)
	}
	e := NewEmitter(g, 0)
	spans, size := 0, 0
	b.ReportAllocs()
	for b.Loop() {
		batch, _ := e.Next()
		data := batch.Encode()
		size += len(data)
		spans += batch.SpansN
	}
	b.ReportMetric(float64(spans)/b.Elapsed().Seconds(), "spans/s")
	b.ReportMetric(float64(size)/b.Elapsed().Seconds()/1e6, "MB/s")
}
