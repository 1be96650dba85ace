"""A server in front of another one that answers queries by it, and acknowledges updates without making them."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType


class Forgetful:
    """Listens on loopback; ``forgets`` says whether updates are dropped; otherwise they pass."""

    def __init__(self, behind: str) -> None:
        self.forgets = False
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if outer.forgets and self.path == "/update":
                    self._reply(204, "text/plain", b"")
                    return
                fields = {name: self.headers[name] for name in ("Content-Type", "Accept") if name in self.headers}
                request = urllib.request.Request(behind + self.path, body, fields)
                try:
                    with urllib.request.urlopen(request, timeout=60) as answer:
                        self._reply(answer.status, answer.headers.get("Content-Type", "text/plain"), answer.read())
                except urllib.error.HTTPError as error:
                    self._reply(error.code, "text/plain", error.read())

            def _reply(self, status: int, kind: str, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"sparql+http://127.0.0.1:{self._server.server_address[1]}?profile=oxigraph"

    def __enter__(self) -> Forgetful:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
