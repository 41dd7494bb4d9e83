"""The truth about a recording: the provider's log and the client's own book, summed up."""

import re


def sum_up(served, book):
    """Returns the truth of one scenario. served is the provider's log; book is what the client counted."""
    calls = logical_calls(served)
    done = [call[-1] for call in calls if call[-1].answer.status == 200]
    return {
        "calls": len(calls),
        "retries": len(served) - len(calls),
        "errors": len(calls) - len(done),
        "tokens": {
            "input": sum(s.answer.input for s in done),
            "cached": sum(s.answer.cached for s in done),
            "cache_write": sum(s.answer.cache_write for s in done),
            "output": sum(s.answer.output for s in done),
            "reasoning": sum(s.answer.reasoning for s in done),
        },
        "tools": {
            "asked": sum(len(s.answer.calls) for s in done),
            "run": book["tools"]["run"],
            "errors": book["tools"]["errors"],
        },
        "finish_reasons": [s.finish for s in done],
        "refusals": sum(s.answer.finish == "refusal" for s in done),
        "models": sorted({s.model for s in served}),
        "response_models": sorted({s.response_model for s in done}),
        "sessions": book["sessions"],
        "user": book["user"],
        "turns": book["turns"],
        "failed_turns": book["failed"],
        "served": [line(s) for s in served],
        "note": book.get("note", ""),
    }


def logical_calls(served):
    """Groups requests into calls: the same request again, after an error, is another attempt at the same call."""
    calls = []
    for s in served:
        same = [c for c in calls if c[-1].attempt == s.attempt and c[-1].answer.status != 200]
        if same:
            same[-1].append(s)
        else:
            calls.append([s])
    return calls


def line(s):
    a = s.answer
    if a.status != 200:
        return {"api": s.api, "model": s.model, "status": a.status}
    return {
        "api": s.api, "model": s.model, "status": a.status, "streamed": s.streamed, "id": s.id, "finish": s.finish,
        "input": a.input, "cached": a.cached, "cache_write": a.cache_write, "output": a.output, "reasoning": a.reasoning,
        "tools": [c.name for c in a.calls],
    }


SAID = {
    "stop": {"stop", "STOP", "end_turn", "completed"},
    "length": {"length", "max_tokens", "MAX_TOKENS", "max_output_tokens", "incomplete"},
    "tool_call": {"tool_calls", "tool_call", "tool-calls", "tool_use", "function_call", "completed", "STOP", "stop"},
    "content_filter": {"content_filter", "content_filtered", "content-filter", "SAFETY", "safety", "refusal", "incomplete"},
    "refusal": {"refusal", "content-filter", "PROHIBITED_CONTENT", "prohibited_content"},
}


def untold(served, truth, dump):
    """Names the facts of which no trace is in the recording, searched for as words: numbers, finish reasons, ids.

    A fact that is not named need not be easy to find: a refusal may be told only inside the response's own JSON.
    """
    words = set(re.findall(r"[\w.-]+", dump))
    done = [s for s in served if s.answer.status == 200]
    missing = []
    for fact in ("input", "cached", "cache_write", "output", "reasoning"):
        if not all(words & {str(n) for n in numbers(s.answer, fact)} for s in done if getattr(s.answer, fact)):
            missing.append(f"tokens.{fact}")
    if not all(words & SAID[s.answer.finish] for s in done if s.answer.finish != "refusal"):
        missing.append("finish_reasons")
    if truth["refusals"] and not (words & SAID["refusal"] or "I cannot help with that" in dump):
        missing.append("refusals")
    if truth["retries"] and not truth["errors"] and not ("Slow down" in dump or words & {"429", "RateLimitError"}):
        missing.append("retries")
    if truth["errors"] and not ("Out of order" in dump or '"code":2' in dump or "500" in words):
        missing.append("errors")
    if not set(truth["sessions"]) <= words:
        missing.append("sessions")
    if truth["user"] and truth["user"] not in words:
        missing.append("user")
    if not {s.id for s in done} <= words:
        missing.append("response_ids")
    return missing


def numbers(a, fact):
    """The forms in which an answer's count may be written: with its parts or without."""
    if fact == "input":
        return {a.input, a.input - a.cached, a.input - a.cached - a.cache_write}
    if fact == "output":
        return {a.output, a.output - a.reasoning}
    return {getattr(a, fact)}


def untold_tools(tools, requests):
    """Names tools.run and tools.errors if the recording has fewer spans of tools, or failed ones, than there were."""
    ran = [span for span in spans(requests) if ran_tool(span)]
    failed = [span for span in ran if span.get("status", {}).get("code") == 2 or span.get("events")]
    missing = {"tools.run": len(ran) < tools["run"], "tools.errors": len(failed) < tools["errors"]}
    return [fact for fact, is_missing in missing.items() if is_missing]


def spans(requests):
    for request in requests:
        for resource in request.get("resourceSpans", []):
            for scope in resource.get("scopeSpans", []):
                yield from scope.get("spans", [])


def ran_tool(span):
    names = {"weather", "population"}
    if span["name"].split()[0] == "chat":
        return False  # OpenLIT writes there which tool was asked for
    said = {a["value"].get("stringValue") for a in span.get("attributes", []) if a["key"] == "ai.toolCall.name"}
    return bool(names & (said | set(re.findall(r"[a-z]+", span["name"]))))
