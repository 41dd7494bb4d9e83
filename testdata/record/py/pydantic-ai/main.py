"""Pydantic AI with Logfire, which exports nowhere but to where the environment says."""

import agent
import logfire
from pydantic_ai import Agent, ModelRetry

logfire.configure(send_to_logfire=False, console=False, metrics=False)
logfire.instrument_pydantic_ai()


def model():
    if agent.API == "anthropic":
        from pydantic_ai.models.anthropic import AnthropicModel
        from pydantic_ai.providers.anthropic import AnthropicProvider

        return AnthropicModel(agent.MODEL, provider=AnthropicProvider(base_url=agent.PROVIDER, api_key="none"))
    if agent.API == "gemini":
        from pydantic_ai.models.google import GoogleModel
        from pydantic_ai.providers.google import GoogleProvider

        return GoogleModel(agent.MODEL, provider=GoogleProvider(base_url=agent.PROVIDER, api_key="none"))
    from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
    from pydantic_ai.providers.openai import OpenAIProvider

    kind = OpenAIResponsesModel if agent.API == "responses" else OpenAIChatModel
    return kind(agent.MODEL, provider=OpenAIProvider(base_url=f"{agent.PROVIDER}/v1", api_key="none"))


def weather(city: str) -> str:
    """Tell the weather in a city."""
    try:
        return agent.weather(city)
    except agent.SilentStation as err:
        raise ModelRetry(str(err)) from err


def run(support, question, history):
    options = {"message_history": history, "conversation_id": agent.SESSION, "metadata": {"tenant": agent.TENANT}}
    if agent.STREAMED:
        result = support.run_stream_sync(question, **options)
        result.get_output()
        return result.all_messages()
    return support.run_sync(question, **options).all_messages()


def main():
    tools = [weather, agent.population] if agent.with_tools() else []
    support = Agent(model(), name="support", instructions=agent.SYSTEM, tools=tools, retries=5)
    history = []
    for question in agent.QUESTIONS:
        history = agent.turn(run, support, question, history) or history


agent.note_session(user="")
main()
logfire.shutdown()
agent.close_book()
