"""The provider's answers as the bytes of each API: OpenAI chat and responses, Anthropic messages, Gemini."""

import json

CREATED = 1_760_000_000

RESPONSE_MODELS = {
    "gpt-4o-mini": "gpt-4o-mini-2024-07-18",
    "claude-sonnet-4-5": "claude-sonnet-4-5-20250929",
}


def named(model):
    """The model as the provider names it in its answer."""
    return RESPONSE_MODELS.get(model, model)


def event(doc, name=None):
    """One server-sent event."""
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(doc)}\n\n"


class Chat:
    """OpenAI chat completions."""

    FINISH = {"tool_call": "tool_calls", "refusal": "stop"}

    def __init__(self, request, answer, ident):
        self.answer, self.ident = answer, ident
        self.model = named(request["model"])
        self.with_usage = (request.get("stream_options") or {}).get("include_usage", False)

    def finish(self):
        return self.FINISH.get(self.answer.finish, self.answer.finish)

    def calls(self):
        return [
            {"id": f"call_{self.ident}_{i}", "type": "function", "function": {"name": c.name, "arguments": c.arguments}}
            for i, c in enumerate(self.answer.calls)
        ]

    def message(self):
        a = self.answer
        message = {"role": "assistant", "content": a.text or None, "refusal": None}
        if a.finish == "refusal":
            message |= {"content": None, "refusal": a.text}
        if a.calls:
            message["tool_calls"] = self.calls()
        return message

    def usage(self):
        a = self.answer
        return {
            "prompt_tokens": a.input, "completion_tokens": a.output, "total_tokens": a.input + a.output,
            "prompt_tokens_details": {"cached_tokens": a.cached, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": a.reasoning, "audio_tokens": 0},
        }

    def head(self, kind):
        return {"id": f"chatcmpl-{self.ident}", "object": kind, "created": CREATED, "model": self.model}

    def whole(self):
        choice = {"index": 0, "message": self.message(), "finish_reason": self.finish(), "logprobs": None}
        return self.head("chat.completion") | {"choices": [choice], "usage": self.usage()}

    def chunk(self, delta, finish=None):
        choices = [{"index": 0, "delta": delta, "finish_reason": finish}]
        return event(self.head("chat.completion.chunk") | {"choices": choices})

    def stream(self):
        a = self.answer
        key = "refusal" if a.finish == "refusal" else "content"
        yield self.chunk({"role": "assistant", "content": ""})
        for word in a.text.split():
            yield self.chunk({key: word + " "})
        for i, call in enumerate(self.calls()):
            yield self.chunk({"tool_calls": [call | {"index": i}]})
        yield self.chunk({}, self.finish())
        if self.with_usage:
            yield event(self.head("chat.completion.chunk") | {"choices": [], "usage": self.usage()})
        yield "data: [DONE]\n\n"


class Responses:
    """OpenAI responses."""

    WHY = {"length": "max_output_tokens", "content_filter": "content_filter"}

    def __init__(self, request, answer, ident):
        self.answer, self.ident = answer, ident
        self.model = named(request["model"])

    def finish(self):
        return "incomplete" if self.answer.finish in self.WHY else "completed"

    def items(self):
        a = self.answer
        if a.calls:
            return [
                {"id": f"fc_{self.ident}_{i}", "type": "function_call", "status": "completed",
                 "call_id": f"call_{self.ident}_{i}", "name": c.name, "arguments": c.arguments}
                for i, c in enumerate(a.calls)
            ]
        part = {"type": "output_text", "text": a.text, "annotations": [], "logprobs": []}
        if a.finish == "refusal":
            part = {"type": "refusal", "refusal": a.text}
        return [{"id": f"msg_{self.ident}", "type": "message", "role": "assistant", "status": "completed", "content": [part]}]

    def response(self, status, output):
        a = self.answer
        why = self.WHY.get(a.finish) if status == "incomplete" else None
        done = status != "in_progress"
        return {
            "id": f"resp_{self.ident}", "object": "response", "created_at": CREATED, "status": status,
            "model": self.model, "output": output, "error": None, "instructions": None, "metadata": {},
            "incomplete_details": {"reason": why} if why else None, "parallel_tool_calls": True,
            "temperature": 1.0, "top_p": 1.0, "tool_choice": "auto", "tools": [],
            "usage": {
                "input_tokens": a.input, "input_tokens_details": {"cached_tokens": a.cached, "cache_write_tokens": 0},
                "output_tokens": a.output, "output_tokens_details": {"reasoning_tokens": a.reasoning},
                "total_tokens": a.input + a.output,
            } if done else None,
        }

    def whole(self):
        return self.response(self.finish(), self.items())

    def stream(self):
        sequence = iter(range(1_000_000))

        def send(kind, /, **fields):
            return event({"type": kind, "sequence_number": next(sequence)} | fields, kind)

        yield send("response.created", response=self.response("in_progress", []))
        for i, item in enumerate(self.items()):
            at = {"item_id": item["id"], "output_index": i}
            if item["type"] == "function_call":
                yield send("response.output_item.added", output_index=i, item=item | {"arguments": "", "status": "in_progress"})
                yield send("response.function_call_arguments.delta", **at, delta=item["arguments"])
                yield send("response.function_call_arguments.done", **at, arguments=item["arguments"], name=item["name"])
            else:
                yield from self.stream_part(send, item, at | {"content_index": 0})
            yield send("response.output_item.done", output_index=i, item=item)
        status = self.finish()
        yield send(f"response.{status}", response=self.whole())

    def stream_part(self, send, item, at):
        part = item["content"][0]
        kind, key = ("refusal", "refusal") if part["type"] == "refusal" else ("output_text", "text")
        more = {} if kind == "refusal" else {"logprobs": []}
        yield send("response.output_item.added", output_index=at["output_index"], item=item | {"content": [], "status": "in_progress"})
        yield send("response.content_part.added", **at, part=part | {key: ""})
        for word in part[key].split():
            yield send(f"response.{kind}.delta", **at, delta=word + " ", **more)
        yield send(f"response.{kind}.done", **at, **{key: part[key]}, **more)
        yield send("response.content_part.done", **at, part=part)


class Anthropic:
    """Anthropic messages. Its input_tokens exclude what the cache was asked for and given."""

    FINISH = {
        "stop": "end_turn", "length": "max_tokens", "tool_call": "tool_use", "refusal": "refusal", "content_filter": "refusal",
    }

    def __init__(self, request, answer, ident):
        self.answer, self.ident = answer, ident
        self.model = named(request["model"])

    def finish(self):
        return self.FINISH[self.answer.finish]

    def usage(self):
        a = self.answer
        return {
            "input_tokens": a.input - a.cached - a.cache_write, "output_tokens": a.output,
            "cache_read_input_tokens": a.cached, "cache_creation_input_tokens": a.cache_write,
            "cache_creation": {"ephemeral_5m_input_tokens": a.cache_write, "ephemeral_1h_input_tokens": 0},
            "service_tier": "standard",
        }

    def content(self):
        if self.answer.calls:
            return [
                {"type": "tool_use", "id": f"toolu_{self.ident}_{i}", "name": c.name, "input": json.loads(c.arguments)}
                for i, c in enumerate(self.answer.calls)
            ]
        return [{"type": "text", "text": self.answer.text}] if self.answer.text else []

    def message(self, content, stop, usage):
        return {
            "id": f"msg_{self.ident}", "type": "message", "role": "assistant", "model": self.model, "content": content,
            "stop_reason": stop, "stop_sequence": None, "usage": usage,
        }

    def whole(self):
        return self.message(self.content(), self.finish(), self.usage())

    def stream(self):
        def send(name, **fields):
            return event({"type": name} | fields, name)

        yield send("message_start", message=self.message([], None, self.usage() | {"output_tokens": 1}))
        for i, block in enumerate(self.content()):
            if block["type"] == "text":
                yield send("content_block_start", index=i, content_block={"type": "text", "text": ""})
                for word in block["text"].split():
                    yield send("content_block_delta", index=i, delta={"type": "text_delta", "text": word + " "})
            else:
                yield send("content_block_start", index=i, content_block=block | {"input": {}})
                arguments = json.dumps(block["input"])
                yield send("content_block_delta", index=i, delta={"type": "input_json_delta", "partial_json": arguments})
            yield send("content_block_stop", index=i)
        delta = {"stop_reason": self.finish(), "stop_sequence": None}
        yield send("message_delta", delta=delta, usage={"output_tokens": self.answer.output})
        yield send("message_stop")


class Gemini:
    """Gemini generateContent. candidatesTokenCount excludes the thoughts."""

    FINISH = {
        "stop": "STOP", "length": "MAX_TOKENS", "tool_call": "STOP", "content_filter": "SAFETY", "refusal": "PROHIBITED_CONTENT",
    }

    def __init__(self, request, answer, ident):
        self.answer, self.ident = answer, ident
        self.model = request["model"]

    def finish(self):
        return self.FINISH[self.answer.finish]

    def usage(self):
        a = self.answer
        usage = {
            "promptTokenCount": a.input, "candidatesTokenCount": a.output - a.reasoning, "totalTokenCount": a.input + a.output,
        }
        if a.cached:
            usage["cachedContentTokenCount"] = a.cached
        if a.reasoning:
            usage["thoughtsTokenCount"] = a.reasoning
        return usage

    def parts(self):
        if self.answer.calls:
            return [{"functionCall": {"name": c.name, "args": json.loads(c.arguments)}} for c in self.answer.calls]
        return [{"text": self.answer.text}] if self.answer.text else []

    def document(self, parts, **more):
        candidate = {"content": {"role": "model", "parts": parts}, "index": 0}
        doc = {"candidates": [candidate], "modelVersion": self.model, "responseId": f"gem-{self.ident}"}
        if more:
            candidate["finishReason"] = self.finish()
            doc["usageMetadata"] = self.usage()
        return doc

    def whole(self):
        return self.document(self.parts(), last=True)

    def stream(self):
        parts = self.parts()
        for part in parts[:-1]:
            yield event(self.document([part]))
        yield event(self.document(parts[-1:], last=True))
