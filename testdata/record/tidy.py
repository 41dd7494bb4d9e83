"""Takes out of a recording what belongs to the machine that made it, and nothing else.

Ids, times, names and keys stay. Host, process and operating system leave the resources; paths, ports and stack
traces are shortened.
"""

import pathlib
import re
import socket
import sys
import tempfile

FOREIGN = ("host.", "process.", "os.", "container.", "cloud.")
TRACES = {"exception.stacktrace", "code.stacktrace", "exception_stacktrace"}
PATH = re.compile(r"(?:file://)?/(?:[\w.@+~-]+/)*(?=(?:site-packages|node_modules|testdata|lib/python[\d.]+)/|\w+\.mjs)")
KEY = re.compile(r"/[sr]/[\w-]+\.\w+(?=/|\b)")  # what tells the servers which scenario a request belongs to
STACK_CHARS = 300


def tidy(node, ports):
    """Returns an OTLP JSON document without traces of the machine. ports maps the servers' ports to fixed ones."""
    if isinstance(node, list):
        return [tidy(item, ports) for item in node]
    if isinstance(node, str):
        return text(node, ports)
    if not isinstance(node, dict):
        return node
    if set(node) == {"key", "value"}:
        return {"key": node["key"], "value": value(node["key"], node["value"], ports)}
    out = {k: tidy(v, ports) for k, v in node.items()}
    if "resource" in out:
        attributes = out["resource"].get("attributes", [])
        out["resource"]["attributes"] = [a for a in attributes if not a["key"].startswith(FOREIGN)]
    return out


def value(key, held, ports):
    if key in TRACES and "stringValue" in held:
        short = text(held["stringValue"], ports)
        return {"stringValue": short if len(short) <= STACK_CHARS else "…" + short[-STACK_CHARS:]}
    if key.endswith("port") and "intValue" in held:
        return {"intValue": type(held["intValue"])(ports.get(int(held["intValue"]), held["intValue"]))}
    return tidy(held, ports)


def text(said, ports):
    for port, fixed in ports.items():
        said = said.replace(f"127.0.0.1:{port}", f"127.0.0.1:{fixed}")
    return PATH.sub("", KEY.sub("", said))


def check(dump, name):
    """Raises if the text still names the machine."""
    here = pathlib.Path(__file__).resolve()
    own = [pathlib.Path.home(), tempfile.gettempdir(), here.parents[2], pathlib.Path(sys.prefix), "/usr/", "/home/"]
    found = [word for word in [*map(str, own), socket.gethostname()] if word in dump]
    if found:
        at = dump.index(found[0])
        raise ValueError(f"recording {name}: names the machine: {dump[max(0, at - 120):at + 120]!r}")
