// The agent that the instrumented programs share: what it is told to play, its tools, its book, and a loop of calls
// over the OpenAI client. The environment says what to play: SCENARIO and its parts API, SCRIPT, STREAMED and TOOLS,
// the PROVIDER's base URL and OTEL_EXPORTER_OTLP_ENDPOINT. The last line on stdout is the book, as JSON.
export const { SCENARIO, API, SCRIPT, PROVIDER, OTEL_EXPORTER_OTLP_ENDPOINT: OTLP } = process.env;
export const STREAMED = Boolean(process.env.STREAMED);
export const WITH_TOOLS = Boolean(process.env.TOOLS);
export const MODEL = { anthropic: 'claude-sonnet-4-5' }[API] ?? 'gpt-4o-mini';
export const SYSTEM = 'You are brief.';
export const USER = 'user-7';
export const TENANT = 'acme';
export const SESSION = `session-${SCENARIO}`;
export const QUESTIONS = SCRIPT === 'session' ? ['Hello.', 'How is the weather in Paris?', 'Thanks.'] : ['How is it in Paris?'];
export const ARGUMENTS = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };

export const book = { tools: { run: 0, errors: 0 }, sessions: [], user: '', turns: 0, failed: 0, note: '' };

// The tools: what they say to the model, and what they do.
export const TOOLS = {
  weather: {
    description: 'Tell the weather in a city.',
    async run() {
      book.tools.run++;
      if (SCRIPT === 'tool_error' || SCRIPT === 'tool_loop') {
        book.tools.errors++;
        throw new Error('the station does not answer');
      }
      return '12 degrees';
    },
  },
  population: {
    description: 'Tell how many people live in a city.',
    async run() {
      book.tools.run++;
      return '2100000';
    },
  },
};

// noteSession enters into the book what the program told the library of session and user.
export function noteSession(session = SESSION, user = USER) {
  book.sessions = session ? [session] : [];
  book.user = user;
}

// turn plays one turn of the agent; an error ends the turn and not the program.
export async function turn(body, ...args) {
  book.turns++;
  try {
    return await body(...args);
  } catch (err) {
    book.failed++;
    console.error(err);
  }
}

// closeBook prints the book; call it once everything is exported.
export function closeBook() {
  console.log(`\n${JSON.stringify(book)}`);
}

// play plays the scenario over the OpenAI client. inTurn(body) and inTool(name, args, body) are the library's own ways to
// mark a turn and a tool.
export async function play(openai, { inTurn = (body) => body(), inTool = (name, args, body) => body() } = {}) {
  const loop = API === 'responses' ? new ResponsesLoop(openai, inTool) : new ChatLoop(openai, inTool);
  for (const question of QUESTIONS) {
    await turn(() => inTurn(async () => {
      loop.say(question);
      while (await loop.ask());
    }));
  }
}

async function runTool(inTool, name, text) {
  let args;
  try {
    args = JSON.parse(text);
  } catch {
    return 'Error: arguments are no JSON';
  }
  try {
    return await inTool(name, args, () => TOOLS[name].run(args));
  } catch (err) {
    return `Error: ${err.message}`;
  }
}

class ChatLoop {
  messages = [{ role: 'system', content: SYSTEM }];

  constructor(openai, inTool) {
    this.openai = openai;
    this.inTool = inTool;
    const tools = Object.entries(TOOLS).map(([name, { description }]) => (
      { type: 'function', function: { name, description, parameters: ARGUMENTS } }));
    this.options = WITH_TOOLS ? { tools } : {};
  }

  say(question) {
    this.messages.push({ role: 'user', content: question });
  }

  // ask asks once and runs the tools that the model wants; it says whether the model wants to go on.
  async ask() {
    const message = STREAMED ? await this.stream() : await this.whole();
    this.messages.push(message);
    for (const call of message.tool_calls ?? []) {
      const content = await runTool(this.inTool, call.function.name, call.function.arguments);
      this.messages.push({ role: 'tool', tool_call_id: call.id, content });
    }
    return Boolean(message.tool_calls?.length);
  }

  async whole() {
    const answer = await this.openai.chat.completions.create({ model: MODEL, messages: this.messages, ...this.options });
    return answer.choices[0].message;
  }

  async stream() {
    const message = { role: 'assistant', content: '' };
    const chunks = await this.openai.chat.completions.create(
      { model: MODEL, messages: this.messages, stream: true, stream_options: { include_usage: true }, ...this.options });
    for await (const chunk of chunks) {
      const delta = chunk.choices[0]?.delta ?? {};
      message.content += delta.content ?? '';
      if (delta.tool_calls) (message.tool_calls ??= []).push(...delta.tool_calls);
    }
    return message;
  }
}

class ResponsesLoop {
  input = [];

  constructor(openai, inTool) {
    this.openai = openai;
    this.inTool = inTool;
    const tools = Object.entries(TOOLS).map(([name, { description }]) => (
      { type: 'function', name, description, parameters: ARGUMENTS, strict: false }));
    this.options = WITH_TOOLS ? { tools } : {};
  }

  say(question) {
    this.input.push({ role: 'user', content: question });
  }

  async ask() {
    const response = await this.respond();
    const calls = response.output.filter((item) => item.type === 'function_call');
    this.input.push(...response.output);
    for (const call of calls) {
      const output = await runTool(this.inTool, call.name, call.arguments);
      this.input.push({ type: 'function_call_output', call_id: call.call_id, output });
    }
    return calls.length > 0;
  }

  async respond() {
    const options = { model: MODEL, input: this.input, instructions: SYSTEM, ...this.options };
    if (!STREAMED) return this.openai.responses.create(options);
    let last;
    for await (const event of await this.openai.responses.create({ ...options, stream: true })) last = event.response ?? last;
    return last;
  }
}
