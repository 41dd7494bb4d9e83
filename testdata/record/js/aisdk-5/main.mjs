// Vercel's AI SDK 5 with its own telemetry switched on.
import * as agent from './agent.mjs';
import { provider } from './otel.mjs';
import { createAnthropic } from '@ai-sdk/anthropic';
import { createOpenAI } from '@ai-sdk/openai';
import { generateText, stepCountIs, streamText, tool } from 'ai';
import { z } from 'zod';

function model() {
  if (agent.API === 'anthropic') return createAnthropic({ baseURL: `${agent.PROVIDER}/v1`, apiKey: 'none' })(agent.MODEL);
  const openai = createOpenAI({ baseURL: `${agent.PROVIDER}/v1`, apiKey: 'none' });
  return agent.API === 'responses' ? openai.responses(agent.MODEL) : openai.chat(agent.MODEL);
}

const tools = Object.fromEntries(Object.entries(agent.TOOLS).map(([name, { description, run }]) => [
  name, tool({ description, inputSchema: z.object({ city: z.string() }), execute: run }),
]));

const messages = [];

async function ask(question) {
  messages.push({ role: 'user', content: question });
  const options = {
    model: model(), system: agent.SYSTEM, messages, maxRetries: 2, stopWhen: stepCountIs(6),
    ...(agent.WITH_TOOLS ? { tools } : {}),
    experimental_telemetry: {
      isEnabled: true, functionId: 'support', metadata: { sessionId: agent.SESSION, userId: agent.USER, tenant: agent.TENANT },
    },
  };
  if (!agent.STREAMED) {
    messages.push(...(await generateText(options)).response.messages);
    return;
  }
  const result = streamText(options);
  for await (const part of result.fullStream) if (part.type === 'error') throw part.error;
  messages.push(...(await result.response).messages);
}

agent.noteSession();
for (const question of agent.QUESTIONS) {
  await agent.turn(ask, question);
  if (agent.SCRIPT === 'cache') await agent.turn(ask, 'And again?');
}
await provider.shutdown();
agent.closeBook();
