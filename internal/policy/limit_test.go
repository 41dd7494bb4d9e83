package policy_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tailwise/tailwise/internal/agent"
	"github.com/tailwise/tailwise/internal/policy"
)

// batch makes traces of no facts whose coins fall where it says.
func batch(coins ...float64) []policy.Input {
	inputs := make([]policy.Input, len(coins))
	for i, c := range coins {
		inputs[i] = policy.Input{Facts: new(agent.Facts), TraceID: traceID(c)}
	}
	return inputs
}

func showAll(verdicts []policy.Verdict) string {
	texts := make([]string, len(verdicts))
	for i, v := range verdicts {
		texts[i] = show(v)
	}
	return strings.Join(texts, "; ")
}

// TestLimit shares a limit out: coins of a batch at noon, then what becomes of it.
func TestLimit(t *testing.T) {
	const limited = `name: all, keep: week, limit: 2/s`
	tests := []struct {
		name  string
		rules []string
		coins []float64
		want  string
	}{
		{"within the limit", []string{limited}, []float64{0.1, 0.5}, "keep week 1 [all]; keep week 1 [all]"},
		{"the highest randomness goes first", []string{limited}, []float64{0.75, 0.25, 0.5, 0.875},
			"keep week 0.5 th:80000000000001 [all]; drop 0.5 [all]; drop 0.5 [all]; keep week 0.5 th:80000000000001 [all]"},
		{"equals fall together", []string{limited}, []float64{0.5, 0.5, 0.75}, "drop 0.5 [all]; drop 0.5 [all]; keep week 0.5 th:80000000000001 [all]"},
		{"too many equals", []string{limited}, []float64{0.5, 0.5, 0.5}, "drop 0.5 [all]; drop 0.5 [all]; drop 0.5 [all]"},
		{"what is kept anyway costs nothing", []string{limited, `name: every, keep: month`}, []float64{0.1, 0.2, 0.3},
			"keep month 1 [all every]; keep month 1 [all every]; keep month 1 [all every]"},
		{"what is dropped costs nothing", []string{limited, `name: none, when: spans == 0, drop: true`}, []float64{0.1, 0.2, 0.3},
			"drop 0 [none]; drop 0 [none]; drop 0 [none]"},
		{"a larger chance counts", []string{limited, `name: most, sample: 75%`}, []float64{0.75, 0.5, 0.25, 0.875, 0.125},
			"keep default 0.75 th:4 [all most]; keep default 0.75 th:4 [most]; keep default 0.75 th:4 [most]; keep default 0.75 th:4 [all most]; drop 0.75 [all most]"},
		{"two limits", []string{limited, `name: more, keep: month, limit: 3/m`}, []float64{0.75, 0.5, 0.25},
			"keep month 1 [all more]; keep month 1 [all more]; keep month 1 [more]"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := compile(t, rules(test.rules...))
			if got := showAll(p.Decide(batch(test.coins...), policy.NewState(p, noon), noon, time.Time{})); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

// TestLimit_OverTime spends, waits and spends again.
func TestLimit_OverTime(t *testing.T) {
	p := compile(t, rules(`name: all, keep: week, limit: 60/m`))
	st := policy.NewState(p, noon)
	kept := func(n int, at time.Time) (kept int) {
		coins := make([]float64, n)
		for i := range coins {
			coins[i] = float64(i) / float64(n)
		}
		for _, v := range p.Decide(batch(coins...), st, at, time.Time{}) {
			if v.Keep {
				kept++
			}
		}
		return kept
	}
	steps := []struct {
		after time.Duration
		n     int
		want  int
	}{
		{0, 50, 50}, {0, 50, 10}, {0, 5, 0}, {500 * time.Millisecond, 5, 0}, {time.Second, 5, 1}, {11 * time.Second, 50, 10},
		{time.Second, 50, 0}, // a clock that goes back fills nothing
		{time.Hour, 100, 60}, // and an hour saves up no more than the limit
	}
	for i, step := range steps {
		if got := kept(step.n, noon.Add(step.after)); got != step.want {
			t.Errorf("step %d: kept %d of %d after %v, want %d", i, got, step.n, step.after, step.want)
		}
	}
}

func TestPolicy_Carry(t *testing.T) {
	p := compile(t, rules(`name: a, keep: week, limit: 10/h`, `name: b, keep: week, limit: 10/h`))
	st := policy.NewState(p, noon)
	p.Decide(batch(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8), st, noon, time.Time{})
	for rule, want := range map[string]int{
		`name: a, keep: month, limit: 10/h`: 2,  // the same name and limit
		`name: a, keep: week, limit: 10/m`:  10, // another limit
		`name: c, keep: week, limit: 10/h`:  10, // another name
	} {
		next := compile(t, rules(rule))
		kept := 0
		coins := []float64{0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08, 0.09, 0.1, 0.11, 0.12}
		for _, v := range next.Decide(batch(coins...), next.Carry(st, noon), noon, time.Time{}) {
			if v.Keep {
				kept++
			}
		}
		if kept != want {
			t.Errorf("%s: kept %d after the change, want %d", rule, kept, want)
		}
	}
	if st := p.Carry(nil, noon); st == nil {
		t.Error("carry of nothing: got nil, want full limits")
	}
}

// TestDecide_Concurrent decides in several shards that share limits: together they keep no more than the limit.
func TestDecide_Concurrent(t *testing.T) {
	p := compile(t, rules(`name: all, keep: week, limit: 100/h`, `name: some, when: errors > 0, sample: 50%`))
	st := policy.NewState(p, noon)
	var kept atomic.Int64
	var wg sync.WaitGroup
	for shard := range 4 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(shard), 5))
			for range 50 {
				for _, v := range p.Decide(batch(r.Float64(), r.Float64(), r.Float64()), st, noon, time.Time{}) {
					if v.Keep {
						kept.Add(1)
					}
					if fmt.Sprint(v.Rules) != "[all]" {
						t.Errorf("got reasons %v, want [all]", v.Rules)
					}
				}
			}
		})
	}
	wg.Wait()
	if got := kept.Load(); got > 100 || got < 95 {
		t.Errorf("kept %d of 600, want the limit of 100, or a few less", got)
	}
}
