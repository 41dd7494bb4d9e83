package agent_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/tailwise/tailwise/internal/agent"
	"github.com/tailwise/tailwise/internal/otlp"
	"github.com/tailwise/tailwise/internal/price"
)

// TestFacts_Usage is how each dialect counts: one span, then input, cache read, cache write, output and reasoning.
func TestFacts_Usage(t *testing.T) {
	const (
		read, write, reasoning = "gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_creation.input_tokens", "gen_ai.usage.reasoning.output_tokens"
		total                  = "gen_ai.usage.total_tokens"
	)
	claude := func(more ...any) attrs {
		return op("chat", append([]any{"gen_ai.system", "anthropic", "gen_ai.request.model", "claude-x"}, more...)...)
	}
	tests := []struct {
		name, scope string
		attrs       attrs
		want        string
	}{
		{"included, as the conventions say", "", claude(input, 100, read, 20, write, 30, output, 9, reasoning, 4), "100 20 30 9 4"},
		{"more cached than input proves that it is not included", "", claude(input, 10, read, 20, output, 9), "30 20 0 9 0"},
		{"a total that has the cached ones proves it", "", claude(input, 100, read, 20, output, 9, total, 129), "120 20 0 9 0"},
		{"a total that has not proves the contrary", "", claude(input, 100, read, 20, output, 9, total, 109), "100 20 0 9 0"},
		{"reasoning beyond the output is not in it", "", claude(input, 1, output, 5, reasoning, 7), "1 0 0 12 7"},
		{"cached tokens alone", "", claude(read, 20, output, 1), "20 20 0 1 0"},
		{"whole tokens", "", claude(input, 3.9, output, 1), "3 0 0 1 0"},

		{"Traceloop in JavaScript does not include", "@traceloop/instrumentation-anthropic", claude(input, 100, read, 20, output, 9, total, 109), "120 20 0 9 0"},
		{"and does for others", "@traceloop/instrumentation-openai", op("chat", "gen_ai.request.model", "gpt", input, 100, read, 20), "100 20 0 0 0"},
		{"Traceloop in Python includes", "opentelemetry.instrumentation.anthropic", claude(input, 100, read, 20), "100 20 0 0 0"},
		{"OpenLIT does not include Anthropic's", "openlit.instrumentation.anthropic", claude(input, 100, read, 20, total, 109, output, 9), "120 20 0 9 0"},
		{"OpenLIT includes OpenAI's", "openlit.instrumentation.openai", op("chat", "gen_ai.request.model", "gpt", input, 100, read, 20), "100 20 0 0 0"},
		{"Strands with Bedrock", "strands.telemetry.tracer", op("chat", "gen_ai.system", "strands-agents", "gen_ai.request.model", "us.anthropic.claude", input, 100, read, 20), "120 20 0 0 0"},
		{"Strands with OpenAI", "strands.telemetry.tracer", op("chat", "gen_ai.system", "strands-agents", "gen_ai.request.model", "gpt-4o", input, 100, read, 20), "100 20 0 0 0"},
		{"Claude Code", "com.anthropic.claude_code.tracing", attrs{"span.type": "llm_request", "input_tokens": "100", "cache_read_tokens": 20, "cache_creation_tokens": 5, "output_tokens": 1}, "125 20 5 1 0"},

		{"OpenInference includes, Anthropic too", "", attrs{
			"openinference.span.kind": "LLM", "llm.provider": "anthropic", "llm.token_count.prompt": 100, "llm.token_count.completion": 9,
			"llm.token_count.prompt_details.cache_read": 20, "llm.token_count.completion_details.reasoning": 2,
		}, "100 20 0 9 2"},
		{"AI SDK 5 with Anthropic", "ai", attrs{
			"ai.operationId": "ai.generateText.doGenerate", "ai.model.provider": "anthropic.messages", "ai.usage.promptTokens": 100, "ai.usage.completionTokens": 9,
			"ai.response.providerMetadata": `{"anthropic":{"usage":{"input_tokens":100,"cache_creation_input_tokens":7,"cache_read_input_tokens":20}}}`,
		}, "127 20 7 9 0"},
		{"AI SDK 4 with Anthropic", "ai", attrs{
			"ai.operationId": "ai.generateText.doGenerate", "ai.model.provider": "anthropic.messages", "ai.usage.promptTokens": 100, "ai.usage.completionTokens": 9,
			"ai.response.providerMetadata": `{"anthropic":{"cacheCreationInputTokens":7,"cacheReadInputTokens":20}}`,
		}, "127 20 7 9 0"},
		{"AI SDK 6 with Anthropic", "ai", attrs{
			"ai.operationId": "ai.generateText.doGenerate", "ai.model.provider": "anthropic.messages", "ai.usage.inputTokens": 127, "ai.usage.outputTokens": 9,
			"ai.usage.inputTokenDetails.cacheReadTokens": 20, "ai.usage.inputTokenDetails.cacheWriteTokens": 7,
		}, "127 20 7 9 0"},
		{"AI SDK 4 with OpenAI", "ai", attrs{
			"ai.operationId": "ai.generateText.doGenerate", "ai.model.provider": "openai.chat", "ai.usage.promptTokens": 100, "ai.usage.completionTokens": 9,
			"ai.response.providerMetadata": `{"openai":{"cachedPromptTokens":20,"reasoningTokens":3}}`,
		}, "100 20 0 9 3"},
		{"LangSmith", "langsmith", attrs{
			"langsmith.span.kind":      "llm",
			"langsmith.usage_metadata": `{"input_tokens":100,"output_tokens":9,"input_token_details":{"cache_read":20,"ephemeral_5m_input_tokens":4,"ephemeral_1hr_input_tokens":3},"output_token_details":{"reasoning":2}}`,
		}, "100 20 7 9 2"},
		{"Langfuse: what the others leave", "langfuse-sdk", attrs{
			"langfuse.observation.type":          "generation",
			"langfuse.observation.usage_details": `{"input":70,"input_cached_tokens":20,"input_cache_creation":4,"input_cache_creation_5m":3,"input_audio":3,"output":7,"output_reasoning_tokens":2,"total":109}`,
		}, "100 20 7 9 2"},
		{"Langfuse: as the provider says", "langfuse-sdk", attrs{
			"langfuse.observation.type":          "generation",
			"langfuse.observation.usage_details": `{"prompt_tokens": 100, "completion_tokens": 9, "prompt_tokens_details": {"cached_tokens": 20}, "completion_tokens_details": {"reasoning_tokens": 2}}`,
		}, "100 20 0 9 2"},
		{"MLflow", "mlflow", attrs{"mlflow.spanType": `"CHAT_MODEL"`, "mlflow.chat.tokenUsage": `{"input_tokens": 100, "output_tokens": 9}`}, "100 0 0 9 0"},
		{"plain keys", "", attrs{"llm.model": "gpt-4o", "llm.input_tokens": 100, "llm.output_tokens": 9}, "100 0 0 9 0"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := factsOf(t, nil, span{id: 1, scopeName: test.scope, attrs: test.attrs})
			got := ""
			for _, name := range []string{"tokens.input", "tokens.cache_read", "tokens.cache_write", "tokens.output", "tokens.reasoning"} {
				n, _ := f.Lookup(name)
				got += fmt.Sprintf(" %v", n)
			}
			if got != " "+test.want {
				t.Errorf("got%s, want %s", got, test.want)
			}
		})
	}
}

// prices has a dollar a million tokens in, two out, for two models; a batch is half as dear.
func prices(t testing.TB) *price.Table {
	t.Helper()
	table, err := price.BuiltIn().With("prices.yaml", []byte(`
replace: true
models:
  - match: one
    prices: {input: 1, output: 2}
    batch: {input: 0.5, output: 1}
  - match: ten
    prices: {input: 10, output: 20}
`))
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// TestFacts_Cost is what a trace costs: spans in, then cost.usd, cost.reported, cost.unpriced and cost.unpriced_models.
func TestFacts_Cost(t *testing.T) {
	const m = 1_000_000
	answered := "gen_ai.response.model"
	tests := []struct {
		name  string
		spans []span
		want  string
	}{
		{"by the table", []span{{id: 1, attrs: chat("one", input, m, output, m)}, {id: 2, attrs: chat("ten", input, m)}}, "13 <nil> 0 <nil>"},
		{"what answered before what was asked for", []span{{id: 1, attrs: chat("one", answered, "ten", input, m)}}, "10 <nil> 0 <nil>"},
		{"what was asked for where nobody knows what answered", []span{{id: 1, attrs: chat("one", answered, "eleven", input, m)}}, "1 <nil> 0 <nil>"},
		{"a batch", []span{{id: 1, attrs: chat("one", input, m, "openai.response.service_tier", "batch")}}, "0.5 <nil> 0 <nil>"},
		{"as reported", []span{{id: 1, attrs: chat("one", input, m, "gen_ai.usage.cost", "0.25")}, {id: 2, attrs: chat("one", input, m)}}, "1.25 0.25 0 <nil>"},
		{"reported in parts", []span{{id: 1, attrs: chat("one", input, m, "gen_ai.cost.input_cost", 0.25, "gen_ai.cost.output_cost", 0.5)}}, "0.75 0.75 0 <nil>"},
		{"reported around the call that says its usage", []span{
			{id: 1, attrs: chat("one", "gen_ai.usage.cost", 0.25)}, {id: 2, parent: 1, attrs: chat("one", input, m)},
		}, "0.25 0.25 0 <nil>"},
		{"a sum counts where no call says a cost", []span{
			{id: 1, attrs: op("invoke_agent", "gen_ai.usage.cost", 5.0)}, {id: 2, parent: 1, attrs: chat("one", input, m)},
		}, "5 5 0 <nil>"},
		{"and is not added to what calls say", []span{
			{id: 1, attrs: op("invoke_agent", "gen_ai.usage.cost", 5.0)}, {id: 2, parent: 1, attrs: chat("one", input, m, "gen_ai.usage.cost", 0.25)},
			{id: 3, parent: 1, attrs: chat("one", input, m)},
		}, "1.25 0.25 0 <nil>"},
		{"no price is guessed", []span{{id: 1, attrs: chat("two", input, m)}, {id: 2, attrs: chat("one", input, m)}, {id: 3, attrs: op("chat", input, 5)}},
			"1 <nil> 2 [two unknown]"},
		{"nothing known", []span{{id: 1, attrs: chat("two", input, m)}}, "<nil> <nil> 1 [two]"},
		{"nothing used", []span{{id: 1, attrs: chat("two", input, 0)}}, "<nil> <nil> 0 <nil>"},
		{"OpenLIT writes 0 for what it has no price for", []span{{id: 1, scopeName: "openlit.otel", attrs: chat("one", input, m, "gen_ai.usage.cost", 0)}}, "1 <nil> 0 <nil>"},
		{"a sum is priced by its model", []span{{id: 1, attrs: op("invoke_agent", input, m, "gen_ai.request.model", "one")}}, "1 <nil> 0 <nil>"},
		{"absurd costs are none", []span{{id: 1, attrs: chat("one", input, m, "gen_ai.usage.cost", 1e9)}, {id: 2, attrs: chat("one", input, m, "gen_ai.usage.cost", -1)}},
			"2 <nil> 0 <nil>"},
	}
	plan := agent.NewPlanWith(nil, agent.Options{Prices: prices(t)})
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var f agent.Facts
			fold(t, plan, &f, request(t, test.spans...), nil)
			var values []any
			for _, name := range []string{"cost.usd", "cost.reported", "cost.unpriced", "cost.unpriced_models"} {
				v, _ := f.Lookup(name)
				values = append(values, v)
			}
			if got := fmt.Sprintf("%v %v %v %v", values...); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

// TestActions says what a run did, by agent, step, tool and model.
func TestActions(t *testing.T) {
	const m = 1_000_000
	spans := []span{
		at(1, 0, 1, 20, "invoke_agent support", op("invoke_agent")),
		failing(at(2, 1, 1, 2, "", chat("one"))), at(3, 1, 3, 4, "", chat("one", input, m)),
		at(4, 1, 5, 9, "", tool("research", "{}")), at(5, 4, 5, 9, "invoke_agent helper", op("invoke_agent")),
		at(6, 5, 6, 7, "", chat("ten", "gen_ai.response.model", "ten", output, m)),
		failing(at(7, 5, 7, 8, "", op("execute_tool", "gen_ai.tool.name", "search", "error.type", "timeout"))),
		at(8, 1, 10, 11, "", chat("one", input, m, "gen_ai.usage.cost", 0.5)),
	}
	want := []string{
		"run support agent=support step=0 tool= 19s 0",
		"retry one agent=support step=0 tool= 1s 0 failed",
		"llm one agent=support step=1 tool= 1s 1",
		"tool research agent=support step=1 tool= 4s 0",
		"run helper agent=helper step=0 tool=research 4s 0",
		"llm ten agent=helper step=1 tool=research 1s 20",
		"tool search agent=helper step=1 tool=research 1s 0 failed timed out",
		"llm one agent=support step=2 tool= 1s 0.5",
	}
	var f agent.Facts
	fold(t, agent.NewPlanWith(nil, agent.Options{Prices: prices(t)}), &f, request(t, spans...), nil)
	var got []string
	f.Actions(func(a *agent.Action) bool {
		line := fmt.Sprintf("%v %s agent=%s step=%d tool=%s %v %v", a.Kind, a.Name, a.Agent, a.Step, a.Tool, a.Duration.Round(1e7), float64(a.CostNanos)/1e9)
		if a.Failed {
			line += " failed"
		}
		if a.TimedOut {
			line += " timed out"
		}
		got = append(got, line)
		return true
	})
	if !slices.Equal(got, want) {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
	n := 0
	f.Actions(func(*agent.Action) bool { n++; return n < 3 })
	if n != 3 {
		t.Errorf("told to stop at the third: got %d actions", n)
	}
}

// TestFacts_Invalid counts what means nothing, by dialect and key.
func TestFacts_Invalid(t *testing.T) {
	f := factsOf(t, nil,
		span{id: 1, attrs: op("chat", input, -5, output, "many", "gen_ai.request.model", []any{"m"})},
		span{id: 2, attrs: op("chat", input, 1e12, output, 3)},
		span{id: 3, attrs: attrs{"openinference.span.kind": "LLM", "llm.token_count.prompt": "NaN", "session.id": true}},
		span{id: 4, attrs: op("chat", input, "", output, nil, "session.id", map[string]any{"a": 1})},
	)
	want := []agent.Invalid{
		{Dialect: agent.OpenInference, Key: "llm.token_count.prompt", Count: 1}, {Dialect: agent.OpenInference, Key: "session.id", Count: 1},
		{Dialect: agent.SemConv, Key: "gen_ai.request.model", Count: 1}, {Dialect: agent.SemConv, Key: input, Count: 3},
		{Dialect: agent.SemConv, Key: output, Count: 1}, {Dialect: agent.SemConv, Key: "session.id", Count: 1},
	}
	if got := f.Invalid(); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if n, _ := f.Lookup("facts.invalid"); n != int64(8) {
		t.Errorf("facts.invalid: got %v, want 8", n)
	}
	if out, _ := f.Lookup("tokens.output"); out != int64(3) {
		t.Errorf("tokens.output: got %v, want what is left: 3", out)
	}
}

// TestOptions_OwnKeys has an application that says who it is about under keys of its own.
func TestOptions_OwnKeys(t *testing.T) {
	plan := agent.NewPlanWith([]string{"app.chat"}, agent.Options{
		Session: []string{"app.chat", "session.id"}, User: []string{"app.login"}, Tenant: []string{"app.org"}, Feature: []string{"app.page"},
	})
	var f agent.Facts
	fold(t, plan, &f, request(t, span{id: 1, attrs: attrs{
		"app.chat": "c", "session.id": "s", "gen_ai.conversation.id": "g", "app.login": "u", "app.org": "o", "app.page": "p", "user.id": "x",
	}}), nil)
	for name, want := range map[string]string{"session": "c", "user": "u", "tenant": "o", "feature": "p"} {
		if got, _ := f.Lookup(name); got != want {
			t.Errorf("%s: got %v, want %s", name, got, want)
		}
	}
	if s, known := f.Attr("app.chat"); !known || s.Count != 1 {
		t.Errorf("attr app.chat: got %+v, want one", s)
	}
	var x otlp.Index
	if err := x.Walk(nil, plan.Keys()); err != nil {
		t.Fatal(err)
	}
}
