// OpenLIT around the OpenAI client, with its own manual spans around the agent.
import * as agent from './agent.mjs';
import { trace } from '@opentelemetry/api';
import * as openlit from 'openlit';
import OpenAI from 'openai';

const Openlit = openlit.default?.default ?? openlit.default ?? openlit;
Openlit.init({
  otlpEndpoint: agent.OTLP, applicationName: 'support-agent', environment: 'test', instrumentations: { openai: OpenAI },
  disableMetrics: true, pricingJson: { chat: { 'gpt-4o-mini': { promptPrice: 0.00015, completionPrice: 0.0006 } } },
});

const known = { 'session.id': agent.SESSION, 'user.id': agent.USER, tenant: agent.TENANT };
const inSpan = (name, body) => trace.getTracer('support').startActiveSpan(name, async (span) => {
  try {
    return await body();
  } catch (err) {
    span.setStatus({ code: 2, message: err.message });
    throw err;
  } finally {
    span.end();
  }
});

agent.noteSession();
const play = () => agent.play(new OpenAI({ baseURL: `${agent.PROVIDER}/v1`, apiKey: 'none' }), {
  inTurn: (body) => inSpan('support', body),
  inTool: (name, args, body) => inSpan(name, body),
});
await Openlit.usingAttributes(known, play);
const provider = trace.getTracerProvider();
await (provider.getDelegate?.() ?? provider).shutdown();
agent.closeBook();
