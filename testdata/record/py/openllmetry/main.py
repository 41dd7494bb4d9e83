"""OpenLLMetry through Traceloop's SDK: its decorators around the agent, its instrumentations of the clients."""

import agent
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from traceloop.sdk import Traceloop
from traceloop.sdk.decorators import agent as as_agent
from traceloop.sdk.decorators import tool as as_tool
from traceloop.sdk.decorators import workflow
from traceloop.sdk.instruments import Instruments

Traceloop.init(
    app_name="support-agent",
    exporter=OTLPSpanExporter(),
    telemetry_enabled=False,
    traceloop_sync_enabled=False,
    instruments={Instruments.OPENAI, Instruments.ANTHROPIC},
)
Traceloop.set_association_properties({"session_id": agent.SESSION, "user_id": agent.USER, "customer_id": agent.TENANT})


class Loops:
    """Decorated functions stand in for context managers: Traceloop has nothing else."""

    def __init__(self):
        decorated = {name: as_tool(name=name)(function) for name, function in agent.TOOLS.items()}
        agent.TOOLS.update(decorated)

    @workflow(name="support")
    def turn(self, loop, question):
        self.act(loop, question)

    @as_agent(name="triage")
    def act(self, loop, question):
        agent.play_turn(agent.Hooks(), loop, question)


def main():
    loops = Loops()
    kinds = {"chat": agent.ChatLoop, "responses": agent.ResponsesLoop, "anthropic": agent.AnthropicLoop}
    loop = kinds[agent.API](agent.Hooks())
    for question in agent.QUESTIONS:
        agent.turn(loops.turn, loop, question)


agent.note_session()
main()
trace.get_tracer_provider().shutdown()
agent.close_book()
