"""Compares two sets of recordings by what a reader relies on: scopes, span names, kinds and attribute keys."""

import collections
import json
import re

CHANCE = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|0x[0-9a-f]+")  # in names, as CrewAI has it


def report(old, new, names, scenarios=None):
    """Prints how new differs from old, library by library; says whether it does."""
    drifted = False
    for name in names:
        before, after = versions(old / name), versions(new / name)
        for package in sorted(before.keys() | after.keys()):
            if before.get(package) != after.get(package):
                print(f"{name}: {package} {before.get(package)} -> {after.get(package)}")
        for path in sorted((new / name).glob("*.jsonl")):
            if scenarios and path.name.split(".")[0] not in scenarios:
                continue
            was, now = shapes(old / name / path.name), shapes(path)
            for mark, lines in (("-", was - now), ("+", now - was)):
                for shape, count in sorted(lines.items()):
                    print(f"{name}/{path.name} {mark} {count}x {shape}")
                    drifted = True
    if not drifted:
        print("no drift")
    return drifted


def versions(directory):
    about = directory / "library.json"
    return json.loads(about.read_text())["packages"] if about.exists() else {}


def shapes(path):
    """Counts the shapes of the spans and log records in a file of requests."""
    found = collections.Counter()
    if not path.exists():
        return found
    for line in path.read_text().splitlines():
        request = json.loads(line)
        for resource in request.get("resourceSpans", []):
            for scope in resource.get("scopeSpans", []):
                found.update(span_shape(scope, span) for span in scope.get("spans", []))
        for resource in request.get("resourceLogs", []):
            for scope in resource.get("scopeLogs", []):
                found.update(log_shape(scope, record) for record in scope.get("logRecords", []))
    return found


def span_shape(scope, span):
    events = sorted(f"{e.get('name')}({keys(e)})" for e in span.get("events", []))
    status = span.get("status", {}).get("code", 0)
    name = CHANCE.sub("*", span.get("name", ""))
    head = f"{scope.get('scope', {}).get('name')} | {name} kind={span.get('kind')} status={status}"
    return f"{head} | {keys(span)} | {' '.join(events)}"


def log_shape(scope, record):
    return f"{scope.get('scope', {}).get('name')} | {record.get('eventName', '')} | {keys(record)}"


def keys(holder):
    return ",".join(sorted(a["key"] for a in holder.get("attributes", [])))
