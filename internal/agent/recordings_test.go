package agent_test

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/tailwise/tailwise/internal/agent"
	"github.com/tailwise/tailwise/internal/otlp"
	"github.com/tailwise/tailwise/testdata/recordings"
)

// inexact is what the spans of a recording tell otherwise than it was, with the reason; a star stands for anything.
// What they do not tell at all is in the truth of a recording, as untold. docs/facts.md says the same by library.
var inexact = []struct{ recording, claim, got, why string }{
	{"*/*down*", "retries", "0", "the SDK of the provider repeats requests itself, and its span covers all of them"},
	{"crewai/down", "retries", "2", "of eight requests in vain the framework's own three calls are seen"},
	{"openinference-openai-js/down", "*", "0", "a call that fails leaves no span"},
	{"openllmetry/responses_length", "calls", "0", "a response that is cut off leaves no span"},
	{"otel-openai*/responses_tool", "calls", "0", "the responses API is not instrumented"},
	{"openlit*/*", "tools.*", "0", "tools leave no span"},
	{"openllmetry-js/tool_*", "tools.*", "0", "a tool that fails leaves no span"},
	{"*/bad_arguments*", "tools.*", "1", "a call with broken arguments leaves the span of a tool that failed"},

	{"*/responses_tool", "finish_reasons", "stop tool_call", "the library says tool calls where the API says completed"},
	{"aisdk-?/refusal", "finish_reasons", "content_filter", "the library makes a content filter of a refusal"},
	{"aisdk-?/refusal", "refusals", "false", "likewise"},
	{"pydantic-ai/refusal", "finish_reasons", "content_filter", "likewise"},
	{"pydantic-ai/refusal", "refusals", "false", "likewise"},
	{"openinference-agents/refusal", "finish_reasons", "", "the answer is written without its finish reason"},
	{"openinference-agents/filter", "finish_reasons", "", "likewise"},
	{"openinference-agents/filter", "refusals", "true", "the SDK makes a refusal of a content filter"},
	{"otel-*/refusal", "refusals", "false", "no content is recorded"},
	{"langfuse*/*", "finish_reasons", "", "they are not recorded"},
	{"langfuse/responses_length", "finish_reasons", "stop", "the message is complete, the response is not recorded"},
	{"otel-openai/*_stream", "finish_reasons", "", "of streams they are not recorded"},

	{"openlit/anthropic_cache_stream", "tokens.input", "1898", "of streams the cached tokens are not recorded"},
	{"openllmetry-langchain/usage", "tokens.reasoning", "0", "they stand in the content of the output only"},
	{"mlflow/usage", "tokens.reasoning", "0", "likewise"},
	{"stack-langchain-openai/*", "*", "*", "each call is a second trace of its own, without a session"},
	{"openinference-langchain/retrieval", "tokens.input", "283", "embeddings leave no span"},
}

// inexactly returns the place in inexact of what a recording is known to tell, or -1.
func inexactly(recording string, c claim) int {
	return slices.IndexFunc(inexact, func(row struct{ recording, claim, got, why string }) bool {
		library, _ := path.Match(row.recording, recording)
		about, _ := path.Match(row.claim, c.name)
		return library && about && (row.got == c.got || row.got == "*")
	})
}

// TestRecordings holds the facts to what really happened while the libraries were recorded.
func TestRecordings(t *testing.T) {
	all, err := recordings.All()
	if err != nil {
		t.Fatal(err)
	}
	used := make([]bool, len(inexact))
	for _, r := range all {
		t.Run(r.Library+"/"+r.Scenario, func(t *testing.T) {
			for _, c := range claims(&r, tell(t, &r)) {
				if c.got == c.want {
					continue
				}
				at := inexactly(r.Library+"/"+r.Scenario, c)
				if at >= 0 {
					used[at] = true
				}
				if at >= 0 || slices.Contains(r.Truth.Untold, c.name) {
					continue
				}
				t.Errorf("%s: got %s, want %s", c.name, c.got, c.want)
			}
		})
	}
	for i, row := range inexact {
		if !used[i] && !t.Failed() {
			t.Errorf("%s: %s: no recording tells %q any more", row.recording, row.claim, row.got)
		}
	}
}

// claim is one thing that a recording's truth knows.
type claim struct{ name, got, want string }

// claims compares what the traces tell with the truth, under the names that untold uses.
func claims(r *recordings.Recording, told *told) []claim {
	truth := &r.Truth
	return []claim{
		{"calls", fmt.Sprint(told.sum["llm.calls"]), fmt.Sprint(truth.Calls)},
		{"retries", fmt.Sprint(told.sum["retries"]), fmt.Sprint(truth.Retries)},
		{"errors", fmt.Sprint(told.sum["llm.errors"]), fmt.Sprint(truth.Errors)},
		{"tokens.input", fmt.Sprint(told.sum["tokens.input"]), fmt.Sprint(truth.Tokens.Input + truth.Embeddings.Tokens)},
		{"tokens.cached", fmt.Sprint(told.sum["tokens.cache_read"]), fmt.Sprint(truth.Tokens.Cached)},
		{"tokens.cache_write", fmt.Sprint(told.sum["tokens.cache_write"]), fmt.Sprint(truth.Tokens.CacheWrite)},
		{"tokens.output", fmt.Sprint(told.sum["tokens.output"]), fmt.Sprint(truth.Tokens.Output)},
		{"tokens.reasoning", fmt.Sprint(told.sum["tokens.reasoning"]), fmt.Sprint(truth.Tokens.Reasoning)},
		{"tools.run", fmt.Sprint(told.sum["tool.calls"]), fmt.Sprint(truth.Tools.Run)},
		{"tools.errors", fmt.Sprint(told.sum["tool.errors"]), fmt.Sprint(truth.Tools.Errors)},
		{"finish_reasons", told.set["finish_reasons"], canonical(truth.FinishReasons)},
		{"refusals", fmt.Sprint(told.sum["refusal"] > 0), fmt.Sprint(truth.Refusals > 0)},
		{"sessions", told.set["session"], joined(truth.Sessions)},
		{"user", told.set["user"], truth.User},
	}
}

// canonical is the set of canonical names of an API's finish reasons.
func canonical(raw []string) string {
	var names []string
	for _, reason := range raw {
		switch reason {
		case "stop", "end_turn", "completed", "STOP":
			reason = "stop"
		case "length", "max_tokens", "max_output_tokens", "incomplete", "MAX_TOKENS":
			reason = "length"
		case "tool_calls", "tool_use":
			reason = "tool_call"
		case "content_filter", "refusal", "SAFETY":
			reason = "content_filter"
		}
		names = append(names, reason)
	}
	return joined(names)
}

func joined(list []string) string {
	return strings.Join(slices.Compact(slices.Sorted(slices.Values(list))), " ")
}

// told is what the traces of a recording tell together.
type told struct {
	sum map[string]int64
	set map[string]string
}

// tell folds each trace of a recording and sums the facts up.
func tell(t *testing.T, r *recordings.Recording) *told {
	t.Helper()
	plan := agent.NewPlan(nil)
	traces := make(map[otlp.TraceID]*agent.Facts)
	var in agent.Interner
	for _, request := range r.Requests {
		body, err := otlp.FromJSON(request)
		if err != nil {
			t.Fatalf("read a request: %v", err)
		}
		var x otlp.Index
		if err := x.Walk(body, plan.Keys()); err != nil {
			t.Fatalf("walk a request: %v", err)
		}
		for i := range x.Spans {
			id := x.Spans[i].Trace
			if traces[id] == nil {
				traces[id] = new(agent.Facts)
			}
			plan.Fold(traces[id], &x, body, i, &in)
		}
	}
	all := &told{sum: make(map[string]int64), set: make(map[string]string)}
	sets := make(map[string][]string)
	for _, f := range traces {
		for i, info := range agent.Known() {
			switch info.Type {
			case agent.TypeInt, agent.TypeBool:
				n, _ := f.Number(i)
				all.sum[info.Name] += n
			case agent.TypeText:
				if s, known := f.Text(i); known {
					sets[info.Name] = append(sets[info.Name], s)
				}
			case agent.TypeTexts:
				list, _ := f.Texts(i)
				sets[info.Name] = append(sets[info.Name], list...)
			}
		}
	}
	for name, list := range sets {
		all.set[name] = joined(list)
	}
	return all
}

// BenchmarkDialects is what the fold of a span costs by library, as recorded, with the tree worked out.
func BenchmarkDialects(b *testing.B) {
	all, err := recordings.All()
	if err != nil {
		b.Fatal(err)
	}
	plan := agent.NewPlan(nil)
	type walked struct {
		body  []byte
		index otlp.Index
	}
	byLibrary := make(map[string][]walked)
	var libraries []string
	for _, r := range all {
		if !slices.Contains(libraries, r.Library) {
			libraries = append(libraries, r.Library)
		}
		for _, request := range r.Requests {
			body, err := otlp.FromJSON(request)
			if err != nil {
				b.Fatal(err)
			}
			w := walked{body: body}
			if err := w.index.Walk(body, plan.Keys()); err != nil {
				b.Fatal(err)
			}
			byLibrary[r.Library] = append(byLibrary[r.Library], w)
		}
	}
	for _, library := range libraries {
		b.Run(library, func(b *testing.B) {
			var f agent.Facts
			var in agent.Interner
			spans := 0
			b.ReportAllocs()
			for b.Loop() {
				spans = 0
				for i := range byLibrary[library] {
					w := &byLibrary[library][i]
					for s := range w.index.Spans {
						plan.Fold(&f, &w.index, w.body, s, &in)
						spans++
					}
				}
				f.Lookup("llm.calls")
				f.Reset()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(max(spans, 1)), "ns/span")
		})
	}
}
