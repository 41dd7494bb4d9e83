"""An application that writes its own spans with plain keys, as many do before they know of any convention: llm.call
and tool.NAME under agent.run, the money worked out by itself, user and tenant from baggage."""

import contextlib
import time
import types

import agent
import otel
from opentelemetry import baggage, context
from opentelemetry.trace import Status, StatusCode

USD_PER_1K = {"gpt-4o-mini": (0.00015, 0.0006)}

provider = otel.tracer_provider()
tracer = provider.get_tracer("production-agent")


@contextlib.contextmanager
def span(name, attributes):
    """A span with who it is for, OK at the end, with the exception if there was one."""
    with tracer.start_as_current_span(name, record_exception=False, set_status_on_exception=False) as current:
        for key in ("user.id", "tenant.id", "feature.name"):
            current.set_attribute(key, baggage.get_baggage(key) or "unknown")
        current.set_attributes(attributes)
        try:
            yield current
            current.set_status(Status(StatusCode.OK))
        except Exception as err:
            current.set_status(Status(StatusCode.ERROR, str(err)))
            current.record_exception(err)
            raise


class Completions:
    """The client's chat completions, with a span around each."""

    def __init__(self, client):
        self.completions = client.chat.completions

    def create(self, model, messages, **options):
        with span("llm.call", {"llm.model": model, "llm.message_count": len(messages)}) as current:
            answer = self.completions.create(model=model, messages=messages, **options)
            asked, told = answer.usage.prompt_tokens, answer.usage.completion_tokens
            per_input, per_output = USD_PER_1K[model]
            current.set_attribute("llm.input_tokens", asked)
            current.set_attribute("llm.output_tokens", told)
            current.set_attribute("llm.cost_usd", round(asked / 1000 * per_input + told / 1000 * per_output, 6))
            current.set_attribute("llm.finish_reason", answer.choices[0].finish_reason)
            return answer


class Hooks(agent.Hooks):
    @contextlib.contextmanager
    def turn(self, question):
        known = context.get_current()
        for key, value in {"user.id": agent.USER, "tenant.id": agent.TENANT, "feature.name": "chat"}.items():
            known = baggage.set_baggage(key, value, context=known)
        token = context.attach(known)
        try:
            with span("agent.run", {"agent.query": question[:200]}):
                if agent.SCRIPT == "retrieval":
                    self.retrieve()
                yield
        finally:
            context.detach(token)

    def retrieve(self):
        with span("retrieval.search", {"retrieval.top_score": 0.42, "retrieval.k": 2}):
            pass

    @contextlib.contextmanager
    def tool(self, name, arguments, call_id):
        with span(f"tool.{name}", {"tool.name": name, "tool.input_keys": list(arguments)}) as current:
            start = time.perf_counter()
            try:
                yield
                current.set_attribute("tool.result_type", "str")
            finally:
                current.set_attribute("tool.duration_ms", round((time.perf_counter() - start) * 1000, 2))


class Client:
    """As much of the client as the agent uses."""

    def __init__(self, client):
        self.chat = types.SimpleNamespace(completions=Completions(client))


agent.note_session(session="")
agent.play(Hooks(), {"chat": Client(agent.openai_client())})
provider.shutdown()
agent.close_book()
