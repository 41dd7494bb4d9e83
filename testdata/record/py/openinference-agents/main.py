"""OpenInference's instrumentation of the OpenAI Agents SDK."""

import asyncio

import agent
import otel
from agents import (
    Agent, GuardrailFunctionOutput, InputGuardrail, Runner, function_tool, set_default_openai_api, set_default_openai_client, trace,
)
from openai import AsyncOpenAI
from openinference.instrumentation import using_session
from openinference.instrumentation.openai_agents import OpenAIAgentsInstrumentor

provider = otel.tracer_provider()
OpenAIAgentsInstrumentor().instrument(tracer_provider=provider)
set_default_openai_client(AsyncOpenAI(base_url=f"{agent.PROVIDER}/v1", api_key="none"), use_for_tracing=False)
set_default_openai_api("responses" if agent.API == "responses" else "chat_completions")


async def no_weather(context, asked, given):
    """A guardrail that lets nothing through."""
    return GuardrailFunctionOutput(output_info="no weather today", tripwire_triggered=True)


def support():
    expert = Agent(name="expert", instructions=agent.SYSTEM, model=agent.MODEL)
    return Agent(
        name="support",
        instructions=agent.SYSTEM,
        model=agent.MODEL,
        tools=[function_tool(t) for t in agent.TOOLS.values()] if agent.with_tools() else [],
        handoffs=[expert] if agent.SCRIPT == "handoff" else [],
        input_guardrails=[InputGuardrail(guardrail_function=no_weather)] if agent.SCRIPT == "guardrail" else [],
    )


async def run(running, history):
    with trace("support run", group_id=agent.SESSION), using_session(agent.SESSION):
        if not agent.STREAMED:
            return (await Runner.run(running, history)).to_input_list()
        result = Runner.run_streamed(running, history)
        async for _ in result.stream_events():
            pass
        return result.to_input_list()


async def main():
    history, running = [], support()
    for question in agent.QUESTIONS:
        history = await agent.aturn(run, running, [*(history or []), {"role": "user", "content": question}])


agent.note_session(user="")
asyncio.run(main())
provider.shutdown()
agent.close_book()
