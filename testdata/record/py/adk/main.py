"""Google's Agent Development Kit, with the spans that it writes itself."""

import asyncio
import os

import agent

os.environ |= {"GOOGLE_API_KEY": "none", "GOOGLE_GEMINI_BASE_URL": agent.PROVIDER}

import otel  # noqa: E402
from google.adk.agents import Agent  # noqa: E402
from google.adk.runners import InMemoryRunner  # noqa: E402
from google.genai import types  # noqa: E402

provider = otel.tracer_provider()


def weather(city: str) -> dict:
    """Tell the weather in a city."""
    try:
        return {"status": "success", "weather": agent.weather(city)}
    except agent.SilentStation as err:
        return {"status": "error", "error": str(err)}


def population(city: str) -> dict:
    """Tell how many people live in a city."""
    return {"status": "success", "population": agent.population(city)}


async def run(runner, question):
    message = types.Content(role="user", parts=[types.Part(text=question)])
    async for _ in runner.run_async(user_id=agent.USER, session_id=agent.SESSION, new_message=message):
        pass


async def main():
    tools = [weather, population] if agent.with_tools() else []
    support = Agent(name="support", model=agent.MODEL, instruction=agent.SYSTEM, tools=tools)
    runner = InMemoryRunner(agent=support, app_name="support")
    await runner.session_service.create_session(app_name="support", user_id=agent.USER, session_id=agent.SESSION)
    for question in agent.QUESTIONS:
        await agent.aturn(run, runner, question)


agent.note_session()
asyncio.run(main())
provider.shutdown()
agent.close_book()
