package traffic

import (
	"math/rand/v2"
	"time"
)

// minAgentSpans leaves room for a loop of four steps.
const minAgentSpans = 24

// How long an ordinary trace takes, before trouble.
var (
	agentDuration = [2]time.Duration{4 * time.Second, 20 * time.Second}
	smallDuration = [2]time.Duration{20 * time.Millisecond, 800 * time.Millisecond}
)

// meanTurn is roughly the mean of agentDuration; it only spreads the first starts.
const meanTurn = 12 * time.Second

// Lengths of texts, in units that are the same through a session. The unit in bytes is solved for once the whole
// session is planned, so that the session comes out at its mean size whatever was drawn.
const (
	userUnits      = 1.0
	answerUnits    = 2.0
	argumentUnits  = 0.3
	resultUnits    = 3.0
	documentsUnits = 4.0
	failureUnits   = 0.3
)

// A turnPlan says what happens in a trace, without its bytes.
type turnPlan struct {
	trouble  Trouble
	spans    int
	duration time.Duration
	user     float64 // units
	steps    []stepPlan
}

// A stepPlan is one model call and what it asked for; the last of a turn asks for nothing and answers.
type stepPlan struct {
	chatRetried bool
	calls       []callPlan
	answer      float64 // units, where there are no calls
}

// A callPlan is a tool call, or a retrieval.
type callPlan struct {
	tool      tool
	retrieval bool
	args      float64 // units
	result    float64 // units
	children  int     // spans of the HTTP or database calls below it
	fails     bool
	retried   bool // fails once, then succeeds
	sameAs    bool // repeats the arguments of the first such call of the turn
}

func planTurn(cfg Config, rng *rand.Rand, a agent) turnPlan {
	t := turnPlan{trouble: cfg.Shares.draw(rng), spans: intBetween(rng, cfg.SpansPerTrace), user: userUnits * skewed(rng)}
	t.duration = troubledDuration(rng, agentDuration, t.trouble)
	retryChat := t.trouble.Has(Retried) && rng.IntN(2) == 0

	left := t.spans - 1 - spansOfStep // the root and the answer
	if t.trouble.Has(Retried) {
		left--
	}
	loop := pick(rng, a.tools)
	for left >= spansOfStep+2 {
		left -= spansOfStep
		var s stepPlan
		if t.trouble.Has(Looping) {
			left -= 2
			s.calls = []callPlan{{tool: loop, args: argumentUnits, result: failureUnits, children: 1, fails: true, sameAs: true}}
		} else {
			s.calls, left = planCalls(rng, a, left)
		}
		t.steps = append(t.steps, s)
	}
	last := t.steps[len(t.steps)-1].calls
	last[len(last)-1].children += left
	if t.trouble.Has(Errors) {
		last[len(last)-1].fails = true
		last[len(last)-1].result = failureUnits
	}
	if retryChat {
		t.steps[0].chatRetried = true
	} else if t.trouble.Has(Retried) {
		t.steps[0].calls[0].retried = true
	}
	t.steps = append(t.steps, stepPlan{answer: answerUnits * skewed(rng)})
	return t
}

// spansOfStep are the step itself, the model call and its HTTP request.
const spansOfStep = 3

// planCalls draws one to three calls of at least two spans each from left, and returns what is left then.
func planCalls(rng *rand.Rand, a agent, left int) ([]callPlan, int) {
	var calls []callPlan
	for range 1 + rng.IntN(3) {
		if left < 2 {
			break
		}
		c := callPlan{args: argumentUnits * skewed(rng), children: min(1+rng.IntN(2), left-1)}
		if c.retrieval = rng.IntN(4) == 0; c.retrieval {
			c.result = documentsUnits * skewed(rng)
		} else {
			c.tool = pick(rng, a.tools)
			c.result = resultUnits * skewed(rng)
		}
		left -= 1 + c.children
		calls = append(calls, c)
	}
	return calls, left
}

// troubledDuration draws a duration; a slow one is ten times longer and always beyond half a minute, which is
// where people put their thresholds.
func troubledDuration(rng *rand.Rand, ordinary [2]time.Duration, t Trouble) time.Duration {
	d := between(rng, ordinary)
	if t.Has(Slow) {
		d = max(10*d, 31*time.Second+d)
	}
	return d
}
