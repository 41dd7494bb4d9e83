package agent

import (
	"math/rand/v2"
	"reflect"
	"testing"
)

// TestPlainSpans holds the short way through a trace without actions to the long one.
func TestPlainSpans(t *testing.T) {
	for seed := range uint64(500) {
		rng := rand.New(rand.NewPCG(seed, 1))
		var short, long Facts
		long.acts = true
		for range 1 + rng.IntN(30) {
			n := node{
				id: 1 + rng.Uint64N(30), parent: rng.Uint64N(40), start: rng.Uint64N(5), length: rng.Uint32N(5), side: -1,
				kind: []SpanKind{SpanOther, SpanHTTP}[rng.IntN(2)], flags: []nodeFlags{0, flagFailed, flagSized}[rng.IntN(3)],
			}
			if !n.isPlain() {
				t.Fatalf("seed %d: %+v is not plain", seed, n)
			}
			short.nodes, long.nodes = append(short.nodes, n), append(long.nodes, n)
		}
		if got, want := *short.finish(), *long.finish(); !reflect.DeepEqual(got, want) {
			t.Fatalf("seed %d: got %+v, want %+v", seed, got, want)
		}
	}
}
