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


def untold(truth, dump):
    """Names the facts of which no trace is in the recording, searched for as words: numbers, finish reasons, ids."""
    words = set(re.findall(r"[\w.-]+", dump))
    done = [s for s in truth["served"] if s["status"] == 200]
    missing = []
    for fact in ("input", "cached", "cache_write", "output", "reasoning"):
        told = (words & {str(n) for n in numbers(s, fact)} for s in done if s[fact])
        if not all(told):
            missing.append(f"tokens.{fact}")
    if not {s["finish"] for s in done} <= words | {w.replace("-", "_") for w in words}:
        missing.append("finish_reasons")
    if not set(truth["sessions"]) <= words:
        missing.append("sessions")
    if done and not {s["id"] for s in done} <= words:
        missing.append("response_id")
    return missing


def numbers(s, fact):
    """The forms in which a count may be written: with its parts or without."""
    if fact == "input":
        return {s["input"], s["input"] - s["cached"], s["input"] - s["cached"] - s["cache_write"]}
    if fact == "output":
        return {s["output"], s["output"] - s["reasoning"]}
    return {s[fact]}
