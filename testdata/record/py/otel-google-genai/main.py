"""OpenTelemetry's own instrumentation of Google's client."""

import agent
import otel
from opentelemetry.instrumentation.google_genai import GoogleGenAiSdkInstrumentor

provider, logs = otel.tracer_provider(), otel.logger_provider()
GoogleGenAiSdkInstrumentor().instrument(tracer_provider=provider, logger_provider=logs)
tracer = provider.get_tracer("support")


class Hooks(agent.Hooks):
    def turn(self, question):
        attributes = {"gen_ai.operation.name": "invoke_agent", "gen_ai.conversation.id": agent.SESSION, "user.id": agent.USER}
        return tracer.start_as_current_span("invoke_agent support", attributes=attributes)

    def tool(self, name, arguments, call_id):
        attributes = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": name}
        return tracer.start_as_current_span(f"execute_tool {name}", attributes=attributes)


agent.note_session()
agent.play(Hooks())
provider.shutdown()
logs.shutdown()
agent.close_book()
