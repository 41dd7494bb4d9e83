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
			{"input", roleInput}, {"output", roleOutput}, {"total", roleTotal},
			{"input_cached_tokens", roleRead}, {"input_cache_read", roleRead}, {"input_cache_creation", roleWrite},
			{"input_cache_creation_*", roleWriteMore}, {"output_reasoning_tokens", roleReasoning},
			{"input_*", roleInputMore}, {"output_*", roleOutputMore},
			{"prompt_tokens", roleInput}, {"completion_tokens", roleOutput}, {"total_tokens", roleTotal},
		}, note: "input and output are what the other members leave"},
		{key: "langfuse.observation.cost_details", members: []member{
			{"total", roleCost}, {"input", roleCostInput}, {"output", roleCostOutput},
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
