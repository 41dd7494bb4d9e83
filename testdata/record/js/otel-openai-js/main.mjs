// OpenTelemetry's own instrumentation of the OpenAI client; content goes into log records.
import { createRequire } from 'node:module';
import * as agent from './agent.mjs';
import { trace } from '@opentelemetry/api';
import { OpenAIInstrumentation } from '@opentelemetry/instrumentation-openai';
import { NodeSDK } from '@opentelemetry/sdk-node';

const sdk = new NodeSDK({ instrumentations: [new OpenAIInstrumentation({ captureMessageContent: true })] });
sdk.start();
const OpenAI = createRequire(import.meta.url)('openai'); // the instrumentation hooks into require

const tracer = trace.getTracer('support');
const inSpan = (name, attributes, body) => tracer.startActiveSpan(name, { attributes }, async (span) => {
  try {
    return await body();
  } catch (err) {
    span.recordException(err);
    span.setStatus({ code: 2, message: err.message });
    throw err;
  } finally {
    span.end();
  }
});

agent.noteSession();
const known = { 'gen_ai.conversation.id': agent.SESSION, 'user.id': agent.USER };
await agent.play(new OpenAI({ baseURL: `${agent.PROVIDER}/v1`, apiKey: 'none' }), {
  inTurn: (body) => inSpan('invoke_agent support', { 'gen_ai.operation.name': 'invoke_agent', ...known }, body),
  inTool: (name, args, body) => (
    inSpan(`execute_tool ${name}`, { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': name }, body)),
});
await sdk.shutdown();
agent.closeBook();
