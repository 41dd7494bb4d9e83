package doctor_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/tailwise/tailwise/internal/doctor"
	"github.com/tailwise/tailwise/internal/otlp"
	"github.com/tailwise/tailwise/internal/traffic"
	"github.com/tailwise/tailwise/testdata/recordings"
)

// known is what is wrong with what real libraries sent while they were recorded, as dialect, finding and key, and why
// that is so. A library that is not in it sends nothing that is wrong.
var known = map[string][]string{
	// NaN where a stream says no usage; the outer span repeats; attempts are siblings up to version 6.
	"aisdk-4": {
		"vercel invalid-value ai.usage.completionTokens", "vercel invalid-value ai.usage.promptTokens",
		"vercel invalid-value gen_ai.usage.input_tokens", "vercel invalid-value gen_ai.usage.output_tokens",
		"vercel no-usage", "vercel sibling-retries", "vercel usage-summed",
	},
	"aisdk-5":        {"vercel sibling-retries", "vercel usage-summed"},
	"aisdk-6":        {"vercel sibling-retries", "vercel usage-summed"},
	"aisdk-7":        {"vercel usage-summed"},
	"aisdk-7-legacy": {"vercel usage-summed"},
	// The framework makes attempts of its own.
	"crewai": {"openinference sibling-retries"},
	// There is no call for them: the session is a tag of the trace, which is not exported; the model is in the content.
	"mlflow": {"mlflow no-model", "mlflow no-session"},
	// A run that throws leaves its root open. A stream says no usage unless it is asked for.
	"openinference-agents":    {"openinference no-usage"},
	"openinference-agents-js": {"openinference no-root", "openinference orphan-spans", "openinference zombie-parents"},
	"openinference-langchain": {"openinference payload"},
	// Anthropic's client writes a span of its own below the instrumentation's.
	"openinference-openai":    {"openinference usage-twice"},
	"openinference-openai-js": {"openinference no-usage"},
	"openllmetry":             {"traceloop usage-twice"},
	"openllmetry-js":          {"traceloop no-usage"},
	"openllmetry-langchain":   {"traceloop payload"},
	// The span of a call that failed has no session.
	"openlit-js": {"openlit no-session"},
	// The application says none.
	"plain-keys":  {"plain no-session"},
	"pydantic-ai": {"pydantic-ai usage-summed", "pydantic-ai usage-twice"},
	// Each call is a second trace of its own.
	"stack-langchain-openai": {"openinference no-session", "openinference payload"},
	"strands":                {"strands usage-summed"},
}

// TestRecordings: findings appear where libraries have their traps, and nowhere else.
func TestRecordings(t *testing.T) {
	all, err := recordings.All()
	if err != nil {
		t.Fatal(err)
	}
	patients := make(map[string]*patient)
	for i := range all {
		p := patients[all[i].Library]
		if p == nil {
			p = newPatient(t)
			patients[all[i].Library] = p
		}
		for _, request := range all[i].Requests {
			body, err := otlp.FromJSON(request)
			if err != nil {
				t.Fatal(err)
			}
			p.take(body)
		}
	}
	for library, p := range patients {
		p.examine(nil)
		var got []string
		for _, line := range p.findings() { // service, then what is known, then counts
			words := strings.Fields(line)
			got = append(got, strings.Join(words[1:len(words)-1], " "))
		}
		slices.Sort(got)
		expect(t, library, got, known[library])
		for _, f := range p.doctor.Report("", begun).Findings {
			if len(f.Example) != 32 || f.Fix == "" || f.What == "" || f.Count == 0 || f.Of != 0 && f.Count > f.Of {
				t.Errorf("%s: %+v: want an example, what it is, how to mend it, and counts that fit", library, f)
			}
		}
	}
	for library := range known {
		if patients[library] == nil {
			t.Errorf("%s: is known and not recorded", library)
		}
	}
}

// TestTraffic_IsHealthy: agents in trouble are not instrumentation in trouble. What the generated traffic has is content,
// and calls that are tried again.
func TestTraffic_IsHealthy(t *testing.T) {
	g, err := traffic.New(traffic.Config{Seed: 3, Shares: traffic.DefaultShares})
	if err != nil {
		t.Fatal(err)
	}
	p := newPatient(t)
	for range 150 {
		trace, ok := g.Next()
		if !ok {
			t.Fatal("the traffic has ended")
		}
		p.take(traffic.Encode(trace.Spans))
	}
	p.examine(nil)
	r := p.doctor.Report("", begun)
	if r.Traces != 150 || len(r.Sources) == 0 {
		t.Errorf("report: got %d traces of %d sources, want 150 of some", r.Traces, len(r.Sources))
	}
	for _, f := range r.Findings {
		if f.ID != "payload" && f.ID != "sibling-retries" {
			t.Errorf("healthy traffic: got %+v, want nothing but payload and retries", f)
		}
	}
	if !slices.ContainsFunc(r.Findings, func(f doctor.Finding) bool { return f.ID == "sibling-retries" }) {
		t.Errorf("retried calls: got %v, want them found", p.findings())
	}
}
