"""OpenLLMetry's instrumentation of LangChain, with the same agent as openinference-langchain."""

import pathlib
import runpy

import agent
import otel
from opentelemetry.instrumentation.langchain import LangchainInstrumentor

provider = otel.tracer_provider()
LangchainInstrumentor().instrument(tracer_provider=provider)
program = pathlib.Path(__file__).parents[1] / "openinference-langchain" / "main.py"
agent.note_session()
runpy.run_path(str(program))["main"]()
provider.shutdown()
agent.close_book()
