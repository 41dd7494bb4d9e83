package wal

import (
	"fmt"
	"sync"
	"testing"

	"github.com/tailwise/tailwise/internal/otlp"
	"github.com/tailwise/tailwise/internal/traffic"
)

// request is what an SDK sends, and the large values in it.
type request struct {
	body  []byte
	large []Range
	spans []Range
}

// agentRequests are 128 MiB of agents' requests, 40 conversations at a time, each sent once: a replay would flatter
// the log.
var agentRequests = sync.OnceValue(func() (requests []request) {
	gen, err := traffic.New(traffic.Config{Seed: 1, Shares: traffic.DefaultShares})
	if err != nil {
		panic(err)
	}
	emitter, keys, index := traffic.NewEmitter(gen, 0), otlp.NewKeys(nil), otlp.Index{}
	for total := 0; total < 128<<20; {
		batch, _ := emitter.Next()
		r := request{body: batch.Encode()}
		if err := index.Walk(r.body, keys); err != nil {
			panic(err)
		}
		for _, large := range index.Large {
			r.large = append(r.large, Range(large))
		}
		for _, s := range index.Spans {
			r.spans = append(r.spans, Range(s.Msg))
		}
		total += len(r.body)
		requests = append(requests, r)
	}
	return requests
})

func requestBytes(requests []request) (n int64) {
	for _, r := range requests {
		n += int64(len(r.body))
	}
	return n
}

// appendAgents appends requests from eight writers that wait for each commit, with their large values or without, and
// gives where they stand.
func appendAgents(b *testing.B, l *Log, requests []request, large bool) []Position {
	positions := make([]Position, len(requests))
	var wg sync.WaitGroup
	const writers = 8
	for w := range writers {
		wg.Go(func() {
			for i := w; i < len(requests); i += writers {
				r := Record{Kind: 1, Body: requests[i].body}
				if large {
					r.Large = requests[i].large
				}
				c := l.Append(&r)
				if err := c.Wait(); err != nil {
					b.Error(err)
					return
				}
				positions[i] = c.Position()
			}
		})
	}
	wg.Wait()
	return positions
}

func eachRepeating(b *testing.B, run func(b *testing.B, large bool)) {
	for _, large := range []bool{false, true} {
		b.Run(fmt.Sprintf("large=%v", large), func(b *testing.B) { run(b, large) })
	}
}

// BenchmarkLogAppendAgents is intake of agents' requests. MB/s are of requests; stored/in is what of them is written.
func BenchmarkLogAppendAgents(b *testing.B) {
	requests := agentRequests()
	eachRepeating(b, func(b *testing.B, large bool) {
		b.SetBytes(requestBytes(requests))
		b.ReportAllocs()
		var stored int64
		for b.Loop() {
			b.StopTimer()
			l := open(b, Config{Dir: b.TempDir() + "/wal"})
			l.Start(&drain{caught: make(chan struct{})})
			b.StartTimer()
			appendAgents(b, l, requests, large)
			b.StopTimer()
			stored = l.Bytes()
			closeLog(b, l)
			b.StartTimer()
		}
		b.ReportMetric(float64(stored)/float64(requestBytes(requests)), "stored/in")
	})
}

// BenchmarkAppendBlocks is what callers pay for it: cutting the large values into blocks, and their hashes.
func BenchmarkAppendBlocks(b *testing.B) {
	requests := agentRequests()
	b.SetBytes(requestBytes(requests))
	b.ReportAllocs()
	var blocks []block
	for b.Loop() {
		for _, r := range requests {
			blocks = appendBlocks(blocks[:0], r.body, r.large)
		}
	}
}

// BenchmarkLogDeliverAgents is recovery of agents' requests from the page cache.
func BenchmarkLogDeliverAgents(b *testing.B) {
	requests := agentRequests()
	eachRepeating(b, func(b *testing.B, large bool) {
		cfg := Config{Dir: b.TempDir() + "/wal", Durability: Process}
		l := open(b, cfg)
		l.Start(&drain{caught: make(chan struct{})})
		appendAgents(b, l, requests, large)
		closeLog(b, l)
		b.SetBytes(requestBytes(requests))
		b.ReportAllocs()
		for b.Loop() {
			l := open(b, cfg)
			d := &drain{caught: make(chan struct{})}
			l.Start(d)
			<-d.caught
			closeLog(b, l)
			if d.bytes != requestBytes(requests) {
				b.Fatalf("got %d bytes, want %d", d.bytes, requestBytes(requests))
			}
		}
	})
}

// BenchmarkLogReadRangesAgents reads every fourth span of every request, as export does of one conversation in four.
func BenchmarkLogReadRangesAgents(b *testing.B) {
	requests := agentRequests()
	eachRepeating(b, func(b *testing.B, large bool) {
		l := open(b, Config{Dir: b.TempDir() + "/wal", Durability: Process})
		l.Start(&drain{caught: make(chan struct{})})
		defer closeLog(b, l)
		positions := appendAgents(b, l, requests, large)
		var total int64
		ranges := make([][]Range, len(requests))
		for i, r := range requests {
			for j := i % 4; j < len(r.spans); j += 4 {
				ranges[i] = append(ranges[i], r.spans[j])
				total += int64(r.spans[j].Len)
			}
		}
		b.SetBytes(total)
		b.ReportAllocs()
		var buf []byte
		for b.Loop() {
			for i, p := range positions {
				var err error
				if buf, err = l.ReadRanges(p, ranges[i], buf[:0]); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}
