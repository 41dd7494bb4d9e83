"""A small agent, instrumented with OpenLLMetry.

It plays each scenario named in SCENARIOS (comma-separated) RUNS times, and exports every span twice over
OTLP/gRPC: to OTLP_ENDPOINT, the program under test, and to CONTROL_ENDPOINT, which keeps all. Stdout is one JSON
line a run, once everything has been delivered: {"scenario", "trace_id", "session", "spans"}.
"""

import collections
import json
import os
import time
import uuid

from openai import OpenAI
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.openai import OpenAIInstrumentor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Status, StatusCode

MODEL = "gpt-4o-mini"
TOOL = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather in a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}


class Counter(SpanProcessor):
    """Counts the ended spans of each trace."""

    def __init__(self):
        self.spans = collections.Counter()

    def on_end(self, span):
        self.spans[span.context.trace_id] += 1


def exporter_to(endpoint):
    return BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint, insecure=True), schedule_delay_millis=200)


counter = Counter()
provider = TracerProvider(resource=Resource.create({"service.name": "e2e-python", "deployment.environment": "test"}))
provider.add_span_processor(counter)
provider.add_span_processor(exporter_to(os.environ["OTLP_ENDPOINT"]))
provider.add_span_processor(exporter_to(os.environ["CONTROL_ENDPOINT"]))
trace.set_tracer_provider(provider)
OpenAIInstrumentor().instrument(tracer_provider=provider)

openai = OpenAI(base_url=os.environ["PROVIDER_URL"], api_key="none", max_retries=0)
tracer = trace.get_tracer("e2e-agent", "1.0.0")


def say(text):
    return [{"role": "system", "content": "You are brief."}, {"role": "user", "content": text}]


def ask(text, **more):
    return openai.chat.completions.create(model=MODEL, messages=say(text), **more)


def healthy(root):
    for _ in ask("answer", stream=True, stream_options={"include_usage": True}):
        pass
    root.set_status(Status(StatusCode.OK))


def with_tool(run):
    """Asks, runs the tool that the model calls for, and asks again with its result."""
    messages = say("tool")
    first = openai.chat.completions.create(model=MODEL, messages=messages, tools=[TOOL])
    message = first.choices[0].message
    attributes = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "weather"}
    result = "Error: no answer"
    try:
        with tracer.start_as_current_span("execute_tool weather", attributes=attributes):
            result = run()
    except RuntimeError:
        pass  # the span has it; the model is told
    messages += [
        message.model_dump(exclude_none=True),
        {"role": "tool", "tool_call_id": message.tool_calls[0].id, "content": result},
    ]
    openai.chat.completions.create(model=MODEL, messages=messages, tools=[TOOL])


def no_station():
    raise RuntimeError("the station does not answer")


def waiting(root):
    ask("wait")
    with_tool(no_station)


def probe(root):
    ask("answer")
    root.set_status(Status(StatusCode.ERROR))


def filtered(root):
    root.set_attribute("app.keep", True)
    ask("filter")


SCENARIOS = {
    "healthy": healthy,
    "tool": lambda root: with_tool(lambda: "12 degrees"),
    "tool_error": lambda root: with_tool(no_station),
    "provider_down": lambda root: ask("fail"),
    "costly": lambda root: ask("costly"),
    "waiting": waiting,
    "slow": lambda root: ask("answer"),
    "probe": probe,
    "filtered": filtered,
}


def play(scenario):
    """Plays one run. A slow one is written down as having taken three minutes."""
    session = f"python-{uuid.uuid4()}"
    now = time.time_ns()
    root = tracer.start_span(
        "healthcheck" if scenario == "probe" else "agent.run",
        start_time=now - 180_000_000_000 if scenario == "slow" else now,
        attributes={"session.id": session, "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "e2e"},
    )
    try:
        with trace.use_span(root, end_on_exit=False, record_exception=True, set_status_on_exception=True):
            SCENARIOS[scenario](root)
    except Exception:  # the root has it
        pass
    root.end()
    return {"scenario": scenario, "session": session, "trace": root.get_span_context().trace_id}


runs = [play(s) for s in os.environ["SCENARIOS"].split(",") for _ in range(int(os.environ["RUNS"]))]
provider.shutdown()
for run in runs:
    trace_id = run.pop("trace")
    print(json.dumps({**run, "trace_id": f"{trace_id:032x}", "spans": counter.spans[trace_id]}))
