"""The successor of OpenTelemetry's instrumentation of the OpenAI client, from the repository of the GenAI conventions. No agent is known to it:
the application's turns and tools are plain spans with the conventions' keys."""

import agent
import otel
from opentelemetry.instrumentation.genai.openai import OpenAIInstrumentor

provider, logs = otel.tracer_provider(), otel.logger_provider()
OpenAIInstrumentor().instrument(tracer_provider=provider, logger_provider=logs)
tracer = provider.get_tracer("support")


class Hooks(agent.Hooks):
    def turn(self, question):
        attributes = {
            "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "support",
            "gen_ai.conversation.id": agent.SESSION, "user.id": agent.USER,
        }
        return tracer.start_as_current_span("invoke_agent support", attributes=attributes)

    def tool(self, name, arguments, call_id):
        attributes = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": name, "gen_ai.tool.call.id": call_id}
        return tracer.start_as_current_span(f"execute_tool {name}", attributes=attributes)


agent.note_session()
agent.play(Hooks())
provider.shutdown()
logs.shutdown()
agent.close_book()
