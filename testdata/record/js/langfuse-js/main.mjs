// Langfuse's SDK around the agent and its wrapper of the OpenAI client.
import * as agent from './agent.mjs';
import { observeOpenAI } from '@langfuse/openai';
import { LangfuseSpanProcessor } from '@langfuse/otel';
import { propagateAttributes, startActiveObservation } from '@langfuse/tracing';
import { defaultResource, detectResources, envDetector } from '@opentelemetry/resources';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import OpenAI from 'openai';

const processor = new LangfuseSpanProcessor({ publicKey: 'pk-none', secretKey: 'sk-none', baseUrl: agent.OTLP, environment: 'test', release: '1.2.3' });
new NodeTracerProvider({
  resource: defaultResource().merge(detectResources({ detectors: [envDetector] })), spanProcessors: [processor],
}).register();

agent.noteSession();
const openai = observeOpenAI(new OpenAI({ baseURL: `${agent.PROVIDER}/v1`, apiKey: 'none' }));
const known = { userId: agent.USER, sessionId: agent.SESSION, tags: ['beta'], metadata: { tenant: agent.TENANT } };
await propagateAttributes(known, () => agent.play(openai, {
  inTurn: (body) => startActiveObservation('support', body, { asType: 'agent' }),
  inTool: (name, args, body) => startActiveObservation(name, async (span) => {
    span.update({ input: args });
    const output = await body();
    span.update({ output });
    return output;
  }, { asType: 'tool' }),
}));
await processor.shutdown();
agent.closeBook();
