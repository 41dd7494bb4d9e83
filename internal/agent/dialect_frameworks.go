package agent

// openLITTable is OpenLIT, Python and TypeScript.
var openLITTable = table{
	dialect: OpenLIT,
	source:  "openlit py-1.45.0, ts-1.15.0; recordings of TypeScript 1.15",
	scopes:  []string{"openlit.*", "openlit", "@openlit/*"},
	rows: []row{
		{key: "gen_ai.sdk.version", role: roleMark},
		{key: "gen_ai.application_name", role: roleMark},
		{key: "openlit.agent.version_hash", role: roleMark},
	},
}

// strandsTable is Strands Agents. Its run says what the agent has used in all its life.
var strandsTable = table{
	dialect: Strands,
	source:  "strands-agents 1.40.0",
	scopes:  []string{"strands.*", "strands-agents*"},
	rows: []row{
		{key: "event_loop.cycle_id", role: roleMark},
		{key: "gen_ai.event.start_time", role: roleMark},
	},
	names: []named{{"execute_event_loop_cycle*", SpanStep}, {"Cycle *", SpanStep}, {"Model invoke", SpanLLM}},
}

// adkTable is Google's Agent Development Kit, versions 1 and 2.
var adkTable = table{
	dialect: ADK,
	source:  "google/adk-python, main branch of 2026",
	scopes:  []string{"gcp.vertex.agent"},
	rows: []row{
		{key: "gcp.vertex.agent.session_id", role: roleSession},
		{key: "gcp.vertex.agent.invocation_id", role: roleMark},
		{key: "gcp.vertex.agent.tool_call_args", role: roleArguments},
		{key: "gcp.vertex.agent.tool_response", role: roleResult},
	},
	names: []named{
		{"invocation", SpanRun}, {"agent_run *", SpanRun}, {"call_llm", SpanLLM}, {"execute_tool (merged)", spanIdle}, {"execute_tool *", SpanTool},
	},
}

// agentFrameworkTable is Microsoft's Agent Framework.
var agentFrameworkTable = table{
	dialect: AgentFramework,
	source:  "microsoft/agent-framework python-1.13.0",
	scopes:  []string{"agent_framework*"},
	rows: []row{
		{key: "executor.id", role: roleMark},
		{key: "workflow.id", role: roleMark},
	},
	names: []named{
		{"workflow.run*", SpanRun}, {"executor.process*", spanChain}, {"message.send*", SpanOther}, {"edge_group.process*", SpanOther},
	},
}

// liteLLMTable is the LiteLLM proxy.
var liteLLMTable = table{
	dialect: LiteLLM,
	source:  "BerriAI/litellm, OpenTelemetry callback of 2026",
	scopes:  []string{"litellm"},
	rows: []row{
		{key: "hidden_params", members: []member{{path: "response_cost", role: roleCost}}},
		{key: "metadata.user_api_key_team_id", role: roleTenant},
		{key: "metadata.user_api_key_org_id", role: roleTenant},
		{key: "metadata.user_api_key_user_id", role: roleUser},
		{key: "guardrail_name", role: roleKind, words: words{"*": SpanGuardrail}},
	},
	names: []named{
		{"litellm_request", SpanLLM}, {"raw_gen_ai_request", SpanLLM}, {"Received Proxy Server Request", SpanHTTP}, {"guardrail", SpanGuardrail},
	},
}

// mlflowTable is MLflow's tracing. Its values are JSON, texts in quotes.
var mlflowTable = table{
	dialect: MLflow,
	source:  "mlflow-tracing 3",
	scopes:  []string{"mlflow*"},
	rows: []row{
		{key: "mlflow.spanType", role: roleKind, words: words{
			"llm": SpanLLM, "chat_model": SpanLLM, "agent": SpanRun, "chain": spanChain, "tool": SpanTool, "retriever": SpanRetrieval,
			"reranker": SpanRerank, "embedding": SpanEmbedding, "workflow": SpanRun, "task": spanChain, "guardrail": SpanGuardrail,
			"evaluator": SpanEvaluation, "memory": SpanMemory,
		}},
		{key: "mlflow.chat.tokenUsage", members: []member{
			{path: "input_tokens", role: roleInput}, {path: "output_tokens", role: roleOutput}, {path: "total_tokens", role: roleTotal},
			{path: "cache_read_input_tokens", role: roleRead}, {path: "cache_creation_input_tokens", role: roleWrite},
		}},
		{key: "mlflow.llm.model", role: roleAsked},
		{key: "mlflow.llm.cost", members: []member{{path: "total_cost", role: roleCost}, {path: "total", role: roleCost}}},
		{key: "mlflow.spanInputs", role: roleArguments},
		{key: "mlflow.spanOutputs", role: roleResult},
		{key: "mlflow.trace.session", role: roleSession},
		{key: "mlflow.trace.user", role: roleUser},
	},
}

// sentryTable is what Sentry's SDKs write.
var sentryTable = table{
	dialect: Sentry,
	source:  "getsentry/sentry-conventions of 2026",
	scopes:  []string{"sentry*"},
	rows: []row{
		{key: "sentry.op", role: roleKind, words: words{
			"gen_ai.chat": SpanLLM, "gen_ai.generate_content": SpanLLM, "gen_ai.text_completion": SpanLLM, "gen_ai.responses": SpanLLM,
			"gen_ai.embeddings": SpanEmbedding, "gen_ai.invoke_agent": SpanRun, "gen_ai.execute_tool": SpanTool, "gen_ai.handoff": SpanHandoff,
			"http.client": SpanHTTP, "http.server": SpanHTTP,
		}},
		{key: "ai.prompt_tokens.used", role: roleInput},
		{key: "ai.completion_tokens.used", role: roleOutput},
		{key: "ai.total_tokens.used", role: roleTotal},
		{key: "ai.total_cost", role: roleCost},
		{key: "ai.model_id", role: roleAsked},
	},
}

// mastraTable is Mastra, whose run stands over model_generation, agent_step, chat and model_chunk.
var mastraTable = table{
	dialect: Mastra,
	source:  "mastra 1.71, otel-exporter 1.4; recordings of 1.4",
	scopes:  []string{"@mastra/*"},
	rows: []row{
		{key: "mastra.span.type", role: roleKind, words: words{
			"agent_run": SpanRun, "workflow_run": SpanRun, "workflow_step": spanChain, "model_generation": spanChain, "model_step": SpanStep,
			"model_inference": SpanLLM, "model_chunk": SpanOther, "tool_call": SpanTool, "mcp_tool_call": SpanTool, "client_tool_call": SpanTool,
			"processor_run": SpanOther,
		}},
		{key: "mastra.metadata.threadId", role: roleSession},
		{key: "mastra.metadata.userId", role: roleUser},
		{key: "mastra.metadata.tenant", role: roleTenant},
	},
}

// liveKitTable is LiveKit's agents.
var liveKitTable = table{
	dialect: LiveKit,
	source:  "livekit/agents of 2026",
	scopes:  []string{"livekit-agents*"},
	rows: []row{
		{key: "lk.chat_ctx", role: roleMark},
		{key: "lk.function_tool.name", role: roleTool},
		{key: "lk.function_tool.arguments", role: roleArguments},
	},
	names: []named{
		{"agent_session", SpanRun}, {"agent_turn", SpanTurn}, {"user_turn", SpanOther}, {"llm_node", SpanOther}, {"llm_request*", SpanLLM},
		{"function_tool", SpanTool},
	},
}

// genkitTable is Google's Genkit.
var genkitTable = table{
	dialect: Genkit,
	source:  "firebase/genkit 1.42",
	scopes:  []string{"genkit*"},
	rows: []row{
		{key: "genkit:metadata:subtype", role: roleKind, words: words{
			"model": SpanLLM, "tool": SpanTool, "flow": SpanRun, "retriever": SpanRetrieval, "embedder": SpanEmbedding, "reranker": SpanRerank,
			"evaluator": SpanEvaluation,
		}},
		{key: "genkit:state", role: roleFailure, words: words{"error": 0}},
		{key: "genkit:name", role: roleEntity},
		{key: "genkit:input", role: roleArguments},
		{key: "genkit:output", role: roleResult},
	},
}
