package otlp

import (
	"fmt"
	"testing"
)

// TestWalk_AgreesWithDecoder reads random requests, well-formed and odd, and holds the result against pdata's.
func TestWalk_AgreesWithDecoder(t *testing.T) {
	for _, odd := range []bool{false, true} {
		t.Run(fmt.Sprintf("odd=%v", odd), func(t *testing.T) {
			taken, spans, attrs, links, rejected := 0, 0, 0, 0, 0
			const rounds = 3000
			for seed := range uint64(rounds) {
				x, ok := agree(t, newMaker(seed, odd).request())
				if !ok && !odd {
					t.Fatalf("seed %d: a well-formed request is refused", seed)
				}
				if ok {
					taken++
					spans, attrs, links = spans+len(x.Spans), attrs+len(x.Attrs), links+len(x.Links)
					rejected += x.RejectedN
				}
			}
			t.Logf("%d of %d requests taken; %d spans, %d attributes, %d links, %d spans rejected",
				taken, rounds, spans, attrs, links, rejected)
			if spans == 0 || attrs == 0 || links == 0 || odd == (rejected == 0) || odd == (taken == rounds) {
				t.Errorf("the requests do not cover what they should")
			}
		})
	}
}
