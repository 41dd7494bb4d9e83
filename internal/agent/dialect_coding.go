package agent

// claudeCodeTable is Claude Code, whose keys are plain words. Failed calls have an unset status; what failed stands on
// a span below the tool's.
var claudeCodeTable = table{
	dialect: ClaudeCode,
	source:  "a live capture of Claude Code 2.1.289",
	scopes:  []string{"com.anthropic.claude_code.*"},
	rows: []row{
		{key: "span.type", role: roleKind, bare: true, words: words{
			"interaction": SpanTurn, "llm_request": SpanLLM, "tool": SpanTool, "tool.execution": SpanOther, "tool.blocked_on_user": SpanOther,
		}},
		{key: "input_tokens", role: roleInput, bare: true, note: "without what was cached"},
		{key: "output_tokens", role: roleOutput, bare: true},
		{key: "cache_read_tokens", role: roleRead, bare: true},
		{key: "cache_creation_tokens", role: roleWrite, bare: true},
		{key: "model", role: roleAsked, bare: true},
		{key: "ttft_ms", role: roleTTFTMillis, bare: true},
		{key: "attempt", role: roleAttempt, bare: true},
		{key: "stop_reason", role: roleFinish, bare: true},
		{key: "tool_name", role: roleTool, bare: true},
		{key: "success", role: roleFailure, bare: true, words: words{"false": 0, "0": 0}},
		{key: "error_class", role: roleError, bare: true},
		{key: "request_id", role: roleResponse, bare: true},
	},
	names: []named{
		{"claude_code.interaction", SpanTurn}, {"claude_code.llm_request", SpanLLM}, {"claude_code.tool", SpanTool},
	},
}

// codexTable is the Codex CLI. Its spans are named after functions; the last one of a request has its usage, and the
// turn the sum.
var codexTable = table{
	dialect: Codex,
	source:  "a live capture of Codex CLI 0.160.0",
	scopes:  []string{"codex_exec", "codex_cli_rs", "codex-app-server"},
	rows: []row{
		{key: "codex.turn.token_usage.input_tokens", role: roleInput},
		{key: "codex.turn.token_usage.output_tokens", role: roleOutput},
		{key: "codex.usage.cached_input_tokens", role: roleRead},
	},
	names: []named{{"handle_responses", SpanLLM}, {"session_task.turn", SpanTurn}},
}

// openClawTable is OpenClaw, which sends the usage of a run once more, as a trace of its own.
var openClawTable = table{
	dialect: OpenClaw,
	source:  "a live capture of September 2026",
	rows: []row{
		{key: "openclaw.channel", role: roleMark},
		{key: "openclaw.sessionKey", role: roleSession},
	},
	names: []named{
		{"openclaw.harness.run", SpanRun}, {"openclaw.run", SpanRun}, {"openclaw.tool.execution", SpanTool}, {"openclaw.model.usage", spanIdle},
	},
}
