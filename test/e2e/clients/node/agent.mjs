// A small agent, instrumented with OpenInference. It plays each scenario named in
// SCENARIOS (comma-separated) RUNS times, and exports every span twice over OTLP/HTTP
// protobuf: to OTLP_ENDPOINT, the program under test, and to CONTROL_ENDPOINT, which
// keeps all. Stdout is one JSON line a run, once everything has been delivered:
// {"scenario", "trace_id", "session", "spans"}.
import { randomUUID } from 'node:crypto';
import OpenAI from 'openai';
import { context, SpanStatusCode, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { setSession } from '@arizeai/openinference-core';
import { OpenAIInstrumentation } from '@arizeai/openinference-instrumentation-openai';

const MODEL = 'gpt-4o-mini';
const TOOL = { name: 'weather', description: 'The weather in a city.', parameters: { type: 'object', properties: { city: { type: 'string' } } } };

// Counter counts the ended spans of each trace.
class Counter {
  spans = new Map();
  onStart() {}
  onEnd(span) {
    const id = span.spanContext().traceId;
    this.spans.set(id, (this.spans.get(id) ?? 0) + 1);
  }
  async forceFlush() {}
  async shutdown() {}
}

const counter = new Counter();
const exporterTo = (url) => new BatchSpanProcessor(new OTLPTraceExporter({ url: `${url}/v1/traces` }), { scheduledDelayMillis: 200 });
const provider = new NodeTracerProvider({
  resource: resourceFromAttributes({ 'service.name': 'e2e-node', 'deployment.environment.name': 'test' }),
  spanProcessors: [counter, exporterTo(process.env.OTLP_ENDPOINT), exporterTo(process.env.CONTROL_ENDPOINT)],
});
provider.register();
const instrumentation = new OpenAIInstrumentation({ tracerProvider: provider });
instrumentation.manuallyInstrument(OpenAI);

const openai = new OpenAI({ baseURL: process.env.PROVIDER_URL, apiKey: 'none', maxRetries: 0 });
const tracer = trace.getTracer('e2e-agent', '1.0.0');

// inSpan runs body inside a span that ends with it, in error if body throws.
async function inSpan(name, options, body) {
  return tracer.startActiveSpan(name, options, async (span) => {
    try {
      return await body(span);
    } catch (err) {
      span.recordException(err);
      span.setStatus({ code: SpanStatusCode.ERROR, message: 'failed' });
    } finally {
      span.end(options.endTime);
    }
  });
}

const say = (text) => [{ role: 'system', content: 'You are brief.' }, { role: 'user', content: text }];
const ask = (text) => openai.chat.completions.create({ model: MODEL, messages: say(text) });

async function stream(text) {
  const chunks = await openai.chat.completions.create({ model: MODEL, messages: say(text), stream: true, stream_options: { include_usage: true } });
  for await (const _ of chunks);
}

// withTool asks, runs the tool that the model calls for, and asks again with its result.
async function withTool(run) {
  const messages = say('tool');
  const tools = [{ type: 'function', function: TOOL }];
  const first = await openai.chat.completions.create({ model: MODEL, messages, tools });
  const call = first.choices[0].message.tool_calls[0];
  const result = await inSpan('weather', { attributes: { 'openinference.span.kind': 'TOOL', 'tool.name': 'weather' } }, run);
  messages.push(first.choices[0].message, { role: 'tool', tool_call_id: call.id, content: result ?? 'Error: no answer' });
  await openai.chat.completions.create({ model: MODEL, messages, tools });
}

async function respond() {
  const tools = [{ type: 'function', ...TOOL }];
  const first = await openai.responses.create({ model: MODEL, input: say('tool'), tools });
  const call = first.output.find((item) => item.type === 'function_call');
  const input = [...say('tool'), call, { type: 'function_call_output', call_id: call.call_id, output: '12 degrees' }];
  const events = await openai.responses.create({ model: MODEL, input, tools, stream: true });
  for await (const _ of events);
}

const scenarios = {
  healthy: (root) => stream('answer').then(() => root.setStatus({ code: SpanStatusCode.OK })),
  tool: () => withTool(async () => '12 degrees'),
  tool_error: () => withTool(async () => { throw new Error('the station does not answer'); }),
  provider_down: () => ask('fail'),
  costly: () => ask('costly'),
  waiting: () => ask('wait').then(() => withTool(async () => { throw new Error('too late'); })),
  slow: () => ask('answer'),
  probe: (root) => ask('answer').then(() => root.setStatus({ code: SpanStatusCode.ERROR })),
  filtered: (root) => { root.setAttribute('app.keep', true); return ask('filter'); },
  responses: (root) => { root.setAttribute('app.keep', true); return respond(); },
};

// optionsOf are the root's: a slow run is written down as having taken three minutes.
function optionsOf(scenario) {
  const options = { attributes: { 'openinference.span.kind': 'AGENT' } };
  if (scenario !== 'slow') return options;
  const now = Date.now();
  return { ...options, startTime: now - 180_000, endTime: now };
}

async function play(scenario) {
  const session = `node-${randomUUID()}`;
  const name = scenario === 'probe' ? 'healthcheck' : 'agent.run';
  return context.with(setSession(context.active(), { sessionId: session }), async () => {
    let traceId;
    await inSpan(name, optionsOf(scenario), async (root) => {
      traceId = root.spanContext().traceId;
      root.setAttribute('session.id', session);
      await scenarios[scenario](root);
    });
    return { scenario, session, trace_id: traceId };
  });
}

const runs = [];
for (const scenario of process.env.SCENARIOS.split(',')) {
  for (let i = 0; i < Number(process.env.RUNS); i++) runs.push(await play(scenario));
}
await provider.forceFlush();
await provider.shutdown();
for (const run of runs) console.log(JSON.stringify({ ...run, spans: counter.spans.get(run.trace_id) }));
