// OpenInference's instrumentation of the OpenAI Agents SDK.
import * as agent from './agent.mjs';
import { provider } from './otel.mjs';
import { setSession } from '@arizeai/openinference-core';
import { OpenAIAgentsInstrumentation } from '@arizeai/openinference-instrumentation-openai-agents';
import * as agents from '@openai/agents';
import { context } from '@opentelemetry/api';
import OpenAI from 'openai';
import { z } from 'zod';

new OpenAIAgentsInstrumentation({ tracerProvider: provider }).manuallyInstrument(agents);
agents.setDefaultOpenAIClient(new OpenAI({ baseURL: `${agent.PROVIDER}/v1`, apiKey: 'none' }));
agents.setOpenAIAPI(agent.API === 'responses' ? 'responses' : 'chat_completions');

const tools = Object.entries(agent.TOOLS).map(([name, { description, run }]) => (
  agents.tool({ name, description, parameters: z.object({ city: z.string() }), execute: run })));
const support = new agents.Agent({ name: 'support', instructions: agent.SYSTEM, model: agent.MODEL, tools: agent.WITH_TOOLS ? tools : [] });

let history = [];
async function ask(question) {
  history.push({ role: 'user', content: question });
  const result = await agents.withTrace('support run', () => agents.run(support, history, { stream: agent.STREAMED }), { groupId: agent.SESSION });
  if (agent.STREAMED) await result.completed;
  history = result.history;
}

agent.noteSession(agent.SESSION, '');
await context.with(setSession(context.active(), { sessionId: agent.SESSION }), async () => {
  for (const question of agent.QUESTIONS) await agent.turn(ask, question);
});
await provider.shutdown();
agent.closeBook();
