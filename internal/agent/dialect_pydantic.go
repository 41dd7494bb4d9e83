package agent

// pydanticTable is pydantic-ai, with or without Logfire behind it.
var pydanticTable = table{
	dialect: PydanticAI,
	source:  "pydantic-ai 2.33.0, instrumentation formats 1 to 6",
	scopes:  []string{"pydantic-ai"},
	rows: []row{
		{key: "gen_ai.aggregated_usage.input_tokens", role: roleInput, note: "on the run, the sum of its calls"},
		{key: "gen_ai.aggregated_usage.output_tokens", role: roleOutput},
		{key: "operation.cost", role: roleCost},
		{key: "agent_name", role: roleAgent, bare: true},
		{key: "model_name", role: roleAsked, bare: true},
		{key: "tool_arguments", role: roleArguments, bare: true, note: "format 2"},
		{key: "tool_response", role: roleResult, bare: true},
		{key: "pydantic_ai.tool.deferral.name", role: roleApproval, words: words{"*": 0}},
		{key: "pydantic_ai.tool.failure_stage", role: roleFailure, words: words{"*": 0}},
		{key: "pydantic_ai.all_messages", role: roleMark},
	},
	names: []named{
		{"agent run", SpanRun}, {"* run", SpanRun}, {"invoke_agent *", SpanRun}, {"running tool", SpanTool}, {"running tools", SpanOther},
		{"running * tools", SpanOther}, {"chat *", SpanLLM},
	},
}

// logfireTable is what Logfire's own instrumentations add. It stands before all others because what it says of a
// span's type overrules what the span seems to be.
var logfireTable = table{
	dialect: Logfire,
	source:  "pydantic/logfire 4.41.0",
	scopes:  []string{"logfire", "logfire.*"},
	rows: []row{
		{key: "logfire.span_type", role: roleKind, words: words{"pending_span": spanIdle, "log": spanEcho, "annotation": SpanFeedback},
			note: "a pending span is sent at the start of the span that it announces; a log completes a streamed call"},
		{key: "logfire.msg_template", role: roleMark},
		{key: "logfire.feedback.name", role: roleKind, words: words{"*": SpanFeedback}},
		{key: "request_data", bare: true, members: []member{{path: "model", role: roleAsked}, {path: "stream", role: roleStream}}},
		{key: "response_data", bare: true, members: []member{
			{path: "usage.prompt_tokens", role: roleInput}, {path: "usage.completion_tokens", role: roleOutput}, {path: "usage.total_tokens", role: roleTotal},
			{path: "usage.input_tokens", role: roleInput}, {path: "usage.output_tokens", role: roleOutput},
			{path: "usage.prompt_tokens_details.cached_tokens", role: roleRead}, {path: "usage.input_tokens_details.cached_tokens", role: roleRead},
			{path: "usage.completion_tokens_details.reasoning_tokens", role: roleReasoning},
			{path: "usage.output_tokens_details.reasoning_tokens", role: roleReasoning},
		}},
		{key: "triggered", role: roleBlocked, bare: true, words: words{"true": 0, "1": 0}},
		{key: "group_id", role: roleSession, bare: true, note: "OpenAI Agents"},
	},
	names: []named{
		{"Chat Completion with *", SpanLLM}, {"Responses API with *", SpanLLM}, {"Message with *", SpanLLM}, {"Embedding Creation with *", SpanEmbedding},
		{"turn", SpanStep}, {"Guardrail *", SpanGuardrail}, {"Handoff: *", SpanHandoff}, {"Agent run: *", SpanRun}, {"OpenAI Agents trace: *", SpanRun},
		{"Function: *", SpanTool},
	},
}
