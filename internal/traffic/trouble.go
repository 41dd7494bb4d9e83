package traffic

import (
	"math/rand/v2"
	"strings"
)

// Trouble is a set of what is wrong with a trace; the zero value means nothing is.
type Trouble uint8

// The kinds of trouble; see Shares for what each looks like.
const (
	Errors Trouble = 1 << iota
	Slow
	Costly
	Looping
	Poor
	Retried
)

var troubleNames = []string{"errors", "slow", "costly", "looping", "poor", "retried"}

// Has says whether all of kinds are in t.
func (t Trouble) Has(kinds Trouble) bool { return t&kinds == kinds }

// String lists the kinds with commas between, and is empty for none.
func (t Trouble) String() string {
	var names []string
	for i, name := range troubleNames {
		if t.Has(1 << i) {
			names = append(names, name)
		}
	}
	return strings.Join(names, ",")
}

// draw picks each kind by its share. It draws the same number of times whatever the shares are, so that changing
// one of them leaves the rest of the traffic as it was.
func (s Shares) draw(rng *rand.Rand) Trouble {
	var t Trouble
	for i, share := range []float64{s.Errors, s.Slow, s.Costly, s.Looping, s.Poor, s.Retried} {
		if rng.Float64() < share {
			t |= 1 << i
		}
	}
	return t
}
