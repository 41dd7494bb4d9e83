package agent

// langfuseTable is what Langfuse's SDKs write.
var langfuseTable = table{
	dialect: Langfuse,
	source:  "langfuse 4.16.0, langfuse-js 5.10.1; recordings of JavaScript 5.11",
	scopes:  []string{"langfuse-sdk"},
	rows: []row{
		{key: "langfuse.observation.type", role: roleKind, words: words{
			"generation": SpanLLM, "agent": SpanRun, "tool": SpanTool, "chain": spanChain, "span": spanChain, "retriever": SpanRetrieval,
			"embedding": SpanEmbedding, "guardrail": SpanGuardrail, "evaluator": SpanEvaluation, "event": SpanOther,
		}},
		{key: "langfuse.observation.usage_details", members: []member{
			{path: "input", role: roleInput}, {path: "output", role: roleOutput}, {path: "total", role: roleTotal},
			{path: "input_cached_tokens", role: roleRead, also: roleInputMore}, {path: "input_cache_read", role: roleRead, also: roleInputMore},
			{path: "input_cache_creation", role: roleWrite, also: roleInputMore},
			{path: "input_cache_creation_*", role: roleWriteMore, also: roleInputMore},
			{path: "output_reasoning_tokens", role: roleReasoning, also: roleOutputMore},
			{path: "prompt_tokens", role: roleInput}, {path: "completion_tokens", role: roleOutput}, {path: "total_tokens", role: roleTotal},
			{path: "prompt_tokens_details.cached_tokens", role: roleRead},
			{path: "completion_tokens_details.reasoning_tokens", role: roleReasoning},
			{path: "input_tokens", role: roleInput}, {path: "output_tokens", role: roleOutput},
			{path: "input_tokens_details.cached_tokens", role: roleRead},
			{path: "output_tokens_details.reasoning_tokens", role: roleReasoning},
			{path: "input_*", role: roleInputMore}, {path: "output_*", role: roleOutputMore},
		}, note: "input and output are what the other members leave; the providers' own names mean what the providers mean"},
		{key: "langfuse.observation.cost_details", members: []member{
			{path: "total", role: roleCost}, {path: "input", role: roleCostInput}, {path: "output", role: roleCostOutput},
		}},
		{key: "langfuse.observation.model.name", role: roleAsked},
		{key: "langfuse.observation.level", role: roleFailure, words: words{"error": 0}, note: "the span's status is often unset"},
		{key: "langfuse.observation.input", role: roleArguments},
		{key: "langfuse.observation.output", role: roleResult},
		{key: "langfuse.observation.prompt.name", role: rolePrompt},
		{key: "langfuse.observation.prompt.version", role: rolePromptVersion},
		{key: "langfuse.observation.metadata.status", role: roleFinish, words: words{"incomplete": 0, "failed": 0}},
		{key: "langfuse.session.id", role: roleSession},
		{key: "langfuse_session_id", role: roleSession, note: "from baggage"},
		{key: "langfuse.user.id", role: roleUser},
		{key: "langfuse_user_id", role: roleUser, note: "from baggage"},
		{key: "langfuse.trace.metadata.tenant", role: roleTenant},
		{key: "langfuse.trace.metadata.tenant_id", role: roleTenant},
		{key: "langfuse.trace.metadata.tenantId", role: roleTenant},
		{key: "langfuse.trace.metadata.feature", role: roleFeature},
		{key: "langfuse.environment", role: roleEnvironment},
		{key: "langfuse.release", role: roleVersion},
		{key: "langfuse.trace.name", role: roleMark},
	},
}
