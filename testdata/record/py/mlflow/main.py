"""MLflow's autologging of the OpenAI client, exported by OTLP."""

import os

import agent

os.environ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] = f"{agent.OTLP}/v1/traces"

import mlflow  # noqa: E402

mlflow.openai.autolog()


class Hooks(agent.Hooks):
    def turn(self, question):
        return mlflow.start_span(name="support", span_type="AGENT")

    def tool(self, name, arguments, call_id):
        return mlflow.start_span(name=name, span_type="TOOL")


agent.note_session(session="", user="")
agent.play(Hooks())
mlflow.flush_trace_async_logging(terminate=True)
agent.close_book()
