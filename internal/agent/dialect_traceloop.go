package agent

// traceloopTable is OpenLLMetry, which Traceloop's SDKs bring, Python and JavaScript. Most of what it writes are keys
// of the semantic conventions, older and newer.
var traceloopTable = table{
	dialect: Traceloop,
	source:  "traceloop/openllmetry 0.62.1, openllmetry-js 0.27; recordings of JavaScript 0.27",
	scopes: []string{
		"opentelemetry.instrumentation.openai.*", "opentelemetry.instrumentation.anthropic", "opentelemetry.instrumentation.langchain*",
		"opentelemetry.instrumentation.openai_agents", "opentelemetry.instrumentation.crewai", "opentelemetry.instrumentation.chromadb",
		"@traceloop/*", "traceloop.tracer",
	},
	rows: []row{
		{key: "traceloop.span.kind", role: roleKind, words: words{
			"agent": SpanRun, "workflow": SpanRun, "task": spanChain, "tool": SpanTool, "handoff": SpanHandoff,
		}},
		{key: "llm.request.type", role: roleKind, words: words{
			"chat": SpanLLM, "completion": SpanLLM, "embedding": SpanEmbedding, "rerank": SpanRerank,
		}},
		{key: "traceloop.entity.name", role: roleEntity},
		{key: "traceloop.entity.input", role: roleArguments},
		{key: "traceloop.entity.output", role: roleResult},
		{key: "traceloop.workflow.name", role: roleMark},
		{key: "traceloop.entity.path", role: roleMark},
		{key: "llm.usage.total_tokens", role: roleTotal},
		{key: "llm.is_streaming", role: roleStream},
		{key: "llm.response.finish_reason", role: roleFinish},
		{key: "llm.response.stop_reason", role: roleFinish},
		{key: "llm.user", role: roleUser},
		{key: "db.vector.query.top_score", role: roleTopScore},
		{key: "db.vector.query.top_k", role: roleKind, words: words{"*": SpanRetrieval}},
		{key: "db.query.result.score", role: roleScore, note: "on span events"},
		{key: "db.query.result.distance", role: roleDistance, note: "on span events"},
		{key: "db.search.result.score", role: roleScore, note: "on span events"},
		{key: "db.search.result.distance", role: roleDistance, note: "on span events"},
		{key: "traceloop.prompt.key", role: rolePrompt},
		{key: "traceloop.prompt.version_name", role: rolePromptVersion},
		{key: "traceloop.prompt.version", role: rolePromptVersion},
		{key: "traceloop.association.properties.session_id", role: roleSession},
		{key: "traceloop.association.properties.sessionId", role: roleSession},
		{key: "traceloop.association.properties.conversation_id", role: roleSession},
		{key: "traceloop.association.properties.chat_id", role: roleSession},
		{key: "traceloop.association.properties.thread_id", role: roleSession},
		{key: "traceloop.association.properties.user_id", role: roleUser},
		{key: "traceloop.association.properties.userId", role: roleUser},
		{key: "traceloop.association.properties.tenant_id", role: roleTenant},
		{key: "traceloop.association.properties.tenant", role: roleTenant},
		{key: "traceloop.association.properties.customer_id", role: roleTenant},
		{key: "traceloop.association.properties.organization_id", role: roleTenant},
		{key: "traceloop.association.properties.feature", role: roleFeature},
	},
	names: []named{{"*.handoff", SpanHandoff}},
}
