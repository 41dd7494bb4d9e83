"""The agent that the instrumented programs share: what it is told to play, its tools, its book, and a loop of calls
over the clients of OpenAI, Anthropic and Gemini for the libraries that bring no agent of their own.

The environment says what to play: SCENARIO and its parts API, SCRIPT, STREAMED and TOOLS, the PROVIDER's base URL, and
the usual OTEL_EXPORTER_OTLP_ENDPOINT. The last line on stdout is the book, as JSON.
"""

import contextlib
import json
import os
import traceback

SCENARIO = os.environ["SCENARIO"]
PROVIDER = os.environ["PROVIDER"]
OTLP = os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"]
API, SCRIPT, STREAMED = os.environ["API"], os.environ["SCRIPT"], bool(os.environ["STREAMED"])
MODEL = {"anthropic": "claude-sonnet-4-5", "gemini": "gemini-2.5-flash"}.get(API, "gpt-4o-mini")
SYSTEM = "You are brief."
USER = "user-7"
TENANT = "acme"
SESSION = f"session-{SCENARIO}"
QUESTIONS = ["Hello.", "How is the weather in Paris?", "Thanks."] if SCRIPT == "session" else ["How is it in Paris?"]
ARGUMENTS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}

book = {"tools": {"run": 0, "errors": 0}, "sessions": [], "user": "", "turns": 0, "failed": 0, "note": ""}


class SilentStation(RuntimeError):
    """What the weather tool raises in the scenarios in which it fails."""


def weather(city: str) -> str:
    """Tell the weather in a city."""
    book["tools"]["run"] += 1
    if SCRIPT in ("tool_error", "tool_loop"):
        book["tools"]["errors"] += 1
        raise SilentStation("the station does not answer")
    return "12 degrees"


def population(city: str) -> str:
    """Tell how many people live in a city."""
    book["tools"]["run"] += 1
    return "2100000"


TOOLS = {"weather": weather, "population": population}


def with_tools():
    """Whether the scenario's model is given tools."""
    return bool(os.environ["TOOLS"])


def note_session(session=SESSION, user=USER):
    """Enters into the book what the program told the library of session and user."""
    book["sessions"], book["user"] = [session] if session else [], user


def turn(body, *args):
    """Plays one turn of the agent; an error ends the turn and not the program."""
    book["turns"] += 1
    try:
        return body(*args)
    except Exception:
        book["failed"] += 1
        traceback.print_exc(limit=3)


async def aturn(body, *args):
    """As turn, for coroutines."""
    book["turns"] += 1
    try:
        return await body(*args)
    except Exception:
        book["failed"] += 1
        traceback.print_exc(limit=3)


def close_book(note=""):
    """Prints the book; call it once everything is exported."""
    book["note"] = note or book["note"]
    print("\n" + json.dumps(book), flush=True)


class Hooks:
    """What a library wants around a turn and around a tool; both are context managers."""

    def turn(self, question):
        return contextlib.nullcontext()

    def tool(self, name, arguments, call_id):
        return contextlib.nullcontext()


def run_tool(hooks, name, arguments, call_id):
    """Runs a tool that the model asked for and returns what to tell the model. Errors are told, not raised."""
    try:
        given = arguments if isinstance(arguments, dict) else json.loads(arguments)
    except ValueError:
        return "Error: arguments are no JSON"
    try:
        with hooks.tool(name, given, call_id):
            return TOOLS[name](**given)
    except SilentStation as err:
        return f"Error: {err}"


def play(hooks=None, clients=None):
    """Plays the scenario over the API's own client. clients may hold wrapped ones, by API."""
    hooks = hooks or Hooks()
    loop = {"chat": ChatLoop, "responses": ResponsesLoop, "anthropic": AnthropicLoop, "gemini": GeminiLoop}[API]
    loop = loop(hooks, (clients or {}).get(API))
    for question in QUESTIONS:
        turn(play_turn, hooks, loop, question)


def play_turn(hooks, loop, question):
    with hooks.turn(question):
        loop.say(question)
        while loop.ask():
            pass


def openai_client():
    import openai

    return openai.OpenAI(base_url=f"{PROVIDER}/v1", api_key="none")


class ChatLoop:
    """A conversation over OpenAI's chat completions."""

    def __init__(self, hooks, client=None):
        self.hooks, self.client = hooks, client or openai_client()
        self.messages = [{"role": "system", "content": SYSTEM}]
        functions = [
            {"type": "function", "function": {"name": n, "description": f.__doc__, "parameters": ARGUMENTS}}
            for n, f in TOOLS.items()
        ]
        self.options = {"tools": functions} if with_tools() else {}

    def say(self, question):
        self.messages.append({"role": "user", "content": question})

    def ask(self):
        """Asks once and runs the tools that the model wants; says whether it wants to go on."""
        message = self.stream() if STREAMED else self.whole()
        self.messages.append(message)
        for call in message.get("tool_calls") or []:
            function = call["function"]
            result = run_tool(self.hooks, function["name"], function["arguments"], call["id"])
            self.messages.append({"role": "tool", "tool_call_id": call["id"], "content": result})
        return bool(message.get("tool_calls"))

    def whole(self):
        answer = self.client.chat.completions.create(model=MODEL, messages=self.messages, **self.options)
        message = answer.choices[0].message
        out = {"role": "assistant", "content": message.content or message.refusal or ""}
        if message.tool_calls:
            out["tool_calls"] = [
                {"id": c.id, "type": "function", "function": {"name": c.function.name, "arguments": c.function.arguments}}
                for c in message.tool_calls
            ]
        return out

    def stream(self):
        out, calls = {"role": "assistant", "content": ""}, {}
        chunks = self.client.chat.completions.create(
            model=MODEL, messages=self.messages, stream=True, stream_options={"include_usage": True}, **self.options
        )
        for chunk in chunks:
            for choice in chunk.choices:
                out["content"] += choice.delta.content or ""
                for c in choice.delta.tool_calls or []:
                    function = {"name": c.function.name, "arguments": c.function.arguments}
                    calls[c.index] = {"id": c.id, "type": "function", "function": function}
        return out | {"tool_calls": list(calls.values())} if calls else out


class ResponsesLoop:
    """A conversation over OpenAI's responses, with the whole input sent each time."""

    def __init__(self, hooks, client=None):
        self.hooks, self.client, self.input = hooks, client or openai_client(), []
        functions = [
            {"type": "function", "name": n, "description": f.__doc__, "parameters": ARGUMENTS, "strict": False}
            for n, f in TOOLS.items()
        ]
        self.options = {"tools": functions} if with_tools() else {}

    def say(self, question):
        self.input.append({"role": "user", "content": question})

    def ask(self):
        response = self.respond()
        calls = [item for item in response.output if item.type == "function_call"]
        for item in response.output:
            self.input.append(item.model_dump(exclude_none=True, mode="json"))
        for call in calls:
            result = run_tool(self.hooks, call.name, call.arguments, call.call_id)
            self.input.append({"type": "function_call_output", "call_id": call.call_id, "output": result})
        return bool(calls)

    def respond(self):
        options = {"model": MODEL, "input": self.input, "instructions": SYSTEM} | self.options
        if not STREAMED:
            return self.client.responses.create(**options)
        last = None
        for event in self.client.responses.create(stream=True, **options):
            last = getattr(event, "response", last)
        return last


class AnthropicLoop:
    """A conversation over Anthropic's messages."""

    def __init__(self, hooks, client=None):
        import anthropic

        self.hooks, self.messages = hooks, []
        self.client = client or anthropic.Anthropic(base_url=PROVIDER, api_key="none")
        functions = [{"name": n, "description": f.__doc__, "input_schema": ARGUMENTS} for n, f in TOOLS.items()]
        self.options = {"tools": functions} if with_tools() else {}

    def say(self, question):
        self.messages.append({"role": "user", "content": question})

    def ask(self):
        message = self.respond()
        self.messages.append({"role": "assistant", "content": [b.model_dump(exclude_none=True) for b in message.content]})
        results = [
            {"type": "tool_result", "tool_use_id": b.id, "content": run_tool(self.hooks, b.name, b.input, b.id)}
            for b in message.content
            if b.type == "tool_use"
        ]
        if results:
            self.messages.append({"role": "user", "content": results})
        elif SCRIPT == "cache" and len(self.messages) == 2:
            self.say("And again?")
            return True
        return bool(results)

    def respond(self):
        system = [{"type": "text", "text": SYSTEM, "cache_control": {"type": "ephemeral"}}] if SCRIPT == "cache" else SYSTEM
        options = {"model": MODEL, "max_tokens": 1000, "system": system, "messages": self.messages} | self.options
        if not STREAMED:
            return self.client.messages.create(**options)
        with self.client.messages.stream(**options) as stream:
            return stream.get_final_message()


class GeminiLoop:
    """A conversation over Gemini's generateContent."""

    def __init__(self, hooks, client=None):
        from google import genai

        self.hooks, self.contents, self.genai = hooks, [], genai
        options = genai.types.HttpOptions(base_url=PROVIDER)
        self.client = client or genai.Client(api_key="none", vertexai=False, http_options=options)

    def say(self, question):
        types = self.genai.types
        self.contents.append(types.Content(role="user", parts=[types.Part(text=question)]))

    def ask(self):
        types = self.genai.types
        content = self.respond()
        self.contents.append(content)
        results = []
        for call in [p.function_call for p in content.parts or [] if p.function_call]:
            result = run_tool(self.hooks, call.name, dict(call.args), call.id or "")
            results.append(types.Part.from_function_response(name=call.name, response={"result": result}))
        if results:
            self.contents.append(types.Content(role="user", parts=results))
        return bool(results)

    def config(self):
        types = self.genai.types
        functions = [
            types.FunctionDeclaration(name=n, description=f.__doc__, parameters_json_schema=ARGUMENTS) for n, f in TOOLS.items()
        ]
        tools = [types.Tool(function_declarations=functions)] if with_tools() else None
        return types.GenerateContentConfig(system_instruction=SYSTEM, tools=tools)

    def respond(self):
        types = self.genai.types
        options = {"model": MODEL, "contents": self.contents, "config": self.config()}
        if not STREAMED:
            answer = self.client.models.generate_content(**options)
            return answer.candidates[0].content or types.Content(role="model", parts=[])
        parts = []
        for chunk in self.client.models.generate_content_stream(**options):
            parts += (chunk.candidates[0].content.parts or []) if chunk.candidates and chunk.candidates[0].content else []
        return types.Content(role="model", parts=parts)
