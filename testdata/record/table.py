"""Prints the recordings as the table of README.md: versions, scenarios, and what no span tells."""

import collections
import json


def print_table(recordings):
    """Prints a row for each library under recordings."""
    print("| library | package | version | scenarios | untold (in how many of them) |")
    print("|---|---|---|---|---|")
    for about in sorted(recordings.glob("*/library.json")):
        doc = json.loads(about.read_text())
        truths = [json.loads(p.read_text()) for p in sorted(about.parent.glob("*.truth.json"))]
        untold = collections.Counter(fact for t in truths for fact in t["untold"])
        told = ", ".join(f"{fact} {n}" for fact, n in sorted(untold.items())) or "–"
        print(f"| {doc['library']} | `{doc['package']}` | {doc['version']} | {len(truths)} | {told} |")
