"""OpenLIT around the clients of OpenAI and Anthropic, with its own manual spans around the agent."""

import pathlib

import agent
import openlit
from opentelemetry import trace

openlit.init(
    otlp_endpoint=agent.OTLP,
    application_name="support-agent",
    environment="test",
    disable_metrics=True,
    pricing_json=str(pathlib.Path(__file__).with_name("pricing.json")),  # else it is fetched at every start
)


class Hooks(agent.Hooks):
    def turn(self, question):
        return openlit.start_trace("support")

    def tool(self, name, arguments, call_id):
        return openlit.start_trace(name)


agent.note_session()
with openlit.using_attributes({"session.id": agent.SESSION, "user.id": agent.USER, "tenant": agent.TENANT}):
    agent.play(Hooks())
trace.get_tracer_provider().shutdown()
agent.close_book()
