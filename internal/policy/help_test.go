package policy_test

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/tailwise/tailwise/internal/agent"
	"github.com/tailwise/tailwise/internal/otlp"
	"github.com/tailwise/tailwise/internal/policy"
)

// noon is when things happen where the time does not matter.
var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func compile(t testing.TB, text string) *policy.Policy {
	t.Helper()
	p, err := policy.Compile("policy.yaml", []byte(text))
	if err != nil {
		t.Fatalf("compile:\n%v\n%s", err, text)
	}
	return p
}

// rules makes a policy of rules, one a line, each in YAML's flow style without its braces.
func rules(lines ...string) string {
	text := "retention: {week: 7d, month: 30d, ever: forever, also-week: 168h}\nrules:\n"
	for _, line := range lines {
		if key, value, found := strings.Cut(line, ": "); found && (key == "otherwise" || key == "calibrate") {
			text = key + ": " + value + "\n" + text
			continue
		}
		text += "  - {" + line + "}\n"
	}
	return text
}

type attrs = map[string]any

// span is one span of a test's trace; the first is the root.
type span struct {
	name   string
	err    bool
	length time.Duration
	attrs  attrs
}

// facts folds spans as an engine with policy p would.
func facts(t testing.TB, p *policy.Policy, spans ...span) *agent.Facts {
	t.Helper()
	traces := ptrace.NewTraces()
	scope := traces.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty()
	for i, s := range spans {
		out := scope.Spans().AppendEmpty()
		out.SetTraceID(pcommon.TraceID{1})
		out.SetSpanID(pcommon.SpanID{byte(i + 1)})
		if i > 0 {
			out.SetParentSpanID(pcommon.SpanID{1})
		}
		out.SetName(s.name)
		out.SetStartTimestamp(pcommon.NewTimestampFromTime(noon))
		out.SetEndTimestamp(pcommon.NewTimestampFromTime(noon.Add(s.length)))
		if s.err {
			out.Status().SetCode(ptrace.StatusCodeError)
		}
		if err := out.Attributes().FromRaw(s.attrs); err != nil {
			t.Fatalf("write attributes: %v", err)
		}
	}
	body, err := ptraceotlp.NewExportRequestFromTraces(traces).MarshalProto()
	if err != nil {
		t.Fatalf("encode the spans: %v", err)
	}
	var x otlp.Index
	plan := agent.NewPlan(p.Attrs())
	if err := x.Walk(body, plan.Keys()); err != nil {
		t.Fatalf("walk the spans: %v", err)
	}
	f := new(agent.Facts)
	for i := range x.Spans {
		plan.Fold(f, &x, body, i, nil)
	}
	return f
}

// traceID makes a trace id whose coin falls at r of 1.
func traceID(r float64) (id [16]byte) {
	id[0] = 1
	binary.BigEndian.PutUint64(id[8:], uint64(r*(1<<56)))
	return id
}

// decideOne decides a single trace at noon, long after calibration.
func decideOne(t testing.TB, p *policy.Policy, in policy.Input) policy.Verdict {
	t.Helper()
	return p.Decide([]policy.Input{in}, policy.NewState(p, noon), noon, noon.AddDate(-1, 0, 0))[0]
}

// show renders a verdict for comparison: "keep week 0.05 th:f33 rv:.. [rules]".
func show(v policy.Verdict) string {
	text := "drop"
	if v.Keep {
		text = "keep " + v.Retention
	}
	text += fmt.Sprintf(" %.4g", v.Probability)
	if v.Sampled {
		text += " th:" + v.Threshold.TValue()
	}
	if v.RV != "" {
		text += " rv:" + v.RV
	}
	return text + " " + fmt.Sprint(v.Rules)
}
