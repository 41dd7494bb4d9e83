package policy_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/tailwise/tailwise/internal/agent"
	"github.com/tailwise/tailwise/internal/policy"
)

// inSession makes the facts of a trace that names a session, or none.
func inSession(t testing.TB, p *policy.Policy, session string) *agent.Facts {
	return facts(t, p, span{name: "run", attrs: attrs{"session.id": session}})
}

func TestCoinFor(t *testing.T) {
	const traceR = "80000000000000"
	// The randomness of a session is in every rv that has ever been written, so these never change.
	const sessionR = "65f6e62a6454c7"
	p := compile(t, string(policy.BuiltIn()))
	tests := []struct {
		name, session, state string
		byTrace              bool
		want                 string // randomness, explicit, session, threshold
	}{
		{"the trace id", "", "", false, traceR + " false false 0"},
		{"the session", "conv-1", "", false, sessionR + " false true 0"},
		{"by trace", "conv-1", "", true, traceR + " false false 0"},
		{"rv before the session", "conv-1", "ot=rv:12345678901234", false, "12345678901234 true false 0"},
		{"rv by trace", "conv-1", "ot=rv:12345678901234", true, "12345678901234 true false 0"},
		{"th without rv is of the trace id", "conv-1", "ot=th:4", false, traceR + " false false 4"},
		{"th with rv", "conv-1", "ot=rv:f0000000000000;th:4", false, "f0000000000000 true false 4"},
		{"a th that its randomness contradicts", "conv-1", "ot=th:c", false, sessionR + " false true 0"},
		{"other vendors' state", "conv-1", "vendor=ot;x=1", false, sessionR + " false true 0"},
		{"a state that cannot be read", "conv-1", "ot=rv:1;;", false, sessionR + " false true 0"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := policy.CoinFor(&policy.Input{
				Facts: inSession(t, p, test.session), TraceID: traceID(0.5), TraceState: test.state,
			}, test.byTrace)
			if got := fmt.Sprintf("%s %t %t %s", c.Randomness.RValue(), c.Explicit, c.Session, c.Threshold.TValue()); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

// TestDecide_Sessions keeps all turns of a session or none, and says by which randomness.
func TestDecide_Sessions(t *testing.T) {
	p := compile(t, rules(`name: half, sample: 50%, keep: week`))
	r := rand.New(rand.NewPCG(1, 1))
	kept := 0
	for i := range 200 {
		session := fmt.Sprintf("conv-%d", i)
		var first policy.Verdict
		for turn := range 3 {
			v := decideOne(t, p, policy.Input{Facts: inSession(t, p, session), TraceID: traceID(r.Float64())})
			if turn == 0 {
				first = v
			}
			if v.Keep != first.Keep || v.RV != first.RV || v.Keep != (v.RV != "") {
				t.Fatalf("%s: turn %d: got %s, the first got %s", session, turn, show(v), show(first))
			}
		}
		if first.Keep {
			kept++
		}
	}
	if kept < 75 || kept > 125 {
		t.Errorf("kept %d of 200 sessions, want about 100", kept)
	}
}

// TestDecide_ByTrace tosses a coin for each trace of one session.
func TestDecide_ByTrace(t *testing.T) {
	p := compile(t, rules(`name: half, sample: 50%, by: trace`))
	for coin, want := range map[float64]string{0.6: "keep default 0.5 th:8 [half]", 0.4: "drop 0.5 [half]"} {
		v := decideOne(t, p, policy.Input{Facts: inSession(t, p, "conv-1"), TraceID: traceID(coin)})
		if got := show(v); got != want {
			t.Errorf("coin %v: got %s, want %s", coin, got, want)
		}
	}
}

// TestDecide_TwoCoins has equal chances by session and by trace: the session's counts, whatever the order.
func TestDecide_TwoCoins(t *testing.T) {
	lines := []string{`name: a, sample: 40%, by: trace`, `name: b, sample: 40%`}
	for range 2 {
		p := compile(t, rules(lines...))
		// The coin of conv-1 falls at 0.40, so only the trace's would keep it.
		v := decideOne(t, p, policy.Input{Facts: inSession(t, p, "conv-1"), TraceID: traceID(0.9)})
		if v.Keep {
			t.Errorf("%v: got %s, want the session's coin to drop it", lines, show(v))
		}
		slices.Reverse(lines)
	}
}

// TestDecide_Share keeps about the share that was asked for, and of a smaller share nothing that a larger one drops.
func TestDecide_Share(t *testing.T) {
	const n = 20_000
	r := rand.New(rand.NewPCG(7, 7))
	f := new(agent.Facts)
	inputs := make([]policy.Input, n)
	for i := range inputs {
		inputs[i] = policy.Input{Facts: f, TraceID: traceID(r.Float64())}
	}
	var before []policy.Verdict
	for _, percent := range []float64{0.5, 5, 10, 33.3, 100} {
		p := compile(t, rules(fmt.Sprintf("name: s, sample: %v%%", percent)))
		verdicts := p.Decide(inputs, policy.NewState(p, noon), noon, noon)
		kept := 0
		for i, v := range verdicts {
			if v.Keep {
				kept++
			}
			if before != nil && before[i].Keep && !v.Keep {
				t.Fatalf("trace %d is kept at less than %v%% and dropped there", i, percent)
			}
			if math.Abs(v.Probability-percent/100) > 1e-9 {
				t.Fatalf("trace %d: got probability %v, want %v", i, v.Probability, percent/100)
			}
		}
		share := percent / 100
		if dev := math.Abs(float64(kept) - n*share); dev > 4*math.Sqrt(n*share*(1-share)) {
			t.Errorf("%v%%: kept %d of %d, want about %v", percent, kept, n, n*share)
		}
		before = verdicts
	}
}

// TestDecide_RuleOrder shuffles the rules: the verdict stays, but for the order of its reasons.
func TestDecide_RuleOrder(t *testing.T) {
	lines := []string{
		`name: errors, when: errors > 0, keep: week`, `name: all, when: spans > 0, sample: 30%, keep: month`,
		`name: trace, sample: 60%, by: trace, keep: also-week`, `name: slow, when: 'duration > duration("500ms")', keep: also-week`,
		`name: probes, when: root.name == "healthcheck" && errors == 0, drop: true`, `name: same, sample: 60%, keep: week`,
	}
	for seed := range uint64(150) {
		r := rand.New(rand.NewPCG(seed, 3))
		spans := []span{{name: []string{"run", "healthcheck"}[r.IntN(2)], err: r.IntN(3) == 0, attrs: attrs{"session.id": fmt.Sprint("s-", r.IntN(90))}}}
		id, state := traceID(r.Float64()), []string{"", "ot=th:4", "ot=rv:c0000000000000"}[r.IntN(3)]
		want := ""
		for range 4 {
			r.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
			p := compile(t, rules(lines...))
			v := decideOne(t, p, policy.Input{Facts: facts(t, p, spans...), TraceID: id, TraceState: state})
			slices.Sort(v.Rules)
			if got := show(v); want != "" && got != want {
				t.Fatalf("seed %d: got %s, in another order of rules %s", seed, got, want)
			} else {
				want = got
			}
		}
	}
}
