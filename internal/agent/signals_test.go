package agent_test

import (
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"
)

// TestFacts_Signals is what spans say of how a run went, whichever library wrote them.
func TestFacts_Signals(t *testing.T) {
	finish := func(v any) attrs { return chat("m", "gen_ai.response.finish_reasons", v) }
	tests := []struct {
		name  string
		spans []span
		want  map[string]any
	}{
		{"a list", []span{{id: 1, attrs: finish([]any{"stop", "length"})}},
			map[string]any{"finish_reasons": []string{"length", "stop"}, "truncated": true, "content_filtered": false, "refusal": false}},
		{"a list as JSON", []span{{id: 1, attrs: finish(`["tool_calls"]`)}}, map[string]any{"finish_reasons": []string{"tool_call"}}},
		{"a list with commas", []span{{id: 1, attrs: finish("stop, content_filter")}}, map[string]any{"content_filtered": true}},
		{"a word", []span{{id: 1, attrs: finish("FinishReason.MAX_TOKENS")}}, map[string]any{"truncated": true}},
		{"with hyphens", []span{{id: 1, scopeName: "ai", attrs: attrs{"ai.operationId": "ai.streamText.doStream", "ai.response.finishReason": "content-filter"}}},
			map[string]any{"content_filtered": true, "refusal": false, "streaming": true}},
		{"a word that nobody knows", []span{{id: 1, attrs: finish([]any{"because"})}}, map[string]any{"finish_reasons": []string{"unknown"}, "truncated": false}},
		{"Anthropic's refusal", []span{{id: 1, attrs: finish([]any{"refusal"})}}, map[string]any{"refusal": true, "content_filtered": true}},
		{"no word", []span{{id: 1, attrs: chat("m")}}, map[string]any{"finish_reasons": nil, "truncated": nil, "refusal": nil}},
		{"no model, no doubt", []span{{id: 1}}, map[string]any{"finish_reasons": nil, "truncated": false, "refusal": false}},
		{"what calls say before what is around them", []span{
			{id: 1, attrs: op("invoke_agent", "gen_ai.response.finish_reasons", "stop")}, {id: 2, parent: 1, attrs: finish("length")},
		}, map[string]any{"finish_reasons": []string{"length"}}},
		{"Traceloop's flat form", []span{{id: 1, attrs: chat("m", "gen_ai.completion.0.finish_reason", "length")}}, map[string]any{"truncated": true}},
		{"on the event of a choice", []span{{id: 1, attrs: chat("m"), event: attrs{"finish_reason": "max_tokens"}}}, map[string]any{"truncated": true}},
		{"a response cut off", []span{{id: 1, attrs: chat("m", "gen_ai.response.status", "incomplete")}}, map[string]any{"truncated": true}},

		{"in the answer only", []span{{id: 1, attrs: attrs{"openinference.span.kind": "LLM", "output.value": `{"choices": [{"finish_reason": "content_filter"}]}`}}},
			map[string]any{"content_filtered": true}},
		{"the answer's own words are not it", []span{{id: 1, attrs: attrs{
			"openinference.span.kind": "LLM", "output.value": `{"text": "{\"finish_reason\": \"length\", \"refusal\": \"no\"}"}`,
		}}}, map[string]any{"finish_reasons": nil, "refusal": nil}},
		{"a refusal in the answer", []span{{id: 1, attrs: attrs{
			"openinference.span.kind": "LLM", "llm.finish_reason": "stop", "output.value": `{"refusal":null,"choices":[{"message":{"refusal":"I cannot."}}]}`,
		}}}, map[string]any{"refusal": true, "finish_reasons": []string{"stop"}}},
		{"a part of type refusal", []span{{id: 1, attrs: chat("m", "gen_ai.output.messages", `[{"parts":[{"type": "refusal", "content": "no"}]}]`)}},
			map[string]any{"refusal": true}},
		{"no refusal", []span{{id: 1, attrs: chat("m", "gen_ai.response.finish_reasons", "stop", "gen_ai.output.messages", `[{"refusal":null},{"refusal": ""}]`)}},
			map[string]any{"refusal": false}},

		{"a guardrail that tripped", []span{{id: 1, attrs: attrs{"openinference.span.kind": "GUARDRAIL", "guardrail.triggered": true}}}, map[string]any{"guardrail.blocked": true}},
		{"one that did not", []span{{id: 1, attrs: attrs{"openinference.span.kind": "GUARDRAIL", "guardrail.triggered": false}}}, map[string]any{"guardrail.blocked": false}},
		{"one that failed", []span{{id: 1, status: ptrace.StatusCodeError, attrs: attrs{"openinference.span.kind": "GUARDRAIL"}}}, map[string]any{"guardrail.blocked": true}},
		{"a count of guards", []span{{id: 1, attrs: attrs{"gen_ai.guardrail.failed_guard_count": 1}}}, map[string]any{"guardrail.blocked": true}},
		{"a tripwire", []span{{id: 1, event: attrs{"exception.type": "agents.exceptions.InputGuardrailTripwireTriggered"}}}, map[string]any{"guardrail.blocked": true}},
		{"a deferred tool", []span{{id: 1, attrs: op("execute_tool", "pydantic_ai.tool.deferral.name", "ApprovalRequired")}}, map[string]any{"human_approval": true}},
		{"an approval by hand", []span{{id: 1, attrs: attrs{"approval.required": true}}}, map[string]any{"human_approval": true}},

		{"time to the first token", []span{
			{id: 1, attrs: chat("m", "gen_ai.response.time_to_first_chunk", 0.25)}, {id: 2, scopeName: "ai", attrs: attrs{"ai.operationId": "ai.streamText.doStream", "ai.response.msToFirstChunk": 1500.0}},
		}, map[string]any{"ttft": 1500 * time.Millisecond, "streaming": true}},
		{"not streamed", []span{{id: 1, attrs: chat("m", "gen_ai.request.stream", false, "gen_ai.server.time_to_first_token", 0.5)}}, map[string]any{"streaming": false, "ttft": 500 * time.Millisecond}},
		{"Strands' milliseconds", []span{{id: 1, scopeName: "strands.telemetry.tracer", attrs: chat("m", "gen_ai.server.time_to_first_token", 904)}}, map[string]any{"ttft": 904 * time.Millisecond}},

		{"documents' scores", []span{
			{id: 1, attrs: attrs{"openinference.span.kind": "RETRIEVER", "retrieval.documents.0.document.score": 0.9, "retrieval.documents.12.document.score": "0.2"}},
			{id: 2, attrs: attrs{"openinference.span.kind": "RETRIEVER", "retrieval.documents.0.document.score": 0.6, "retrieval.documents.1.document.score": 0.5}},
		}, map[string]any{"retrieval.top_score": 0.6, "retrieval.min_score": 0.2, "retrieval.distance": nil, "retrievals": 2}},
		{"distances", []span{{id: 1, attrs: op("vector_db_retrieve"), event: attrs{"db.query.result.distance": 0.4}}}, map[string]any{"retrieval.distance": 0.4, "retrieval.top_score": nil}},

		{"LangSmith ends every span well", []span{
			{id: 1, scopeName: "langsmith", status: ptrace.StatusCodeOk, attrs: attrs{"langsmith.span.kind": "tool"}, event: attrs{"exception.message": "Error: no"}},
		}, map[string]any{"errors": 1, "tool.errors": 1}},
		{"an exception elsewhere need not be a failure", []span{{id: 1, status: ptrace.StatusCodeOk, attrs: tool("t", ""), event: attrs{"exception.type": "E"}}},
			map[string]any{"errors": 0, "tool.errors": 0}},
		{"Langfuse's level", []span{{id: 1, scopeName: "langfuse-sdk", attrs: attrs{"langfuse.observation.type": "tool", "langfuse.observation.level": "ERROR"}}}, map[string]any{"errors": 1, "tool.errors": 1}},
		{"Strands' status of a tool", []span{{id: 1, status: ptrace.StatusCodeOk, attrs: tool("t", ""), name: "t"}, {id: 2, attrs: op("execute_tool", "gen_ai.tool.status", "error")}},
			map[string]any{"errors": 1, "tool.errors": 1}},

		{"who, by LangSmith", []span{{id: 1, scopeName: "langsmith", attrs: attrs{"langsmith.metadata.thread_id": "s", "langsmith.metadata.user_id": 7, "langsmith.metadata.tenant": "t"}}},
			map[string]any{"session": "s", "user": "7", "tenant": "t"}},
		{"who, by OpenInference", []span{{id: 1, attrs: attrs{"openinference.span.kind": "CHAIN", "metadata": `{"user_id": "u", "tenant": "t", "session_id": "default", "thread_id": "s"}`}}},
			map[string]any{"session": "s", "user": "u", "tenant": "t"}},
		{"metadata of others is nobody's", []span{{id: 1, attrs: attrs{"metadata": `{"user_id": "u"}`}}}, map[string]any{"user": nil}},
		{"who, by Langfuse", []span{{id: 1, scopeName: "langfuse-sdk", attrs: attrs{"langfuse.trace.metadata.tenant": `"t"`, "langfuse_session_id": "s", "langfuse.environment": "prod", "langfuse.release": "1.2"}}},
			map[string]any{"session": "s", "tenant": "t", "environment": "prod", "deployment.version": "1.2"}},
		{"who, by Traceloop", []span{{id: 1, attrs: attrs{"traceloop.association.properties.customer_id": "t", "traceloop.association.properties.chat_id": "s"}}},
			map[string]any{"session": "s", "tenant": "t"}},
		{"who, by the AI SDK", []span{{id: 1, scopeName: "ai", attrs: attrs{"ai.telemetry.metadata.userId": "u", "ai.telemetry.functionId": "support"}}},
			map[string]any{"user": "u", "agent.name": "support"}},
		{"the project is no session", []span{{id: 1, scopeName: "langsmith", attrs: attrs{"langsmith.trace.session_id": "project"}}}, map[string]any{"session": nil}},
		{"baggage", []span{{id: 1, attrs: attrs{"baggage.tenant.id": "t", "baggage.feature.name": "f"}}}, map[string]any{"tenant": "t", "feature": "f"}},
		{"prompts", []span{{id: 1, scopeName: "langfuse-sdk", attrs: attrs{"langfuse.observation.prompt.name": "triage", "langfuse.observation.prompt.version": 3}}},
			map[string]any{"prompt.name": "triage", "prompt.version": "3"}},
		{"an incident", []span{{id: 1, attrs: attrs{"incident.id": "inc-1"}}}, map[string]any{"incident": "inc-1"}},
		{"an agent named by its span", []span{{id: 1, name: "triage.agent", attrs: attrs{"traceloop.span.kind": "agent", "traceloop.entity.name": "triage"}}}, map[string]any{"agent.name": "triage"}},
		{"an operation as a name is none", []span{{id: 1, name: "ai.generateText", scopeName: "ai", attrs: attrs{"ai.operationId": "ai.generateText"}}}, map[string]any{"agent.name": nil}},
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

// TestFacts_PromptClass has traces of one class, whatever library wrote the prompt down, and traces of others.
func TestFacts_PromptClass(t *testing.T) {
	class := func(spans ...span) any {
		got, _ := factsOf(t, nil, spans...).Lookup("prompt.class")
		return got
	}
	const message = `{"role": "system", "content": "Be kind. \"[{\""}`
	tools := `[{"type":"function","name":"b","parameters":{"properties":{"name":{"type":"string"}}}},{"function":{"name":"a"}}]`
	want := class(span{id: 1, attrs: chat("m", "gen_ai.input.messages", `[`+message+`,{"role":"user","content":"one"}]`)})
	if want == nil {
		t.Fatal("a call with a system's message has no class")
	}
	for name, spans := range map[string][]span{
		"another question": {{id: 1, attrs: chat("m", "gen_ai.input.messages", `[ `+message+` , {"role":"user","content":"two"}]`)}},
		"inside an object": {{id: 1, scopeName: "langfuse-sdk", attrs: attrs{
			"langfuse.observation.type": "generation", "langfuse.observation.input": `{"model": "m", "messages": [` + message + `]}`,
		}}},
		"the earliest call": {
			at(2, 1, 5, 6, "", chat("m", "gen_ai.system_instructions", "other")), at(3, 1, 1, 2, "", chat("m", "gen_ai.input.messages", `[`+message+`]`)),
		},
	} {
		if got := class(spans...); got != want {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
	seen := map[any]string{want: "the first"}
	for name, a := range map[string]attrs{
		"other instructions": chat("m", "gen_ai.system_instructions", "Be brief."),
		"the flat form":      {"llm.input_messages.0.message.role": "system", "llm.input_messages.0.message.content": "Be flat.", "openinference.span.kind": "LLM"},
		"tools":              chat("m", "gen_ai.system_instructions", "Be brief.", "gen_ai.tool.definitions", tools),
		"fewer tools":        chat("m", "gen_ai.system_instructions", "Be brief.", "gen_ai.tool.definitions", `[{"name":"b"}]`),
	} {
		got := class(span{id: 1, attrs: a})
		if got == nil || seen[got] != "" {
			t.Errorf("%s: got class %v, which %q has too", name, got, seen[got])
		}
		seen[got] = name
	}
	if got := class(span{id: 1, attrs: chat("m", "gen_ai.system_instructions", "Be brief.", "gen_ai.tool.definitions", `[{"name":"a"},{"name":"b"},{"name":"a"}]`)}); seen[got] != "tools" {
		t.Errorf("the same tools in another order: got %v, want the class of tools", got)
	}
	for name, a := range map[string]attrs{
		"no system": chat("m", "gen_ai.input.messages", `[{"role":"user","content":"one"}]`), "no message": chat("m"),
		"cut off": chat("m", "gen_ai.input.messages", `[{"role":"system","content":"on`), "a tool": tool("t", `[{"role":"system"}]`),
	} {
		if got := class(span{id: 1, attrs: a}); got != nil {
			t.Errorf("%s: got class %v, want none", name, got)
		}
	}
}
