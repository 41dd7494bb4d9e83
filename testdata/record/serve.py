"""An HTTP server on the loopback interface for POST requests; to GET it says {}."""

import http.server
import sys
import threading


class Server(http.server.ThreadingHTTPServer):
    """Serves until close. answer gets each request's handler, in a thread of its own."""

    daemon_threads = True

    def __init__(self, answer):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            server_version, sys_version = "provider", ""

            def do_POST(self):
                answer(self)

            def do_GET(self):
                send(self, 200, b"{}", [("content-type", "application/json")])

            def log_message(self, *args):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def close(self):
        self.shutdown()
        self.server_close()

    def handle_error(self, request, client_address):
        """Passes over clients that hang up: programs end without closing what they keep open."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def send(http_request, status, body, headers):
    """Sends a whole body."""
    http_request.send_response(status)
    http_request.send_header("content-length", str(len(body)))
    for name, value in headers:
        http_request.send_header(name, value)
    http_request.end_headers()
    http_request.wfile.write(body)
