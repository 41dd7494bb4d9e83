"""An OTLP/HTTP receiver that keeps what comes as OTLP JSON, in the order of arrival.

Clients export to http://HOST:PORT/r/KEY with whatever path they put behind it; its end names the signal. Protobuf
and JSON, gzipped or not, are taken; metrics are answered and forgotten.
"""

import base64
import gzip
import json
import threading

import serve
from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2

MESSAGES = {
    "traces": trace_service_pb2.ExportTraceServiceRequest,
    "logs": logs_service_pb2.ExportLogsServiceRequest,
}
IDS = {"traceId", "spanId", "parentSpanId"}


class Collector:
    """Receives until close. Safe for concurrent use."""

    def __init__(self):
        self.mu = threading.Lock()
        self.requests = {}  # guarded by mu; lists of OTLP JSON documents, by (key, signal)
        self.server = serve.Server(self.receive)
        self.port = self.server.port

    def close(self):
        self.server.close()

    def take(self, key, signal):
        """Returns the requests that came under the key."""
        with self.mu:
            return self.requests.pop((key, signal), [])

    def receive(self, http_request):
        headers = http_request.headers
        body = read_body(http_request)
        if headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        _, mark, key, *_ = http_request.path.split("/") + [""] * 3
        signal = http_request.path.rpartition("/")[2]
        as_json = "json" in headers.get("content-type", "")
        if mark == "r" and signal in MESSAGES:
            doc = json.loads(body) if as_json else decode(MESSAGES[signal], body)
            with self.mu:
                self.requests.setdefault((key, signal), []).append(doc)
        respond(http_request, as_json)


def read_body(http_request):
    if http_request.headers.get("transfer-encoding", "") != "chunked":
        return http_request.rfile.read(int(http_request.headers.get("content-length", 0)))
    body = b""
    while size := int(http_request.rfile.readline().strip(), 16):
        body += http_request.rfile.read(size)
        http_request.rfile.readline()
    http_request.rfile.readline()
    return body


def respond(http_request, as_json):
    kind = "application/json" if as_json else "application/x-protobuf"
    serve.send(http_request, 200, b"{}" if as_json else b"", [("content-type", kind)])


def decode(message, body):
    """Turns protobuf into OTLP JSON: numbers for enums, and ids in hexadecimal."""
    doc = json_format.MessageToDict(message.FromString(body), use_integers_for_enums=True)
    return with_hex_ids(doc)


def with_hex_ids(node):
    if isinstance(node, list):
        return [with_hex_ids(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {k: base64.b64decode(v).hex() if k in IDS else with_hex_ids(v) for k, v in node.items()}
