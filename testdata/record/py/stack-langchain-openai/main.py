"""Two of OpenInference's instrumentations on one agent: of LangChain, and of the OpenAI client below it. Each call of
the model is written twice."""

import pathlib
import runpy

import agent
import otel
from openinference.instrumentation.langchain import LangChainInstrumentor
from openinference.instrumentation.openai import OpenAIInstrumentor

provider = otel.tracer_provider()
LangChainInstrumentor().instrument(tracer_provider=provider)
OpenAIInstrumentor().instrument(tracer_provider=provider)
program = pathlib.Path(__file__).parents[1] / "openinference-langchain" / "main.py"
agent.note_session()
runpy.run_path(str(program))["main"]()
provider.shutdown()
agent.close_book()
