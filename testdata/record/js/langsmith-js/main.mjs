// LangSmith's tracing of an application's own agent, exported through OpenTelemetry.
import * as agent from './agent.mjs';

process.env.LANGSMITH_ENDPOINT = agent.OTLP; // the collector answers what is not for it, too
const { initializeOTEL } = await import('langsmith/experimental/otel/setup');
const { DEFAULT_LANGSMITH_SPAN_PROCESSOR: processor } = initializeOTEL({
  exporterConfig: { url: `${agent.OTLP}/v1/traces`, headers: {} },
});
const { traceable } = await import('langsmith/traceable');
const { wrapOpenAI } = await import('langsmith/wrappers');
const { default: OpenAI } = await import('openai');

agent.noteSession();
const metadata = { session_id: agent.SESSION, user_id: agent.USER, tenant: agent.TENANT };
await agent.play(wrapOpenAI(new OpenAI({ baseURL: `${agent.PROVIDER}/v1`, apiKey: 'none' })), {
  inTurn: (body) => traceable(body, { name: 'support', run_type: 'chain', metadata })(),
  inTool: (name, args, body) => traceable(body, { name, run_type: 'tool' })(args),
});
await processor.shutdown();
agent.closeBook();
process.exit(0); // the client goes on trying to reach LangSmith
