package agent

import "time"

// Action is something that happened in a run: a run, turn or step itself, a call to a model, a tool at work and so on.
// What is traced twice is one action, and so are the attempts of a call, of which the last counts.
type Action struct {
	Kind     SpanKind // SpanRetry for an attempt that another one replaced
	Name     string   // the tool, or the agent of a run; of a call the model that was asked for
	Agent    string   // the agent that it belongs to; empty if nobody says
	Step     int      // the step of its run, from 1; 0: none
	Tool     string   // the tool that it is part of; empty if none
	Model    string   // the model that answered, or else was asked for; for calls
	Start    uint64   // Unix nanoseconds; 0: not known
	Duration time.Duration
	Failed   bool
	TimedOut bool
	// Counted says that it is an action. What is not only tells what others, or spans that are missing, used.
	Counted bool

	Usage     Usage // what it used itself; zero where another action says so, or nobody
	UsageSaid bool
	CostNanos int64 // of Usage, in billionths of a dollar
	CostSaid  bool  // false: nobody says and the price is not known
}

// Actions calls yield for each action, in the order in which they began, until it returns false. The Action is good
// until yield returns.
func (f *Facts) Actions(yield func(*Action) bool) { f.walkTree(yield) }
