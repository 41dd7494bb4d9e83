package doctor_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/tailwise/tailwise/internal/agent"
	"github.com/tailwise/tailwise/internal/doctor"
	"github.com/tailwise/tailwise/internal/otlp"
)

var begun = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// span is one span as a test writes it; times are in seconds after begun. A negative end is none.
type span struct {
	trace, id, parent byte
	name, scope       string
	service           string // "bot" unless said otherwise
	start, end        float64
	failed            bool
	dropped           uint32
	attrs             map[string]any
}

func chat(more ...any) map[string]any {
	a := map[string]any{"gen_ai.operation.name": "chat", "gen_ai.request.model": "m", "gen_ai.usage.input_tokens": 10, "gen_ai.usage.output_tokens": 1}
	for i := 0; i < len(more); i += 2 {
		if a[more[i].(string)] = more[i+1]; more[i+1] == nil {
			delete(a, more[i].(string))
		}
	}
	return a
}

func run(more ...any) map[string]any {
	a := map[string]any{"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "support", "gen_ai.conversation.id": "c1"}
	for i := 0; i < len(more); i += 2 {
		if a[more[i].(string)] = more[i+1]; more[i+1] == nil {
			delete(a, more[i].(string))
		}
	}
	return a
}

// patient is a doctor and the traces that he is shown.
type patient struct {
	t      testing.TB
	doctor *doctor.Doctor
	plan   *agent.Plan
	traces map[otlp.TraceID]*agent.Facts
	order  []otlp.TraceID
}

func newPatient(t testing.TB) *patient {
	return &patient{t: t, doctor: doctor.New(begun), plan: agent.NewPlan(nil), traces: make(map[otlp.TraceID]*agent.Facts)}
}

// take folds a request, and has every one of its spans looked at whole.
func (p *patient) take(body []byte) {
	p.t.Helper()
	var x otlp.Index
	if err := x.Walk(body, p.plan.Keys()); err != nil {
		p.t.Fatal(err)
	}
	for i := range x.Spans {
		s := &x.Spans[i]
		f := p.traces[s.Trace]
		if f == nil {
			f = new(agent.Facts)
			p.traces[s.Trace] = f
			p.order = append(p.order, s.Trace)
		}
		p.plan.Fold(f, &x, body, i, nil)
		service, dialect := f.Last()
		p.doctor.Look(service, dialect, s.Trace, s.Name.In(body), s.Msg.In(body), begun)
	}
}

func (p *patient) takeSpans(spans ...span) {
	p.t.Helper()
	traces := ptrace.NewTraces()
	for _, s := range spans {
		resource := traces.ResourceSpans().AppendEmpty()
		if s.service == "" {
			s.service = "bot"
		}
		resource.Resource().Attributes().PutStr("service.name", s.service)
		scope := resource.ScopeSpans().AppendEmpty()
		scope.Scope().SetName(s.scope)
		out := scope.Spans().AppendEmpty()
		out.SetTraceID([16]byte{s.trace + 1})
		out.SetSpanID([8]byte{7: s.id})
		out.SetParentSpanID([8]byte{7: s.parent})
		out.SetName(s.name)
		out.SetStartTimestamp(pcommon.NewTimestampFromTime(begun.Add(time.Duration(s.start * float64(time.Second)))))
		if s.end >= 0 {
			out.SetEndTimestamp(pcommon.NewTimestampFromTime(begun.Add(time.Duration(s.end * float64(time.Second)))))
		}
		if s.failed {
			out.Status().SetCode(ptrace.StatusCodeError)
		}
		out.SetDroppedAttributesCount(s.dropped)
		if err := out.Attributes().FromRaw(s.attrs); err != nil {
			p.t.Fatal(err)
		}
	}
	body, err := ptraceotlp.NewExportRequestFromTraces(traces).MarshalProto()
	if err != nil {
		p.t.Fatal(err)
	}
	p.take(body)
}

// examine shows every trace to the doctor once.
func (p *patient) examine(change func(*doctor.Trace)) {
	e := p.doctor.NewExaminer()
	for _, id := range p.order {
		t := doctor.Trace{ID: id, At: begun}
		if change != nil {
			change(&t)
		}
		e.Begin(p.traces[id])
		p.traces[id].Spans(func(s *agent.Span) bool { e.Span(s); return true })
		e.End(t)
	}
	p.order = nil
	clear(p.traces)
}

// findings renders a report, a line for each: service, dialect, id, key, count of how many.
func (p *patient) findings() (lines []string) {
	for _, f := range p.doctor.Report("", begun).Findings {
		lines = append(lines, strings.Join(strings.Fields(fmt.Sprintf("%s %s %s %s %d/%d", f.Service, f.Dialect, f.ID, f.Key, f.Count, f.Of)), " "))
	}
	return lines
}

func expect(t *testing.T, name string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got\n  %s\nwant\n  %s", name, strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}
