package oracle

import (
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"
	"gopkg.in/yaml.v3"

	"github.com/tailwise/tailwise/internal/otlp"
	"github.com/tailwise/tailwise/internal/policy/tailsampling"
)

// ours decides with the policies as Tailwise reads them.
type ours struct {
	set   *tailsampling.Set
	plan  *tailsampling.Plan
	state *tailsampling.State
	keys  *otlp.Keys

	folds   map[traceID]*tailsampling.Fold
	order   []traceID
	bodies  [][]byte
	decoded int // traces that a policy asked for
}

// read reads the policies of a configuration; it returns nil and what is wrong where they are not accepted.
func read(tb testing.TB, text []byte, firstMatch bool) (*ours, []tailsampling.Note) {
	tb.Helper()
	var top yaml.Node
	if err := yaml.Unmarshal(text, &top); err != nil {
		tb.Fatalf("read the configuration: %v\n%s", err, text)
	}
	cfg, notes := tailsampling.Decode(child(&top, "policies"))
	if tailsampling.Broken(notes) {
		return nil, notes
	}
	cfg.SampleOnFirstMatch = firstMatch
	set, more := tailsampling.Compile(cfg)
	notes = append(notes, more...)
	if set == nil {
		return nil, notes
	}
	o := &ours{set: set, state: set.NewState(nil), folds: make(map[traceID]*tailsampling.Fold)}
	o.keys = otlp.NewKeys(append([]string{"unrelated"}, set.Keys()...))
	o.plan = set.Bind(o.keys)
	return o, notes
}

func child(top *yaml.Node, key string) *yaml.Node {
	if len(top.Content) == 0 {
		return nil
	}
	for i, n := range top.Content[0].Content {
		if n.Value == key {
			return top.Content[0].Content[i+1]
		}
	}
	return nil
}

// consume folds a request.
func (o *ours) consume(tb testing.TB, body []byte) {
	tb.Helper()
	var x otlp.Index
	if err := x.Walk(body, o.keys); err != nil {
		tb.Fatalf("walk a request: %v", err)
	}
	if x.RejectedN > 0 {
		tb.Fatalf("a request has %d spans that are rejected", x.RejectedN)
	}
	o.bodies = append(o.bodies, body)
	for i := range x.Spans {
		id := traceID(x.Spans[i].Trace)
		f := o.folds[id]
		if f == nil {
			f = new(tailsampling.Fold)
			o.folds[id] = f
			o.order = append(o.order, id)
		}
		o.plan.Fold(f, &x, body, i, uint64(len(o.bodies)))
	}
}

// decide decides a trace.
func (o *ours) decide(tb testing.TB, id traceID, now time.Time) (said, tailsampling.Outcome) {
	tb.Helper()
	in := tailsampling.Input{TraceID: id, Fold: o.folds[id], Traces: func() (ptrace.Traces, error) {
		o.decoded++
		return o.spansOf(tb, id), nil
	}}
	out := o.set.Decide(&in, o.state, now)
	if out.Err != nil {
		tb.Fatalf("decide: %v", out.Err)
	}
	s := said{decision: out.Decision.String()}
	if out.Decision != tailsampling.NotSampled {
		s.policy = o.set.Config().Policies[out.Reasons[0]].Name
	}
	return s, out
}

// spansOf returns the spans of a trace, as the log would give them back.
func (o *ours) spansOf(tb testing.TB, id traceID) ptrace.Traces {
	tb.Helper()
	all := ptrace.NewTraces()
	for _, body := range o.bodies {
		traces, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(body)
		if err != nil {
			tb.Fatalf("decode a request: %v", err)
		}
		traces.ResourceSpans().RemoveIf(func(rs ptrace.ResourceSpans) bool {
			rs.ScopeSpans().RemoveIf(func(ss ptrace.ScopeSpans) bool {
				ss.Spans().RemoveIf(func(s ptrace.Span) bool { return traceID(s.TraceID()) != id })
				return ss.Spans().Len() == 0
			})
			return rs.ScopeSpans().Len() == 0
		})
		traces.ResourceSpans().MoveAndAppendTo(all.ResourceSpans())
	}
	return all
}
