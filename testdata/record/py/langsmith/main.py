"""LangSmith's tracing of an application's own agent, exported through OpenTelemetry and nowhere else."""

import agent
import otel
from langsmith import Client, traceable, tracing_context
from langsmith.wrappers import wrap_openai

provider = otel.tracer_provider()
client = Client(api_url="http://127.0.0.1:1", api_key="none", otel_tracer_provider=provider)


def tool(name):
    function = agent.TOOLS[name]

    @traceable(run_type="tool", name=name, client=client)
    def run(city):
        return function(city)

    return run


agent.TOOLS.update({name: tool(name) for name in agent.TOOLS})


@traceable(run_type="chain", name="support", client=client)
def run(question, loop):
    loop.say(question)
    while loop.ask():
        pass


def main():
    wrapped = wrap_openai(agent.openai_client(), tracing_extra={"client": client})
    loop = (agent.ResponsesLoop if agent.API == "responses" else agent.ChatLoop)(agent.Hooks(), wrapped)
    extra = {"metadata": {"session_id": agent.SESSION, "user_id": agent.USER, "tenant": agent.TENANT}, "tags": ["beta"]}
    with tracing_context(enabled=True, client=client):
        for question in agent.QUESTIONS:
            agent.turn(lambda q: run(q, loop, langsmith_extra=extra), question)


agent.note_session()
main()
client.flush()
provider.shutdown()
agent.close_book()
