package explain

import (
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/tailwise/tailwise/internal/agent"
	"github.com/tailwise/tailwise/internal/otlp"
	"github.com/tailwise/tailwise/internal/policy"
	"github.com/tailwise/tailwise/internal/policy/tailsampling"
)

// Explanation is what a policy makes of one trace.
type Explanation struct {
	TraceID     string   `json:"trace_id"`
	Spans       int      `json:"spans"`
	Votes       []Vote   `json:"votes"`
	Verdict     string   `json:"verdict"` // keep or drop
	Reasons     []string `json:"rules"`   // rules and policies, as the ledger names them
	Probability float64  `json:"probability"`
	Retention   string   `json:"retention,omitempty"`
}

// Vote is what one rule or policy says.
type Vote struct {
	Name  string `json:"name"`
	Kind  string `json:"kind"` // rule, otherwise, or the type of a policy
	Vote  string `json:"vote"` // of a rule: keep, sample, drop, no, unknown, error; of a policy: sampled, not_sampled, dropped, error, not_evaluated
	Why   string `json:"why"`
	Votes []Vote `json:"votes,omitempty"` // of the policies in it
}

// Policy says what p makes of a trace. Limits count as full, and calibration as over.
func Policy(p *policy.Policy, t *Trace, now time.Time) (*Explanation, error) {
	in, spans, err := fold(p, t)
	if err != nil {
		return nil, err
	}
	e := &Explanation{TraceID: hex.EncodeToString(t.ID[:]), Spans: spans}
	if len(p.Rules()) > 1 || p.Policies() == nil { // the last is what happens otherwise
		e.Votes = ruleVotes(p.ExplainRules(in))
	}
	if set := p.Policies(); set != nil {
		asked := tailsampling.Input{TraceID: in.TraceID, Fold: in.Fold, Traces: t.together}
		e.Votes = append(e.Votes, policyVotes(set.Explain(&asked, set.NewState(nil), now))...)
	}
	v := p.Decide([]policy.Input{*in}, policy.NewState(p, now), now, time.Time{})[0]
	if v.Err != nil {
		return nil, fmt.Errorf("decide: %w", v.Err)
	}
	e.Verdict, e.Reasons, e.Probability, e.Retention = "drop", v.Rules, v.Probability, v.Retention
	if v.Keep {
		e.Verdict = "keep"
	}
	return e, nil
}

// fold makes what the engine makes of a trace while its spans come in.
func fold(p *policy.Policy, t *Trace) (in *policy.Input, spans int, err error) {
	in = &policy.Input{Facts: new(agent.Facts), TraceID: t.ID, Fold: new(tailsampling.Fold), Traces: t.together}
	plan, interner := agent.NewPlan(p.Attrs()), new(agent.Interner)
	keys := otlp.NewKeys(p.Keys())
	var observe *tailsampling.Plan // nil: there are no policies:
	if p.Policies() != nil {
		observe = p.Policies().Bind(keys)
	}
	var state stateOf
	for i, request := range t.Requests {
		body, err := new(ptrace.ProtoMarshaler).MarshalTraces(request)
		if err != nil {
			return nil, 0, fmt.Errorf("encode the trace: %w", err)
		}
		var x otlp.Index
		if err := x.Walk(body, plan.Keys()); err != nil {
			return nil, 0, fmt.Errorf("walk the trace: %w", err)
		}
		for span := range x.Spans {
			plan.Fold(in.Facts, &x, body, span, interner)
			state.note(&x.Spans[span], body)
		}
		spans += len(x.Spans)
		if observe == nil {
			continue
		}
		x.Reset()
		if err := x.Walk(body, keys); err != nil {
			return nil, 0, fmt.Errorf("walk the trace: %w", err)
		}
		for span := range x.Spans {
			observe.Fold(in.Fold, &x, body, span, uint64(i))
		}
	}
	in.TraceState = state.text
	return in, spans, nil
}

// stateOf finds the tracestate that the engine goes by: that of the earliest root, else of the earliest span with one.
type stateOf struct {
	text  string
	root  bool
	start uint64
}

func (s *stateOf) note(span *otlp.Span, body []byte) {
	if span.TraceState.Len == 0 {
		return
	}
	text, root := string(span.TraceState.In(body)), span.Parent == otlp.SpanID{}
	earlier := span.Start < s.start || span.Start == s.start && text < s.text
	if s.text == "" || root && !s.root || root == s.root && earlier {
		s.text, s.root, s.start = text, root, span.Start
	}
}

// together is the trace as one, for conditions that need the spans themselves.
func (t *Trace) together() (ptrace.Traces, error) {
	all := ptrace.NewTraces()
	for _, request := range t.Requests {
		for _, resource := range request.ResourceSpans().All() {
			resource.CopyTo(all.ResourceSpans().AppendEmpty())
		}
	}
	return all, nil
}

func ruleVotes(votes []policy.RuleVote) []Vote {
	list := make([]Vote, 0, len(votes))
	for _, v := range votes {
		kind := "rule"
		if v.Rule.Name == policy.Otherwise {
			kind = policy.Otherwise
		}
		why := strings.Join(v.Facts, "; ")
		switch {
		case kind == policy.Otherwise && why == "":
			why = "where no rule decides"
		case why == "":
			why = "it is for every trace"
		}
		list = append(list, Vote{Name: v.Rule.Name, Kind: kind, Vote: v.Votes, Why: why})
	}
	return list
}

func policyVotes(votes []tailsampling.Vote) (list []Vote) {
	for _, v := range votes {
		list = append(list, Vote{v.Name, string(v.Type), v.Decision, v.Why, policyVotes(v.Votes)})
	}
	return list
}
