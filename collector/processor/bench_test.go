package processor

import (
	"testing"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/tailwise/tailwise/internal/traffic"
)

// reused is a body that costs nothing, so that the processor's own work shows.
type reused struct{ fakeBody }

func (b *reused) Append(p []byte) { b.bytes = append(b.bytes[:0], p...) }

// requestsOf makes requests of one trace each, and counts their spans.
func requestsOf(b *testing.B, generator *traffic.Generator, n int) (requests []ptrace.Traces, spans int) {
	b.Helper()
	for range n {
		trace, ok := generator.Next()
		if !ok {
			b.Fatal("no more traffic")
		}
		requests = append(requests, trace.Spans)
		spans += trace.Spans.SpanCount()
	}
	return requests, spans
}

func generator(b *testing.B, profile traffic.Profile) *traffic.Generator {
	b.Helper()
	generator, err := traffic.New(traffic.Config{Seed: 1, Profile: profile})
	if err != nil {
		b.Fatal(err)
	}
	return generator
}

// BenchmarkProcessorMarshal is what the processor adds to the engine's own work: pdata back to bytes.
func BenchmarkProcessorMarshal(b *testing.B) { bothProfiles(b, benchmarkMarshal) }

// BenchmarkReceiverUnmarshal is what the receiver in front of the processor does to get there, and a receiver of type
// tailwise does not.
func BenchmarkReceiverUnmarshal(b *testing.B) { bothProfiles(b, benchmarkUnmarshal) }

func bothProfiles(b *testing.B, benchmark func(*testing.B, traffic.Profile)) {
	for _, profile := range []traffic.Profile{traffic.Agent, traffic.Small} {
		b.Run(string(profile), func(b *testing.B) { benchmark(b, profile) })
	}
}

func benchmarkMarshal(b *testing.B, profile traffic.Profile) {
	requests, spans := requestsOf(b, generator(b, profile), 200)
	body := new(reused)
	bytes := 0
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		request, err := new(ptrace.ProtoMarshaler).MarshalTraces(requests[i%len(requests)])
		if err != nil {
			b.Fatal(err)
		}
		body.Append(request)
		bytes += len(request)
	}
	perRequest := float64(spans) / float64(len(requests))
	b.ReportMetric(float64(bytes)/float64(b.N)/perRequest, "B/span")
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N)/perRequest*1e9, "ns/span")
}

func benchmarkUnmarshal(b *testing.B, profile traffic.Profile) {
	requests, spans := requestsOf(b, generator(b, profile), 200)
	encoded := make([][]byte, len(requests))
	for i, td := range requests {
		var err error
		if encoded[i], err = new(ptrace.ProtoMarshaler).MarshalTraces(td); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := new(ptrace.ProtoUnmarshaler).UnmarshalTraces(encoded[i%len(encoded)]); err != nil {
			b.Fatal(err)
		}
	}
	perRequest := float64(spans) / float64(len(requests))
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N)/perRequest*1e9, "ns/span")
}
