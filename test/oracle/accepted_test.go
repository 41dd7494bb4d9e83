package oracle

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/tailwise/tailwise/internal/policy/tailsampling"
)

// stricter is what Tailwise refuses and the processor accepts, by a part of what is said of it: a key that means nothing
// (the processor swallows it if its value is a mapping, and a panic awaits who has no bounds or no number).
var stricter = []string{"unknown key", "cannot be of type", "has neither min_value nor max_value", "is not a number"}

// TestAgreeOnWhatIsAccepted spoils configurations at random: both refuse them, or both accept them and decide alike.
func TestAgreeOnWhatIsAccepted(t *testing.T) {
	var score score
	strict := 0
	for round := range uint64(2500) {
		r := rand.New(rand.NewPCG(*seed, 1<<33+round))
		m := policyMaker{Rand: r}
		config := object{"policies": toAny(m.config())}
		spoil(r, config)
		text := render(t, config)
		if o, notes := read(t, text, false); o == nil && tolerated(notes) {
			strict++
			continue
		}
		maker := newTraceMaker(r)
		ids := []traceID{maker.id(), maker.id(), maker.id(), maker.id(), maker.id()}
		agree(t, text, false, maker.requests(ids, 2), &score)
		if t.Failed() {
			t.Fatalf("round %d; again with -seed %d", round, *seed)
		}
	}
	t.Logf("%+v, and %d refused by us alone", score, strict)
	if score.refused < 200 || score.compared < 1000 {
		t.Errorf("got %+v, which tells too little", score)
	}
}

// tolerated tells whether all faults are such that only Tailwise finds.
func tolerated(notes []tailsampling.Note) bool {
	for _, n := range notes {
		if !n.Warning && slices.ContainsFunc(stricter, func(s string) bool { return strings.Contains(n.What, s) }) {
			return true
		}
	}
	return false
}

// toAny makes what is decoded from YAML of what was generated, so that it can be changed in place.
func toAny(v any) any {
	switch v := v.(type) {
	case []object:
		list := make([]any, len(v))
		for i := range v {
			list[i] = toAny(v[i])
		}
		return list
	case []string:
		list := make([]any, len(v))
		for i := range v {
			list[i] = v[i]
		}
		return list
	case object:
		for key, value := range v {
			v[key] = toAny(value)
		}
		return v
	}
	return v
}

// spoil replaces, renames or removes something somewhere.
func spoil(r *rand.Rand, config object) {
	type place struct {
		set    func(any)
		remove func()
	}
	var places []place
	var visit func(v any)
	visit = func(v any) {
		switch v := v.(type) {
		case object:
			for _, key := range sortedKeys(v) {
				places = append(places, place{func(x any) { v[key] = x }, func() { delete(v, key) }})
				visit(v[key])
			}
		case []any:
			for i := range v {
				places = append(places, place{func(x any) { v[i] = x }, func() {}})
				visit(v[i])
			}
		}
	}
	visit(config["policies"])
	for range 1 + r.IntN(2) {
		p := pick(r, places)
		if chance(r, 0.2) {
			p.remove()
			continue
		}
		p.set(pick(r, []any{nil, 5, -1, 5.5, 1 << 40, "text", "a,b", "", true, []any{}, []any{nil}, []any{"OK", 5}, object{}, object{"x": 1}, "OK", "always_sample", "["}))
	}
}
