package meter

import (
	"slices"
	"strconv"
	"time"

	"github.com/tailwise/tailwise/internal/agent"
)

// step is a step of an agent's run, as far as its actions have been seen.
type step struct {
	run        int // the agent's run, as agent.Span numbers it
	agent      string
	number     int
	start, end uint64 // Unix nanoseconds
	written    bool   // it has a span of its own, which says all
	failed     bool
}

// step lets an action stretch the step that it is in.
func (r *Recorder) step(in int, who string, of *agent.Span) {
	a := of.Action
	if a.Step == 0 || in == runs {
		return
	}
	at := slices.IndexFunc(r.steps, func(s step) bool { return s.number == a.Step && s.run == of.Run })
	if at < 0 {
		at = len(r.steps)
		r.steps = append(r.steps, step{run: of.Run, agent: who, number: a.Step, start: a.Start})
	}
	s := &r.steps[at]
	if s.written {
		return
	}
	s.end = max(s.end, a.Start+uint64(a.Duration))
	s.failed = s.failed || a.Failed
	if in == steps {
		s.written, s.start, s.end, s.failed = true, a.Start, a.Start+uint64(a.Duration), a.Failed
	}
}

// numberedSteps is how many steps of a run have a label of their own.
const numberedSteps = 20

var stepLabels = func() (l [numberedSteps + 2]string) {
	for i := range l {
		l[i] = strconv.Itoa(i)
	}
	l[numberedSteps+1] = strconv.Itoa(numberedSteps+1) + "+"
	return l
}()

func (s *step) sample() sample {
	one := sample{family: steps, labels: labels{s.agent, stepLabels[min(s.number, numberedSteps+1)]}, adds: outcome(s.failed)}
	if s.start != 0 && s.end >= s.start {
		one.timed, one.seconds = true, time.Duration(s.end-s.start).Seconds()
	}
	return one
}
