// OpenInference's instrumentation of the OpenAI client.
import * as agent from './agent.mjs';
import { inSpan, provider } from './otel.mjs';
import { setMetadata, setSession, setUser } from '@arizeai/openinference-core';
import { OpenAIInstrumentation } from '@arizeai/openinference-instrumentation-openai';
import { context } from '@opentelemetry/api';
import OpenAI from 'openai';

new OpenAIInstrumentation({ tracerProvider: provider }).manuallyInstrument(OpenAI);

let known = setSession(context.active(), { sessionId: agent.SESSION });
known = setMetadata(setUser(known, { userId: agent.USER }), { tenant: agent.TENANT });

agent.noteSession();
await context.with(known, () => agent.play(new OpenAI({ baseURL: `${agent.PROVIDER}/v1`, apiKey: 'none' }), {
  inTurn: (body) => inSpan('support', { 'openinference.span.kind': 'AGENT', 'session.id': agent.SESSION }, body),
  inTool: (name, args, body) => inSpan(name, { 'openinference.span.kind': 'TOOL', 'tool.name': name }, body),
}));
await provider.shutdown();
agent.closeBook();
