"""OpenInference's instrumentations of the OpenAI, Anthropic and Google clients, in an agent of the application's own."""

import agent
import otel
from openinference.instrumentation import OITracer, TraceConfig, using_attributes

if agent.API == "anthropic":
    from openinference.instrumentation.anthropic import AnthropicInstrumentor as Instrumentor
elif agent.API == "gemini":
    from openinference.instrumentation.google_genai import GoogleGenAIInstrumentor as Instrumentor
else:
    from openinference.instrumentation.openai import OpenAIInstrumentor as Instrumentor

provider = otel.tracer_provider()
Instrumentor().instrument(tracer_provider=provider)
tracer = OITracer(provider.get_tracer("support"), TraceConfig())


class Hooks(agent.Hooks):
    def turn(self, question):
        return tracer.start_as_current_span("support", openinference_span_kind="agent")

    def tool(self, name, arguments, call_id):
        return tracer.start_as_current_span(name, openinference_span_kind="tool", attributes={"tool.name": name})


agent.note_session()
with using_attributes(session_id=agent.SESSION, user_id=agent.USER, metadata={"tenant": agent.TENANT}, tags=["beta"]):
    agent.play(Hooks())
provider.shutdown()
agent.close_book()
