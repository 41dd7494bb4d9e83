"""CrewAI with OpenInference's instrumentations of it and of the OpenAI client below it."""

import agent
import otel
from openinference.instrumentation import using_attributes
from openinference.instrumentation.crewai import CrewAIInstrumentor
from openinference.instrumentation.openai import OpenAIInstrumentor

provider = otel.tracer_provider()
CrewAIInstrumentor().instrument(tracer_provider=provider)
OpenAIInstrumentor().instrument(tracer_provider=provider)

from crewai import LLM, Agent, Crew, Task  # noqa: E402
from crewai.tools import tool  # noqa: E402


def kickoff(question):
    llm = LLM(model=f"openai/{agent.MODEL}", base_url=f"{agent.PROVIDER}/v1", api_key="none", stream=agent.STREAMED)
    tools = [tool(name)(function) for name, function in agent.TOOLS.items()] if agent.with_tools() else []
    support = Agent(role="support", goal="help", backstory=agent.SYSTEM, llm=llm, tools=tools, max_iter=6, verbose=False)
    task = Task(description=question, expected_output="an answer", agent=support)
    Crew(agents=[support], tasks=[task], verbose=False).kickoff()


agent.note_session()
with using_attributes(session_id=agent.SESSION, user_id=agent.USER):
    for each in agent.QUESTIONS:
        agent.turn(kickoff, each)
provider.shutdown()
agent.close_book()
