package agent_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/tailwise/tailwise/internal/agent"
)

// at places a span in the tree and in time, in seconds.
func at(id, parent uint64, start, end float64, name string, a attrs) span {
	return span{id: id, parent: parent, start: start, end: end, name: name, attrs: a}
}

// failing makes a span one that failed.
func failing(s span) span {
	s.status = ptrace.StatusCodeError
	return s
}

// scoped gives a span an instrumentation scope.
func scoped(name string, s span) span {
	s.scopeName = name
	return s
}

func chat(model string, more ...any) attrs {
	return op("chat", append([]any{"gen_ai.request.model", model}, more...)...)
}

func tool(name, arguments string) attrs {
	return op("execute_tool", "gen_ai.tool.name", name, "gen_ai.tool.call.arguments", arguments)
}

// TestFacts_Tree is what the place of a span in the tree means: spans in, then the facts that are asked about.
func TestFacts_Tree(t *testing.T) {
	tests := []struct {
		name  string
		spans []span
		want  map[string]any
	}{
		{"an attempt that another replaced", []span{
			at(1, 0, 1, 9, "", op("invoke_agent")),
			failing(at(2, 1, 1, 2, "", chat("m"))), failing(at(3, 1, 3, 4, "", chat("m"))), at(4, 1, 5, 6, "", chat("m", input, 7)),
		}, map[string]any{"llm.calls": 1, "llm.errors": 0, "retries": 2, "errors": 2, "tokens.input": 7, "steps": 1}},
		{"attempts in vain", []span{failing(at(2, 1, 1, 2, "", chat("m"))), failing(at(3, 1, 3, 4, "", chat("m")))},
			map[string]any{"llm.calls": 1, "llm.errors": 1, "retries": 1, "orphans": 2, "complete": false}},
		{"another model is another call", []span{failing(at(2, 1, 1, 2, "", chat("a"))), at(3, 1, 3, 4, "", chat("b"))},
			map[string]any{"llm.calls": 2, "llm.errors": 1, "retries": 0}},
		{"what overlaps is no retry", []span{failing(at(2, 1, 1, 4, "", chat("a"))), at(3, 1, 3, 4, "", chat("a"))},
			map[string]any{"llm.calls": 2, "retries": 0}},
		{"nor what comes after another action", []span{
			failing(at(2, 1, 1, 2, "", chat("a"))), at(3, 1, 3, 4, "", tool("t", "{}")), at(4, 1, 5, 6, "", chat("a")),
		}, map[string]any{"llm.calls": 2, "llm.errors": 1, "retries": 0, "steps": 2}},
		{"nor what succeeded", []span{at(2, 1, 1, 2, "", chat("a")), at(3, 1, 3, 4, "", chat("a"))},
			map[string]any{"llm.calls": 2, "retries": 0, "steps": 2}},
		{"an attempt with two records", []span{
			failing(at(2, 1, 1, 2, "", chat("m"))), failing(at(3, 2, 1, 2, "", chat("m"))),
			at(4, 1, 3, 4, "", chat("m", input, 5)), at(5, 4, 3, 4, "", chat("m", input, 5)),
		}, map[string]any{"llm.calls": 1, "retries": 1, "llm.errors": 0, "tokens.input": 5}},
		{"a tool tried again", []span{
			failing(at(2, 1, 1, 2, "", tool("t", `{"q":1}`))), at(3, 1, 3, 4, "", tool("t", `{"q":1}`)),
		}, map[string]any{"tool.calls": 1, "tool.errors": 0, "retries": 1, "tool.repeats": 0}},
		{"a tool called again is no retry", []span{
			failing(at(2, 1, 1, 2, "", tool("t", `{"q":1}`))), at(3, 1, 3, 4, "", chat("m")), at(4, 1, 5, 6, "", tool("t", `{"q":1}`)),
		}, map[string]any{"tool.calls": 2, "tool.errors": 1, "retries": 0, "tool.repeats": 1, "tool.rejections": 0}},
		{"attempts that spans count themselves", []span{
			scoped("com.anthropic.claude_code.tracing", at(1, 0, 1, 2, "claude_code.llm_request", attrs{"attempt": "3", "model": "m", "input_tokens": 2})),
		}, map[string]any{"llm.calls": 1, "retries": 2, "tokens.input": 2}},
		{"requests sent again for one call", []span{
			at(1, 0, 1, 9, "", chat("m")),
			failing(at(2, 1, 1, 2, "POST", attrs{"http.request.method": "POST"})),
			at(3, 1, 3, 4, "POST", attrs{"http.request.method": "POST", "http.request.resend_count": 1}),
		}, map[string]any{"llm.calls": 1, "retries": 1}},
		{"requests of a tool are none", []span{
			at(1, 0, 1, 9, "", tool("t", "{}")),
			failing(at(2, 1, 1, 2, "GET", attrs{"http.request.method": "GET"})), at(3, 1, 3, 4, "GET", attrs{"http.request.method": "GET"}),
		}, map[string]any{"tool.calls": 1, "retries": 0}},

		{"loops of a tool", []span{
			failing(at(2, 1, 1, 2, "", tool("t", `{"q":1}`))), at(3, 1, 3, 4, "", chat("m")),
			failing(at(4, 1, 5, 6, "", tool("t", `{ "q": 2 }`))), at(5, 1, 7, 8, "", chat("m")),
			failing(at(6, 1, 9, 10, "", tool("t", `{"q":1}`))), at(7, 1, 11, 12, "", chat("m")),
			failing(at(8, 1, 13, 14, "", tool("t", `{"p":1}`))), at(9, 1, 15, 16, "", chat("m")),
			failing(at(10, 1, 17, 18, "", tool("u", `{"q":1}`))),
		}, map[string]any{"tool.calls": 5, "tool.errors": 5, "tool.rejections": 2, "tool.repeats": 1, "tool.names": []string{"t", "u"}}},
		{"timeouts of tools", []span{
			failing(at(2, 1, 1, 2, "", op("execute_tool", "gen_ai.tool.name", "t", "error.type", "httpx.ReadTimeout"))),
			failing(span{id: 3, parent: 1, start: 3, end: 4, attrs: op("execute_tool", "gen_ai.tool.name", "u"), event: attrs{"exception.type": "DeadlineExceeded"}}),
			failing(at(4, 1, 5, 6, "", op("execute_tool", "gen_ai.tool.name", "v", "error.type", "ValueError"))),
			failing(at(5, 1, 7, 8, "", chat("m", "error.type", "timeout"))),
		}, map[string]any{"tool.calls": 3, "tool.errors": 3, "tool.timeouts": 2, "llm.errors": 1}},
		{"an error that a tool answers", []span{
			at(2, 1, 1, 2, "", op("execute_tool", "gen_ai.tool.call.result", `{"isError": true, "content": []}`)),
			at(3, 1, 3, 4, "", op("execute_tool", "gen_ai.tool.call.result", `{"error":"no such order"}`)),
			at(4, 1, 5, 6, "", op("execute_tool", "gen_ai.tool.call.result", `{"error":null,"ok":1}`)),
			at(5, 1, 7, 8, "", op("execute_tool", "gen_ai.tool.call.result", `it said {"error":"x"}`)),
		}, map[string]any{"tool.calls": 4, "tool.errors": 2, "errors": 0}},
		{"a tool traced in two processes", []span{
			at(2, 1, 1, 4, "", tool("t", "{}")), failing(at(3, 2, 1, 4, "tools/call t", attrs{"mcp.method.name": "tools/call"})),
		}, map[string]any{"tool.calls": 1, "tool.errors": 1}},
		{"a tool whose part failed", []span{
			scoped("com.anthropic.claude_code.tracing", at(2, 1, 1, 4, "claude_code.tool", attrs{"tool_name": "Bash"})),
			scoped("com.anthropic.claude_code.tracing", at(3, 2, 1, 4, "claude_code.tool.execution", attrs{"success": "false"})),
			scoped("com.anthropic.claude_code.tracing", at(4, 2, 1, 2, "claude_code.tool.blocked_on_user", nil)),
		}, map[string]any{"tool.calls": 1, "tool.errors": 1, "human_approval": true, "tool.names": []string{"Bash"}}},

		{"the innermost call that says its usage", []span{
			at(1, 0, 1, 9, "", op("invoke_agent", input, 30)),
			at(2, 1, 1, 8, "", attrs{"openinference.span.kind": "LLM", "llm.model_name": "m", "llm.token_count.prompt": 10, "llm.cost.total": 0.5}),
			at(3, 2, 2, 7, "", chat("m", input, 11)),
			at(4, 3, 3, 6, "", chat("m")),
		}, map[string]any{"llm.calls": 1, "tokens.input": 11, "cost.usd": 0.5, "cost.reported": 0.5, "cost.unpriced": 0}},
		{"two records side by side", []span{
			scoped("openinference.instrumentation.anthropic", at(2, 1, 1, 8, "", attrs{
				"openinference.span.kind": "LLM", "llm.request.model_name": "m", "llm.token_count.prompt": 11,
			})),
			scoped("com.anthropic.sdk.python", at(3, 1, 2, 7, "", chat("m", input, 11))),
			scoped("com.anthropic.sdk.python", at(4, 1, 3, 6, "", chat("m", input, 12))),
		}, map[string]any{"llm.calls": 2, "tokens.input": 23}},
		{"one response seen twice", []span{
			at(2, 1, 1, 8, "", chat("m", input, 11, "gen_ai.response.id", "r")),
			at(3, 9, 2, 7, "", chat("m", input, 11, "gen_ai.response.id", "r")),
			at(4, 9, 9, 10, "", chat("m", input, 11, "gen_ai.response.id", "r")),
		}, map[string]any{"llm.calls": 2, "tokens.input": 22}},
		{"a call inside a tool inside a call", []span{
			scoped("gcp.vertex.agent", at(2, 1, 1, 9, "call_llm", attrs{input: 10})),
			at(3, 2, 2, 8, "", tool("sub", "{}")), at(4, 3, 3, 7, "", op("invoke_agent")), at(5, 4, 4, 6, "", chat("m", input, 5)),
		}, map[string]any{"llm.calls": 2, "tokens.input": 15, "tool.calls": 1}},
		{"a pair of embeddings", []span{
			at(2, 1, 1, 4, "", op("embeddings", input, 5, "gen_ai.request.model", "e")),
			at(3, 2, 1, 4, "", op("embeddings", input, 5, "gen_ai.request.model", "e")),
			at(4, 1, 5, 6, "", chat("m", input, 2)),
		}, map[string]any{"tokens.input": 7, "llm.calls": 1}},
		{"a sum for what says nothing, beside what does", []span{
			at(1, 0, 1, 9, "", op("invoke_workflow", input, 99)),
			at(2, 1, 1, 4, "", op("invoke_agent", input, 50)), at(3, 2, 1, 2, "", chat("m")),
			at(4, 1, 5, 8, "", op("invoke_agent", input, 60)), at(5, 4, 5, 6, "", chat("m", input, 20)),
		}, map[string]any{"tokens.input": 70}},
		{"a streamed call that a log completes", []span{
			scoped("logfire.openai", at(2, 1, 1, 2, "Chat Completion with 'gpt-4o'", attrs{"request_data": `{"model":"gpt-4o","stream":true}`, "logfire.span_type": "span"})),
			scoped("logfire.openai", at(3, 1, 3, 3, "streaming response from 'gpt-4o' took 1.20s", attrs{
				"logfire.span_type": "log", "request_data": `{"model":"gpt-4o"}`, "gen_ai.usage.input_tokens": 7, "gen_ai.usage.output_tokens": 3,
			})),
			scoped("logfire", at(4, 1, 1, 1, "Chat Completion with 'gpt-4o'", attrs{"logfire.span_type": "pending_span", "gen_ai.operation.name": "chat"})),
		}, map[string]any{"llm.calls": 1, "tokens.input": 7, "streaming": true}},

		{"LiteLLM's proxy behind an instrumented client", []span{
			at(1, 0, 1, 9, "", chat("gpt-4o", input, 20)),
			scoped("litellm", at(2, 1, 2, 8, "Received Proxy Server Request", nil)),
			scoped("litellm", at(3, 2, 3, 7, "litellm_request", attrs{"gen_ai.request.model": "gpt-4o", input: "20", "gen_ai.cost.total_cost": "0.5"})),
			scoped("litellm", at(4, 3, 4, 6, "raw_gen_ai_request", nil)),
		}, map[string]any{"llm.calls": 1, "tokens.input": 20, "cost.usd": 0.5}},
		{"Mastra's covers of a call", []span{
			at(1, 0, 1, 9, "", op("invoke_agent", "mastra.span.type", "agent_run", input, 12)),
			at(2, 1, 1, 8, "", op("model_generation", "mastra.span.type", "model_generation")),
			at(3, 2, 1, 4, "", op("agent_step", "mastra.span.type", "model_step")),
			at(4, 3, 1, 2, "", chat("m", input, 7, "mastra.span.type", "model_inference", "gen_ai.response.finish_reasons", `["tool_calls"]`)),
			at(5, 4, 1, 2, "", attrs{"mastra.span.type": "model_chunk"}),
			at(6, 3, 2, 3, "", op("execute_tool", "mastra.span.type", "tool_call", "gen_ai.tool.name", "t")),
			at(7, 2, 5, 8, "", op("agent_step", "mastra.span.type", "model_step")),
			at(8, 7, 5, 7, "", chat("m", input, 5, "mastra.span.type", "model_inference")),
		}, map[string]any{"llm.calls": 2, "tokens.input": 12, "tool.calls": 1, "steps": 2, "turns": 1}},
		{"the AI SDK under Traceloop's rewriting", []span{
			scoped("ai", at(1, 0, 1, 9, "chat gpt-4o", attrs{"ai.operationId": "ai.generateText", "llm.request.type": "chat", "gen_ai.request.model": "gpt-4o", input: 5})),
			scoped("ai", at(2, 1, 1, 4, "chat gpt-4o", attrs{"ai.operationId": "ai.generateText.doGenerate", "llm.request.type": "chat", "gen_ai.request.model": "gpt-4o", input: 7})),
			scoped("ai", at(3, 1, 5, 8, "chat gpt-4o", attrs{"ai.operationId": "ai.generateText.doGenerate", "llm.request.type": "chat", "gen_ai.request.model": "gpt-4o", input: 5})),
		}, map[string]any{"llm.calls": 2, "tokens.input": 12, "turns": 1}},
		{"the Agents SDK's turns are steps", []span{
			at(1, 0, 1, 9, "support run", attrs{"openinference.span.kind": "AGENT"}), at(2, 1, 1, 9, "Agent workflow", attrs{"openinference.span.kind": "AGENT"}),
			at(3, 2, 1, 9, "support", attrs{"openinference.span.kind": "AGENT"}), at(4, 3, 1, 4, "turn", attrs{"openinference.span.kind": "CHAIN"}),
			at(5, 4, 1, 2, "generation", attrs{"openinference.span.kind": "LLM"}), at(6, 4, 2, 3, "lookup", attrs{"openinference.span.kind": "TOOL"}),
			at(7, 3, 5, 8, "turn", attrs{"openinference.span.kind": "CHAIN"}), at(8, 7, 5, 8, "generation", attrs{"openinference.span.kind": "LLM"}),
		}, map[string]any{"steps": 2, "turns": 1, "llm.calls": 2, "tool.names": []string{"lookup"}}},
		{"ADK's merged tools are copies", []span{
			scoped("gcp.vertex.agent", at(1, 0, 1, 9, "invocation", nil)), scoped("gcp.vertex.agent", at(2, 1, 2, 3, "execute_tool a", nil)),
			scoped("gcp.vertex.agent", at(3, 1, 2, 3, "execute_tool b", nil)), scoped("gcp.vertex.agent", at(4, 1, 3, 4, "execute_tool (merged)", nil)),
		}, map[string]any{"tool.calls": 2, "tool.names": []string{"a", "b"}}},

		{"orphans, and one span's many children", []span{at(2, 9, 1, 2, "", nil), at(3, 9, 1, 2, "", nil), at(4, 2, 1, 2, "", nil)},
			map[string]any{"orphans": 2, "complete": false, "roots": 0}},
		{"a whole tree", []span{at(1, 0, 1, 2, "", nil), at(2, 1, 1, 2, "", nil)}, map[string]any{"orphans": 0, "complete": true}},
		{"a ring has no root", []span{
			at(1, 3, 1, 2, "", chat("m", input, 1)), at(2, 1, 1, 2, "", op("invoke_agent")), at(3, 2, 1, 2, "", op("invoke_agent")), at(4, 4, 1, 2, "", nil),
		}, map[string]any{"orphans": 2, "llm.calls": 1, "tokens.input": 1}},
		{"a span id used twice", []span{at(1, 0, 1, 9, "", nil), at(2, 1, 1, 2, "", chat("m", input, 1)), at(2, 1, 3, 4, "", chat("m", input, 2))},
			map[string]any{"orphans": 0, "llm.calls": 2, "tokens.input": 3}},

		{"steps that spans say", []span{
			at(1, 0, 1, 9, "", op("invoke_agent")),
			at(2, 1, 1, 4, "step 1", op("agent_step")), at(3, 2, 1, 2, "", chat("m")), at(4, 2, 2, 3, "", chat("m")),
			at(5, 1, 5, 8, "step 2", op("agent_step")), at(6, 5, 5, 6, "", chat("m")),
		}, map[string]any{"steps": 2, "llm.calls": 3, "turns": 1}},
		{"steps that their order tells", []span{
			at(1, 0, 1, 9, "", op("invoke_agent")), at(2, 1, 1, 2, "", chat("m")), at(3, 1, 2, 3, "", tool("t", "1")),
			at(4, 1, 4, 6, "", chat("m")), at(5, 1, 5, 7, "", chat("m")), at(6, 1, 7, 8, "", tool("t", "2")),
		}, map[string]any{"steps": 2, "tool.repeats": 0}},
		{"an agent that uses another", []span{
			at(1, 0, 1, 9, "invoke_agent a", op("invoke_agent")), at(2, 1, 1, 2, "", chat("m")), at(3, 1, 2, 6, "", tool("b", "1")),
			at(4, 3, 2, 6, "invoke_agent b", op("invoke_agent")), at(5, 4, 3, 4, "", chat("m")), at(6, 4, 5, 6, "", chat("m")),
			at(7, 1, 7, 8, "", chat("m")),
		}, map[string]any{"steps": 4, "turns": 1, "agents": []string{"a", "b"}, "agent.name": "a"}},
		{"turns that spans say", []span{
			scoped("livekit-agents", at(1, 0, 1, 9, "agent_session", nil)), scoped("livekit-agents", at(2, 1, 1, 2, "agent_turn", nil)),
			scoped("livekit-agents", at(3, 1, 3, 4, "agent_turn", nil)),
		}, map[string]any{"turns": 2}},
		{"turns that runs tell", []span{
			at(1, 0, 1, 9, "POST /chat", nil), at(2, 1, 1, 2, "", op("invoke_agent")), at(3, 1, 3, 4, "", op("invoke_agent")),
			at(4, 3, 3, 4, "", op("invoke_agent")), at(5, 99, 3, 4, "", op("invoke_agent")),
		}, map[string]any{"turns": 2}},
		{"calls without a run are a turn", []span{at(1, 0, 1, 9, "", nil), at(2, 1, 1, 2, "", chat("m"))}, map[string]any{"turns": 1}},
		{"no agent, no turn", []span{at(1, 0, 1, 9, "", nil)}, map[string]any{"turns": 0, "steps": 0, "cost.usd": nil}},
		{"a chain is the run where nothing else is", []span{
			at(1, 0, 1, 9, "LangGraph", attrs{"openinference.span.kind": "CHAIN"}), at(2, 1, 1, 2, "agent", attrs{"openinference.span.kind": "CHAIN"}),
		}, map[string]any{"turns": 1}},
		{"handoffs", []span{at(1, 0, 1, 2, "handoff to b", attrs{"openinference.span.kind": "TOOL"})}, map[string]any{"handoffs": 1, "tool.calls": 0}},
		{"retrievals", []span{at(1, 0, 1, 2, "", op("retrieval")), at(2, 0, 1, 2, "search", attrs{"retrieval.top_score": 0.4})},
			map[string]any{"retrievals": 2, "retrieval.top_score": 0.4}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := factsOf(t, nil, test.spans...)
			for name, want := range test.want {
				got, known := f.Lookup(name)
				if known != (want != nil) || encode(t, got) != encode(t, want) {
					t.Errorf("%s: got %v (known %t), want %v", name, got, known, want)
				}
			}
		})
	}
}

// TestFacts_FoldAfterLook asks for facts while spans still come: what was found out before is found out again.
func TestFacts_FoldAfterLook(t *testing.T) {
	plan := agent.NewPlan(nil)
	spans := turn("conv-1")
	whole := factsOf(t, nil, spans...)
	for seed := range uint64(5) {
		r := rand.New(rand.NewPCG(seed, 3))
		r.Shuffle(len(spans), func(i, j int) { spans[i], spans[j] = spans[j], spans[i] })
		var f agent.Facts
		for _, s := range spans {
			fold(t, plan, &f, request(t, s), nil)
			f.Lookup("llm.calls")
		}
		if got, want := string(f.AppendJSON(nil)), string(whole.AppendJSON(nil)); got != want {
			t.Fatalf("seed %d: facts depend on when they were asked for:\n got %s\nwant %s", seed, got, want)
		}
	}
}

// TestFacts_Absurd has trees that nobody means, of twenty thousand spans each.
func TestFacts_Absurd(t *testing.T) {
	const n = 20_000
	tests := map[string]struct {
		span func(i uint64) span
		want map[string]any
	}{
		"a chain":      {func(i uint64) span { return at(i, i-1, 1, 2, "", chat("m", input, 1)) }, map[string]any{"llm.calls": 1, "tokens.input": 1, "orphans": 0}},
		"a ring":       {func(i uint64) span { return at(i, i%n+1, 1, 2, "", op("invoke_agent")) }, map[string]any{"orphans": 1, "agents": nil}},
		"rings of one": {func(i uint64) span { return at(i, i, 1, 2, "", tool("t", "{}")) }, map[string]any{"orphans": n, "tool.calls": n, "tool.repeats": n - 1}},
		"one id":       {func(uint64) span { return at(7, 0, 1, 2, "", chat("m", input, 1)) }, map[string]any{"llm.calls": n, "tokens.input": n, "roots": n}},
		"one parent that is missing": {func(i uint64) span { return failing(at(i, n+7, float64(2*i), float64(2*i+1), "", chat("m"))) },
			map[string]any{"llm.calls": 1, "retries": n - 1, "orphans": n}},
		"as many names as spans": {func(i uint64) span {
			return at(i, 0, 1, 2, "", tool(strings.Repeat("x", int(i%200))+string(rune('a'+i%26)), "{}"))
		},
			map[string]any{"tool.calls": n, "llm.calls": 0}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var spans []span
			for i := range uint64(n) {
				spans = append(spans, test.span(i+1))
			}
			f := factsOf(t, nil, spans...)
			for name, want := range test.want {
				if got, known := f.Lookup(name); known != (want != nil) || encode(t, got) != encode(t, want) {
					t.Errorf("%s: got %v (known %t), want %v", name, got, known, want)
				}
			}
			if most := 256 * n; f.Bytes() > most {
				t.Errorf("facts hold %d bytes, want at most %d", f.Bytes(), most)
			}
			f.Reset()
			if most := 8 << 10; f.Bytes() > most {
				t.Errorf("after a reset they hold %d bytes, want at most %d", f.Bytes(), most)
			}
		})
	}
}
