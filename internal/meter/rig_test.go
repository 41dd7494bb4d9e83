package meter_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/tailwise/tailwise/internal/agent"
	"github.com/tailwise/tailwise/internal/meter"
	"github.com/tailwise/tailwise/internal/otlp"
)

var begun = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// span is one span as a test writes it; times are in seconds after begun.
type span struct {
	id, parent byte
	name       string
	start, end float64
	failed     bool
	attrs      map[string]any
}

func chat(model string, input, output int, more ...any) map[string]any {
	a := map[string]any{"gen_ai.operation.name": "chat", "gen_ai.request.model": model, "gen_ai.usage.input_tokens": input, "gen_ai.usage.output_tokens": output}
	for i := 0; i < len(more); i += 2 {
		a[more[i].(string)] = more[i+1]
	}
	return a
}

func run(agent string, more ...any) map[string]any {
	a := map[string]any{"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": agent}
	for i := 0; i < len(more); i += 2 {
		a[more[i].(string)] = more[i+1]
	}
	return a
}

func tool(name string) map[string]any {
	return map[string]any{"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": name}
}

// factsOf folds the spans of one trace.
func factsOf(t testing.TB, spans ...span) *agent.Facts {
	t.Helper()
	traces := ptrace.NewTraces()
	scope := traces.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty()
	for _, s := range spans {
		out := scope.Spans().AppendEmpty()
		out.SetTraceID([16]byte{1})
		out.SetSpanID([8]byte{7: s.id})
		out.SetParentSpanID([8]byte{7: s.parent})
		out.SetName(s.name)
		out.SetStartTimestamp(pcommon.NewTimestampFromTime(begun.Add(time.Duration(s.start * float64(time.Second)))))
		out.SetEndTimestamp(pcommon.NewTimestampFromTime(begun.Add(time.Duration(s.end * float64(time.Second)))))
		if s.failed {
			out.Status().SetCode(ptrace.StatusCodeError)
		}
		if err := out.Attributes().FromRaw(s.attrs); err != nil {
			t.Fatal(err)
		}
	}
	return fold(t, traces)[otlp.TraceID{1}]
}

// fold folds the traces of a request.
func fold(t testing.TB, traces ptrace.Traces) map[otlp.TraceID]*agent.Facts {
	t.Helper()
	body, err := ptraceotlp.NewExportRequestFromTraces(traces).MarshalProto()
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[otlp.TraceID]*agent.Facts)
	foldBody(t, agent.NewPlan(nil), body, all)
	return all
}

func foldBody(t testing.TB, plan *agent.Plan, body []byte, into map[otlp.TraceID]*agent.Facts) {
	t.Helper()
	var x otlp.Index
	if err := x.Walk(body, plan.Keys()); err != nil {
		t.Fatal(err)
	}
	for i := range x.Spans {
		id := x.Spans[i].Trace
		if into[id] == nil {
			into[id] = new(agent.Facts)
		}
		plan.Fold(into[id], &x, body, i, nil)
	}
}

// record adds a trace to r.
func record(r *meter.Recorder, f *agent.Facts, t meter.Trace) {
	r.Begin(f)
	f.Spans(func(s *agent.Span) bool { r.Span(s); return true })
	r.End(t)
}

// lines renders metrics as name{attributes} value, one a point, sorted. A histogram's value is its count and its sum.
func lines(all pmetric.Metrics) (out []string) {
	for _, resource := range all.ResourceMetrics().All() {
		for _, scope := range resource.ScopeMetrics().All() {
			for _, m := range scope.Metrics().All() {
				switch m.Type() {
				case pmetric.MetricTypeSum:
					for _, p := range m.Sum().DataPoints().All() {
						value := fmt.Sprint(p.IntValue())
						if p.ValueType() == pmetric.NumberDataPointValueTypeDouble {
							value = fmt.Sprint(p.DoubleValue())
						}
						out = append(out, m.Name()+attributes(p.Attributes())+" "+value)
					}
				case pmetric.MetricTypeExponentialHistogram:
					for _, p := range m.ExponentialHistogram().DataPoints().All() {
						out = append(out, fmt.Sprintf("%s%s %d in %.3gs", m.Name(), attributes(p.Attributes()), p.Count(), p.Sum()))
					}
				}
			}
		}
	}
	slices.Sort(out)
	return out
}

func attributes(m pcommon.Map) string {
	raw := m.AsRaw()
	var parts []string
	for _, key := range slices.Sorted(maps.Keys(raw)) {
		parts = append(parts, fmt.Sprintf("%s=%v", key, raw[key]))
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// about returns the lines whose metric begins so.
func about(all []string, metric string) (out []string) {
	for _, line := range all {
		if strings.HasPrefix(line, metric) {
			out = append(out, line)
		}
	}
	return out
}

func expect(t *testing.T, name string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got\n  %s\nwant\n  %s", name, strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}
