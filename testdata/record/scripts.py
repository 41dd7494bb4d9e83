"""What the provider answers in each scenario, whatever the API.

A script is the list of answers to one scenario's requests, in order; what is asked beyond its end gets LAST. The
numbers of tokens are distinctive, so that a search for one in a recording tells whether the library wrote it down.
"""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Call:
    """A tool call that the model asks for; arguments are JSON text, not always well-formed."""

    name: str
    arguments: str


@dataclasses.dataclass(frozen=True)
class Answer:
    """One answer. input includes cached and cache_write, output includes reasoning; counts are tokens."""

    text: str = ""
    calls: tuple[Call, ...] = ()
    finish: str = "stop"  # stop, length, content_filter, tool_call or refusal
    input: int = 0
    cached: int = 0
    cache_write: int = 0
    output: int = 0
    reasoning: int = 0
    status: int = 200


PARIS = '{"city":"Paris"}'


def ask(*calls, input, output):
    return Answer(calls=calls, finish="tool_call", input=input, output=output)


def weather(input, output):
    return ask(Call("weather", PARIS), input=input, output=output)


LIMITED = Answer(status=429)
DOWN = Answer(status=500)
LAST = Answer(text="Nothing to add.", input=311, output=13)

SCRIPTS = {
    "answer": [Answer(text="It is mild in Paris.", input=211, output=17)],
    "tool": [weather(223, 19), Answer(text="It is 12 degrees in Paris.", input=257, output=23)],
    "parallel": [
        ask(Call("weather", PARIS), Call("population", PARIS), input=227, output=37),
        Answer(text="12 degrees, two million people.", input=293, output=29),
    ],
    "tool_error": [weather(229, 19), Answer(text="The station is silent.", input=263, output=21)],
    "tool_loop": [
        weather(233, 19), weather(269, 19), weather(307, 19), Answer(text="I give up.", input=347, output=15),
    ],
    "bad_arguments": [
        ask(Call("weather", '{"city": "Par'), input=239, output=11),
        Answer(text="I could not ask.", input=271, output=25),
    ],
    "retry": [LIMITED, Answer(text="At the second attempt.", input=241, output=27)],
    "down": [DOWN] * 12,
    "refusal": [Answer(text="I cannot help with that.", finish="refusal", input=251, output=31)],
    "filter": [Answer(text="", finish="content_filter", input=277, output=3)],
    "length": [Answer(text="It is a long story that", finish="length", input=281, output=33)],
    "usage": [Answer(text="Thought through.", input=4099, cached=3072, output=739, reasoning=576)],
    "cache": [
        Answer(text="Written.", input=5003, cache_write=4096, output=41),
        Answer(text="Read.", input=5087, cached=4096, output=43),
    ],
    "session": [
        Answer(text="Good day.", input=213, output=7),
        weather(317, 19),
        Answer(text="It is 12 degrees.", input=353, output=47),
        Answer(text="You are welcome.", input=401, output=53),
    ],
    "retrieval": [Answer(text="The Seine.", input=283, output=35)],
    "handoff": [ask(Call("transfer_to_expert", "{}"), input=219, output=39), Answer(text="I know.", input=285, output=45)],
    "guardrail": [Answer(text="It is mild.", input=211, output=17)],
}

APIS = ("responses", "anthropic", "gemini")


def split(scenario):
    """Splits a scenario's name, [API_]SCRIPT[_stream], into (api, script, streamed)."""
    api, _, rest = scenario.partition("_")
    if api not in APIS:
        api, rest = "chat", scenario
    script = rest.removesuffix("_stream")
    if script not in SCRIPTS:
        raise ValueError(f"scenario {scenario}: no script {script!r}")
    return api, script, rest.endswith("_stream")
