package doctor_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tailwise/tailwise/internal/agent"
	"github.com/tailwise/tailwise/internal/doctor"
	"github.com/tailwise/tailwise/internal/otlp"
	"github.com/tailwise/tailwise/internal/traffic"
)

// TestFindings is what each finding is about: spans, and what is found; counts of how many.
func TestFindings(t *testing.T) {
	whole := []span{
		{id: 1, name: "invoke_agent", end: 9, attrs: run()},
		{id: 2, parent: 1, name: "chat", start: 1, end: 2, attrs: chat()},
	}
	for _, tc := range []struct {
		name  string
		spans []span
		want  []string
	}{
		{"nothing", whole, nil},
		{"a parent that is filtered out", []span{{id: 2, parent: 1, end: 2, attrs: chat("session.id", "s")}, {id: 3, parent: 1, start: 3, end: 4, attrs: chat()}},
			[]string{"bot semconv orphan-spans 2/2", "bot semconv no-root 1/1"}},
		{"a parent that did not end, among whole traces", append([]span{
			{trace: 1, id: 1, end: 9, attrs: run()}, {trace: 1, id: 2, parent: 1, end: 1, attrs: chat()},
			{trace: 2, id: 1, end: 9, attrs: run()}, {trace: 2, id: 3, parent: 2, end: 1, attrs: chat()},
		}, whole...), []string{"bot semconv orphan-spans 1/6", "bot semconv zombie-parents 1/6"}},
		{"no end", []span{{id: 1, start: 1, end: -1, attrs: run()}}, []string{"bot semconv unended-spans 1/1"}},
		{"several roots", []span{{id: 1, end: 9, attrs: run()}, {id: 2, end: 9, attrs: run()}}, []string{"bot semconv many-roots 1/1"}},
		{"no session", []span{{id: 1, end: 2, attrs: chat()}}, []string{"bot semconv no-session 1/1"}},
		{"no session is needed where no model is called", []span{{id: 1, name: "GET /", end: 2}}, nil},
		{"a session in the other service", []span{
			{id: 1, service: "web", end: 9, attrs: map[string]any{"session.id": "s"}}, {id: 2, parent: 1, start: 1, end: 2, attrs: chat()},
		}, nil},
		{"users that change", []span{{id: 1, end: 9, attrs: run("user.id", "a")}, {id: 2, parent: 1, end: 2, attrs: chat("user.id", "b")}},
			[]string{"bot semconv changing-user 1/1"}},
		{"a call without usage", []span{{id: 1, end: 2, attrs: chat("session.id", "s", "gen_ai.usage.input_tokens", nil, "gen_ai.usage.output_tokens", nil)}},
			[]string{"bot semconv no-usage 1/1"}},
		{"a call without model", []span{{id: 1, end: 2, attrs: chat("session.id", "s", "gen_ai.request.model", nil)}}, []string{"bot semconv no-model 1/1"}},
		{"a call that failed says no usage", []span{{id: 1, end: 2, failed: true, attrs: chat("session.id", "s", "gen_ai.usage.input_tokens", nil, "gen_ai.usage.output_tokens", nil)}}, nil},
		{"two instrumentations", append([]span{
			{id: 3, parent: 2, scope: "openinference.instrumentation.openai", name: "ChatCompletion", start: 1.1, end: 1.9, attrs: map[string]any{
				"openinference.span.kind": "LLM", "llm.model_name": "m", "llm.token_count.prompt": 10, "llm.token_count.completion": 1,
			}},
		}, whole...), []string{"bot semconv usage-twice 1/1"}},
		{"a sum", []span{{id: 1, end: 9, attrs: run("gen_ai.usage.input_tokens", 10)}, {id: 2, parent: 1, start: 1, end: 2, attrs: chat()}},
			[]string{"bot semconv usage-summed 1/2"}},
		{"attempts", append([]span{{id: 3, parent: 1, start: 0, end: 0.5, failed: true, attrs: chat()}}, whole...),
			[]string{"bot semconv sibling-retries 1/2"}},
		{"a value that means nothing", []span{{id: 1, end: 2, attrs: chat("session.id", "s", "gen_ai.usage.input_tokens", -5)}},
			[]string{"bot semconv invalid-value gen_ai.usage.input_tokens 1/0"}},
		{"content", []span{{id: 1, end: 2, attrs: chat("session.id", "s", "gen_ai.input.messages", strings.Repeat("x", 2000))}},
			[]string{"bot semconv payload 2003/2230"}},
		{"dropped attributes", []span{{id: 1, end: 2, dropped: 4, attrs: chat("session.id", "s")}}, []string{"bot semconv dropped-attributes 1/1"}},
	} {
		p := newPatient(t)
		p.takeSpans(tc.spans...)
		p.examine(nil)
		expect(t, tc.name, p.findings(), tc.want)
	}
}

func TestFindings_Noise(t *testing.T) {
	p := newPatient(t)
	spans := []span{{id: 1, end: 9, attrs: run()}}
	for i := range 30 {
		spans = append(spans, span{id: byte(i + 2), parent: 1, name: "fs.read", start: 1, end: 1.001})
	}
	p.takeSpans(append(spans, span{id: 99, parent: 1, name: "fs.read", start: 1, end: 1.001, failed: true})...)
	p.examine(nil)
	expect(t, "short spans, one of which failed", p.findings(), []string{"bot none noise 30/31"})
}

// TestFindings_ManyValues: a label that is different on nearly every span is found, and so are names of spans; ids and
// content are different by nature.
func TestFindings_ManyValues(t *testing.T) {
	p := newPatient(t)
	for i := range 200 {
		p.takeSpans(span{trace: byte(i), id: 1, name: fmt.Sprint("GET /orders/", i), end: 1, attrs: map[string]any{
			"step.label": fmt.Sprint("label ", i), "request.id": fmt.Sprint(i), "region": fmt.Sprint(i % 3), "http.route": "/orders/{id}", "gen_ai.prompt": fmt.Sprint("text ", i),
		}})
	}
	p.examine(nil)
	for i, want := range []string{"bot none many-values (span name)", "bot none many-values step.label"} {
		got := p.findings()
		if len(got) != 2 || !strings.HasPrefix(got[i], want) {
			t.Fatalf("many values: got %q, want the names of spans and step.label", got)
		}
		var different, of int
		if _, err := fmt.Sscanf(got[i][strings.LastIndex(got[i], " ")+1:], "%d/%d", &different, &of); err != nil || different < 160 || of != 200 {
			t.Errorf("%s: got about %d of %d, want 160 to 200 of 200", want, different, of)
		}
	}
}

// TestExaminer_PartOfATrace: spans that may still come, or came before, are not missing.
func TestExaminer_PartOfATrace(t *testing.T) {
	p := newPatient(t)
	p.takeSpans(span{id: 2, parent: 1, end: 2, attrs: chat("gen_ai.request.model", nil)})
	p.examine(func(t *doctor.Trace) { t.Partial = true })
	expect(t, "part of a trace", p.findings(), []string{"bot semconv no-model 1/1"})
}

// TestReport_ExampleIsKept: an example is a trace that can be looked up, if there is one.
func TestReport_ExampleIsKept(t *testing.T) {
	p := newPatient(t)
	for i := range 4 {
		p.takeSpans(span{trace: byte(i), id: 1, end: 2, attrs: chat()})
	}
	p.examine(func(t *doctor.Trace) { t.Kept = t.ID[0] == 3 })
	f := p.doctor.Report("", begun).Findings[0]
	if want := "03" + strings.Repeat("0", 30); f.Example != want {
		t.Errorf("example: got %s, want %s, which was kept", f.Example, want)
	}
}

func TestReport_ByService(t *testing.T) {
	p := newPatient(t)
	p.takeSpans(span{id: 1, service: "a", end: 2, attrs: chat()}, span{trace: 1, id: 1, service: "b", end: 2, attrs: chat()})
	p.examine(nil)
	r := p.doctor.Report("b", begun)
	if len(r.Findings) != 1 || r.Findings[0].Service != "b" || len(r.Sources) != 1 || r.Sources[0].Calls != 1 {
		t.Errorf("report: got %+v, want what concerns b", r)
	}
}

// TestReport_Forgets: what was mended is not reported for ever.
func TestReport_Forgets(t *testing.T) {
	p := newPatient(t)
	p.takeSpans(span{id: 1, end: 2, attrs: chat()})
	p.examine(nil)
	for _, want := range []struct {
		after time.Duration
		n     int
	}{{59 * time.Minute, 1}, {61 * time.Minute, 1}, {3 * time.Hour, 0}} {
		if got := p.doctor.Report("", begun.Add(want.after)); len(got.Findings) != want.n {
			t.Errorf("after %v: got %d findings, want %d", want.after, len(got.Findings), want.n)
		}
	}
}

// TestDoctor_IsBounded: services and keys without end end up together.
func TestDoctor_IsBounded(t *testing.T) {
	p := newPatient(t)
	for i := range 400 {
		attrs := chat()
		for k := range 5 {
			attrs[fmt.Sprint("label.", i, ".", k, "x")] = "v"
		}
		p.takeSpans(span{trace: byte(i), id: byte(i/256 + 1), service: fmt.Sprint("service-", i), end: 2, attrs: attrs})
	}
	p.examine(nil)
	r := p.doctor.Report("", begun)
	if len(r.Sources) > 257 || r.Sources[0].Service != "(others)" {
		t.Errorf("sources: got %d, the first of them %q, want at most 257 and the rest together", len(r.Sources), r.Sources[0].Service)
	}
}

// BenchmarkExaminer is what looking at a trace costs beside the walk over its spans, and BenchmarkLook a span.
func BenchmarkExaminer(b *testing.B) {
	p := newPatient(b)
	spans := []span{{id: 1, end: 90, attrs: run()}}
	for i := range 44 {
		spans = append(spans, span{id: byte(i + 2), parent: byte(i/10 + 1), start: float64(i), end: float64(i + 1), attrs: chat()})
	}
	p.takeSpans(spans...)
	f := p.traces[p.order[0]]
	for _, part := range []string{"walk", "walk and examine"} {
		b.Run(part, func(b *testing.B) {
			e := p.doctor.NewExaminer()
			see := e.Span
			b.ReportAllocs()
			for b.Loop() {
				if part == "walk" {
					f.Spans(func(*agent.Span) bool { return true })
					continue
				}
				e.Begin(f)
				f.Spans(func(s *agent.Span) bool { see(s); return true })
				e.End(doctor.Trace{At: begun})
			}
		})
	}
}

func BenchmarkLook(b *testing.B) {
	g, err := traffic.New(traffic.Config{Seed: 3})
	if err != nil {
		b.Fatal(err)
	}
	trace, _ := g.Next()
	body := traffic.Encode(trace.Spans)
	p := newPatient(b)
	var x otlp.Index
	if err := x.Walk(body, p.plan.Keys()); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		s := &x.Spans[i%len(x.Spans)]
		p.doctor.Look("bot", agent.SemConv, s.Trace, s.Name.In(body), s.Msg.In(body), begun)
	}
}
