package sampler

import (
	"slices"
	"testing"

	"github.com/tailwise/tailwise/internal/otlp"
)

// remembered puts verdicts in turn and returns which traces are known in the end. A positive number is a kept trace, a
// negative one a dropped trace.
func remembered(budget int, limits [sidesN]int, traces ...int) (known []int) {
	c := newDecidedCache(budget, limits)
	for _, n := range traces {
		c.put(verdictFor(n))
	}
	for n := range 100 {
		if v := c.get(verdictFor(n).id); v == nil {
			continue
		} else if v.dropped {
			known = append(known, -n)
		} else {
			known = append(known, n)
		}
	}
	return known
}

func verdictFor(n int) *verdictOf {
	if n < 0 {
		return &verdictOf{id: otlp.TraceID{15: byte(-n)}, dropped: true}
	}
	return &verdictOf{id: otlp.TraceID{15: byte(n)}, kept: &decision{}}
}

func TestDecidedCache_Forgets(t *testing.T) {
	const roomy = 1 << 20
	one := verdictFor(1).bytes()
	for _, tc := range []struct {
		name   string
		budget int
		limits [sidesN]int
		traces []int
		want   []int
	}{
		{"nothing while there is room", roomy, [sidesN]int{}, []int{1, -2, 3}, []int{1, -2, 3}},
		{"the oldest of all at the budget", 2 * one, [sidesN]int{}, []int{1, 2, 3}, []int{2, 3}},
		{"the oldest of all, whichever side", 2*one + 1, [sidesN]int{}, []int{-1, 2, 3}, []int{2, 3}},
		{"never the only one", 1, [sidesN]int{}, []int{1, 2}, []int{2}},
		{"the oldest kept above their number", roomy, [sidesN]int{keptSide: 2}, []int{1, -2, 3, -4, 5}, []int{-2, 3, -4, 5}},
		{"the oldest dropped above their number", roomy, [sidesN]int{droppedSide: 1}, []int{-1, 2, -3, 4}, []int{2, -3, 4}},
		{"not the turn of a verdict put again", roomy, [sidesN]int{keptSide: 2}, []int{1, 2, 1, 3}, []int{2, 3}},
		{"the turn of one that changed sides", roomy, [sidesN]int{droppedSide: 2}, []int{1, -2, -1, -3}, []int{-1, -3}},
		{"one from the middle", roomy, [sidesN]int{keptSide: 2}, []int{1, 2, -2, 3, 4}, []int{-2, 3, 4}},
	} {
		if got := remembered(tc.budget, tc.limits, tc.traces...); !slices.Equal(got, tc.want) {
			t.Errorf("%s: known after %v: got %v, want %v", tc.name, tc.traces, got, tc.want)
		}
	}
}

func TestDecidedCache_AccountsForItsBytes(t *testing.T) {
	c := newDecidedCache(1<<20, [sidesN]int{keptSide: 3, droppedSide: 2})
	for n := range 50 {
		c.put(verdictFor(n%7 + 1))
		c.put(verdictFor(-(n%5 + 1)))
		want := 0
		for _, v := range c.byID {
			want += v.bytes()
		}
		if c.used != want {
			t.Fatalf("bytes after %d rounds: got %d, want %d", n+1, c.used, want)
		}
		if got := c.sides[keptSide].n + c.sides[droppedSide].n; got != len(c.byID) {
			t.Fatalf("queued after %d rounds: got %d, want %d", n+1, got, len(c.byID))
		}
	}
}
