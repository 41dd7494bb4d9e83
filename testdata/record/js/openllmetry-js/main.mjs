// OpenLLMetry through Traceloop's SDK.
import * as agent from './agent.mjs';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import * as traceloop from '@traceloop/node-server-sdk';
import OpenAI from 'openai';

traceloop.initialize({
  appName: 'support-agent', apiKey: 'none', exporter: new OTLPTraceExporter(), traceloopSyncEnabled: false,
  silenceInitializationMessage: true, instrumentModules: { openAI: OpenAI },
});

agent.noteSession();
const properties = { session_id: agent.SESSION, user_id: agent.USER, customer_id: agent.TENANT };
await agent.play(new OpenAI({ baseURL: `${agent.PROVIDER}/v1`, apiKey: 'none' }), {
  inTurn: (body) => traceloop.withAssociationProperties(properties, () => (
    traceloop.withWorkflow({ name: 'support' }, () => traceloop.withAgent({ name: 'triage' }, body)))),
  inTool: (name, args, body) => traceloop.withTool({ name }, body, args),
});
await traceloop.forceFlush();
agent.closeBook();
