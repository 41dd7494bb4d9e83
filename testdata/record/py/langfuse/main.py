"""Langfuse's SDK around the agent and its wrapper of the OpenAI client."""

import agent
from langfuse import Langfuse, propagate_attributes
from langfuse.openai import OpenAI

langfuse = Langfuse(public_key="pk-none", secret_key="sk-none", base_url=agent.OTLP, environment="test", release="1.2.3")


class Hooks(agent.Hooks):
    def turn(self, question):
        return langfuse.start_as_current_observation(name="support", as_type="agent", input=question)

    def tool(self, name, arguments, call_id):
        return langfuse.start_as_current_observation(name=name, as_type="tool", input=arguments)


class RetrievalHooks(Hooks):
    """A retriever and a guardrail before the model is asked."""

    def turn(self, question):
        return self

    def __enter__(self):
        self.around = super().turn(agent.QUESTIONS[0])
        self.around.__enter__()
        with langfuse.start_as_current_observation(name="search", as_type="retriever", input="Paris") as found:
            found.update(output=[{"id": "doc-1", "score": 0.42}])
        with langfuse.start_as_current_observation(name="safety", as_type="guardrail", input="Paris") as checked:
            checked.update(output={"triggered": False})

    def __exit__(self, *error):
        return self.around.__exit__(*error)


agent.note_session()
client = OpenAI(base_url=f"{agent.PROVIDER}/v1", api_key="none")
with propagate_attributes(
    session_id=agent.SESSION, user_id=agent.USER, tags=["beta"], metadata={"tenant": agent.TENANT}, trace_name="support"
):
    agent.play(RetrievalHooks() if agent.SCRIPT == "retrieval" else Hooks(), {"chat": client, "responses": client})
langfuse.shutdown()
agent.close_book()
