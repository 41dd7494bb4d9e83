package agent

// langSmithTable is what LangSmith's SDK exports by OTLP.
var langSmithTable = table{
	dialect: LangSmith,
	source:  "langchain-ai/langsmith-sdk 0.11.1; recordings of JavaScript 0.10.5",
	scopes:  []string{"langsmith"},
	rows: []row{
		{key: "langsmith.span.kind", role: roleKind, words: words{
			"llm": SpanLLM, "chain": spanChain, "tool": SpanTool, "retriever": SpanRetrieval, "embedding": SpanEmbedding, "prompt": SpanOther,
		}, note: "before the operation name, which says embeddings for retrievers"},
		{key: "langsmith.usage_metadata", members: langSmithUsage},
		{key: "langsmith.metadata.usage_metadata", members: langSmithUsage, note: "Python"},
		{key: "langsmith.metadata.ls_model_name", role: roleAsked},
		{key: "langsmith.metadata.ls_provider", role: roleProvider},
		{key: "langsmith.request.streaming", role: roleStream},
		{key: "langsmith.trace.name", role: roleMark},
		{key: "langsmith.metadata.session_id", role: roleSession},
		{key: "langsmith.metadata.sessionId", role: roleSession},
		{key: "langsmith.metadata.thread_id", role: roleSession},
		{key: "langsmith.metadata.conversation_id", role: roleSession},
		{key: "langsmith.metadata.user_id", role: roleUser},
		{key: "langsmith.metadata.userId", role: roleUser},
		{key: "langsmith.metadata.tenant", role: roleTenant},
		{key: "langsmith.metadata.tenant_id", role: roleTenant},
		{key: "langsmith.metadata.feature", role: roleFeature},
		{key: "langsmith.metadata.lc_hub_repo", role: rolePrompt},
		{key: "langsmith.metadata.lc_hub_commit_hash", role: rolePromptVersion},
		{key: "gen_ai.prompt", role: roleArguments, bare: true, note: "the whole input of a run"},
		{key: "gen_ai.completion", role: roleResult, bare: true},
	},
}

var langSmithUsage = []member{
	{path: "input_tokens", role: roleInput}, {path: "output_tokens", role: roleOutput}, {path: "total_tokens", role: roleTotal},
	{path: "input_token_details.cache_read", role: roleRead}, {path: "input_token_details.cache_creation", role: roleWrite},
	{path: "input_token_details.ephemeral_*", role: roleWriteMore}, {path: "output_token_details.reasoning", role: roleReasoning},
	{path: "total_cost", role: roleCost}, {path: "input_cost", role: roleCostInput}, {path: "output_cost", role: roleCostOutput},
}
