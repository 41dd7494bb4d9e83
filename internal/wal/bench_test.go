package wal

import (
	"fmt"
	"math/rand"
	"sync"
	"testing"
	"time"
)

// drain is a consumer that lets go of everything: records at once, segments as soon as they are sealed.
type drain struct {
	log    *Log
	caught chan struct{}
	bytes  int64
}

func (d *drain) Record(r Delivery) { d.bytes += int64(len(r.Body)) }
func (d *drain) CaughtUp()         { close(d.caught) }
func (d *drain) Damaged(Damage)    {}
func (d *drain) Sealed(id SegmentID) {
	if d.log != nil {
		d.log.RemoveThrough(id) // a segment that stays only costs the benchmark disk
	}
}

// BenchmarkLogAppend is intake: writers that wait for each commit, on the real disk.
func BenchmarkLogAppend(b *testing.B) {
	for _, c := range []struct {
		name    string
		writers int
		body    int
		cfg     Config
	}{
		{"agent-1.7MB-8writers", 8, 1_700_000, Config{}},
		{"agent-1.7MB-8writers-process", 8, 1_700_000, Config{Durability: Process}},
		{"small-64KB-8writers", 8, 64 << 10, Config{}},
		{"small-8KB-64writers", 64, 8 << 10, Config{}},
	} {
		b.Run(c.name, func(b *testing.B) {
			var syncs int
			c.cfg.Dir = b.TempDir() + "/wal"
			c.cfg.OnSync = func(time.Duration, int, int64) { syncs++ }
			l := open(b, c.cfg)
			l.Start(&drain{log: l, caught: make(chan struct{})})
			b.SetBytes(int64(c.body))
			b.ReportAllocs()
			b.ResetTimer()
			var wg sync.WaitGroup
			for w := range c.writers {
				wg.Go(func() {
					body := noise(c.body)
					for i := w; i < b.N; i += c.writers {
						if err := l.Append(&Record{Kind: 1, Body: body}).Wait(); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.StopTimer()
			b.ReportMetric(float64(syncs)/float64(b.N), "syncs/op")
			closeLog(b, l)
		})
	}
}

// BenchmarkLogDeliver is recovery: all that a log holds, read from disk (in the page cache) and verified.
func BenchmarkLogDeliver(b *testing.B) {
	for _, c := range []struct {
		body     int
		compress bool
	}{{1_700_000, false}, {64 << 10, false}, {2 << 10, false}, {1_700_000, true}} {
		b.Run(fmt.Sprintf("%dKB-compress=%v", c.body/1000, c.compress), func(b *testing.B) {
			cfg := Config{Dir: b.TempDir() + "/wal", Durability: Process, Compress: c.compress}
			l := open(b, cfg)
			l.Start(&drain{caught: make(chan struct{})})
			const total = 256 << 20
			body := noise(c.body)
			var last *Commit
			for range total / c.body {
				last = l.Append(&Record{Kind: 1, Body: body})
			}
			if err := last.Wait(); err != nil {
				b.Fatal(err)
			}
			closeLog(b, l)
			b.SetBytes(int64(total / c.body * c.body))
			b.ReportAllocs()
			for b.Loop() {
				l := open(b, cfg)
				d := &drain{caught: make(chan struct{})}
				l.Start(d)
				<-d.caught
				closeLog(b, l)
				if want := int64(total / c.body * c.body); d.bytes != want {
					b.Fatalf("got %d bytes, want %d", d.bytes, want)
				}
			}
		})
	}
}

// BenchmarkLogReadRanges reads fifty spans of 3 KB each, out of one record.
func BenchmarkLogReadRanges(b *testing.B) {
	l := open(b, Config{Dir: b.TempDir() + "/wal"})
	l.Start(&drain{caught: make(chan struct{})})
	defer closeLog(b, l)
	c := l.Append(&Record{Kind: 1, Body: noise(1_700_000)})
	if err := c.Wait(); err != nil {
		b.Fatal(err)
	}
	var ranges []Range
	for i := range uint32(50) {
		ranges = append(ranges, Range{Off: i * 30_000, Len: 3000})
	}
	b.SetBytes(150_000)
	b.ReportAllocs()
	var buf []byte
	for b.Loop() {
		var err error
		if buf, err = l.ReadRanges(c.Position(), ranges, buf[:0]); err != nil {
			b.Fatal(err)
		}
	}
}

// noise is text-like: it takes S2 to about half.
func noise(n int) []byte {
	b := make([]byte, n)
	rng := rand.New(rand.NewSource(1))
	for i := range b {
		if i%64 < 32 {
			b[i] = byte(rng.Intn(256))
		}
	}
	return b
}
