"""Strands Agents, with the spans that it writes itself."""

import agent
import otel
from strands import Agent, tool
from strands.models.openai import OpenAIModel

provider = otel.tracer_provider()


def main():
    model = OpenAIModel(client_args={"base_url": f"{agent.PROVIDER}/v1", "api_key": "none"}, model_id=agent.MODEL)
    support = Agent(
        name="support",
        model=model,
        system_prompt=agent.SYSTEM,
        tools=[tool(t) for t in agent.TOOLS.values()] if agent.with_tools() else [],
        callback_handler=None,
        trace_attributes={"session.id": agent.SESSION, "user.id": agent.USER, "tenant.id": agent.TENANT},
    )
    for question in agent.QUESTIONS:
        agent.turn(support, question)


agent.note_session()
main()
provider.shutdown()
agent.close_book()
