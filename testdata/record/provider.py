"""A model provider on the loopback interface that keeps to scripts and a log of what it served.

Clients get http://HOST:PORT/s/KEY as the base URL, where KEY is LIBRARY.SCENARIO; the n-th request under a key gets
the n-th answer of the scenario's script. The log of a key is the truth about its recording.
"""

import dataclasses
import hashlib
import json
import re
import threading

import scripts
import serve
import wire

ROUTES = [
    (re.compile(r"/chat/completions$"), wire.Chat),
    (re.compile(r"/responses$"), wire.Responses),
    (re.compile(r"/messages$"), wire.Anthropic),
    (re.compile(r"/models/([^/:]+):(?:generate|streamGenerate)Content$"), wire.Gemini),
]


@dataclasses.dataclass
class Served:
    """One request and what it got. attempt is equal for requests with the same body."""

    api: str
    model: str
    response_model: str
    streamed: bool
    attempt: str
    id: str
    finish: str
    answer: scripts.Answer


class Provider:
    """Serves until close. Safe for concurrent use."""

    def __init__(self):
        self.mu = threading.Lock()
        self.logs = {}  # guarded by mu; by key
        self.embedded = {}  # guarded by mu; tokens of each embedding request, by key
        self.server = serve.Server(self.serve)
        self.port = self.server.port

    def close(self):
        self.server.close()

    def take(self, key):
        """Returns what was served under the key, and the tokens of each embedding request."""
        with self.mu:
            return self.logs.pop(key, []), self.embedded.pop(key, [])

    def serve(self, http_request):
        body = http_request.rfile.read(int(http_request.headers.get("content-length", 0)))
        path = http_request.path.partition("?")[0]
        _, mark, rest = path.split("/", 2) if path.count("/") > 1 else ("", "", "")
        key, _, rest = rest.partition("/")
        if mark != "s":
            return send(http_request, 404, {"error": {"message": "no such path"}})
        request = json.loads(body)
        if path.endswith("/embeddings"):
            return self.embed(http_request, key, request)
        for pattern, api in ROUTES:
            if match := pattern.search(path):
                if api is wire.Gemini:
                    request |= {"model": match.group(1), "stream": "stream" in path}
                return self.answer(http_request, key, api, request, hashlib.sha256(body).hexdigest()[:12])
        send(http_request, 404, {"error": {"message": "no such path"}})

    def answer(self, http_request, key, api, request, attempt):
        _, script, _ = scripts.split(key.rpartition(".")[2])
        with self.mu:
            log = self.logs.setdefault(key, [])
            answers = scripts.SCRIPTS[script]
            answer = answers[len(log)] if len(log) < len(answers) else scripts.LAST
            doc = api(request, answer, f"{script}-{len(log) + 1}")
            finish = doc.finish() if answer.status == 200 else ""
            streamed = bool(request.get("stream"))
            ident = "" if answer.status != 200 else stamp(doc)
            log.append(Served(api.__name__.lower(), request["model"], doc.model, streamed, attempt, ident, finish, answer))
        if answer.status != 200:
            return fail(http_request, answer.status)
        if streamed:
            return send_stream(http_request, doc.stream())
        send(http_request, 200, doc.whole())

    def embed(self, http_request, key, request):
        texts = request["input"] if isinstance(request["input"], list) else [request["input"]]
        tokens = 11 * len(texts)
        with self.mu:
            self.embedded.setdefault(key, []).append(tokens)
        data = [{"object": "embedding", "index": i, "embedding": [0.5, 0.25, 0.125]} for i in range(len(texts))]
        usage = {"prompt_tokens": tokens, "total_tokens": tokens}
        send(http_request, 200, {"object": "list", "data": data, "model": request["model"], "usage": usage})


def stamp(doc):
    whole = doc.whole()
    return whole.get("id") or whole["responseId"]


def send(http_request, status, doc, headers=()):
    serve.send(http_request, status, json.dumps(doc).encode(), [("content-type", "application/json"), *headers])


def send_stream(http_request, events):
    http_request.close_connection = True
    http_request.send_response(200)
    http_request.send_header("content-type", "text/event-stream")
    http_request.send_header("connection", "close")
    http_request.end_headers()
    for piece in events:
        http_request.wfile.write(piece.encode())
        http_request.wfile.flush()


def fail(http_request, status):
    """Says no in a body that all the APIs' clients understand."""
    kind, text = ("rate_limit_error", "Slow down.") if status == 429 else ("api_error", "Out of order.")
    name = "RESOURCE_EXHAUSTED" if status == 429 else "INTERNAL"
    error = {"type": kind, "code": kind, "message": text, "status": name, "param": None}
    send(http_request, status, {"type": "error", "error": error}, [("retry-after-ms", "5"), ("retry-after", "0")])
