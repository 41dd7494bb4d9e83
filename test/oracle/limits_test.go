package oracle

import (
	"flag"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"
)

var sequences = flag.Int("sequences", 150, "configurations to compare in TestAgreeOneAtATime")

// TestAgreeOneAtATime compares policies with limits. Of traces that are due at once the processor takes the next at
// random, so each is given to it alone, a second after the other, by a clock of the test's own; what is left of limits
// goes from one to the next.
func TestAgreeOneAtATime(t *testing.T) {
	var score score
	for round := range uint64(*sequences) {
		synctest.Test(t, func(t *testing.T) { agreeOneAtATime(t, round, &score) })
		if t.Failed() {
			t.Fatalf("round %d; again with -seed %d", round, *seed)
		}
	}
	t.Logf("%+v", score)
	if n := min(score.sampled, score.notSampled); n < score.compared/10 {
		t.Errorf("of %d traces %d were sampled, which tells too little", score.compared, score.sampled)
	}
}

func agreeOneAtATime(t *testing.T, round uint64, into *score) {
	r := rand.New(rand.NewPCG(*seed, 1<<32+round))
	m := policyMaker{Rand: r, limits: true}
	first := chance(r, 0.2)
	text := render(t, object{"policies": m.config(), "decision_wait": "1s", "sample_on_first_match": first})
	agreeInTurn(t, text, first, newTraceMaker(r), 40, into)
}

// agreeInTurn compares the decisions of one configuration over traces that are given to it one after another.
//
// Requires: it runs in a bubble, so that the clock is the test's.
func agreeInTurn(t *testing.T, text []byte, first bool, maker *traceMaker, tracesN int, into *score) {
	t.Helper()
	into.configurations++
	upstream, err := startProcessor(asMap(t, text))
	o, notes := read(t, text, first)
	if (err == nil) != (o != nil) {
		t.Errorf("accepted: got %v (%v), want %v (%v)\n%s", o != nil, faults(notes), err == nil, err, text)
	}
	if err != nil {
		into.refused++
		t.Logf("refused by both: %v", err)
		return
	}
	defer upstream.finish(t)
	if o == nil {
		return
	}
	defer func() { into.decoded += o.decoded }()
	time.Sleep(500 * time.Millisecond)
	for range tracesN {
		id := maker.id()
		for _, body := range maker.requests([]traceID{id}, 2) {
			upstream.consume(t, body)
			o.consume(t, body)
		}
		now := upstream.untilDecided(t, id)
		want := upstream.said[id]
		got, _ := o.decide(t, id, now)
		into.count(got)
		if got.decision != want.decision || first && got.policy != want.policy {
			t.Errorf("trace %x: got %v, want %v\n%s%s", id, got, want, text, describe(o, id))
			return
		}
	}
}

// untilDecided waits for the tick at which the processor decides a trace, and returns when that was. It ends between two
// ticks.
func (t *theirs) untilDecided(tb testing.TB, id traceID) time.Time {
	tb.Helper()
	for range 5 {
		tick := time.Now().Add(500 * time.Millisecond)
		time.Sleep(time.Second)
		synctest.Wait()
		if _, decided := t.said[id]; decided {
			return tick
		}
	}
	tb.Fatalf("trace %x: not decided within five seconds", id)
	return time.Time{}
}
