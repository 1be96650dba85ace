"""A running SPARQL service as the suites see it: the addresses of its operations, and requests to them."""

from __future__ import annotations

import http.client
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlsplit

from running_server import Reply, serving

START_SECONDS = 30.0


@dataclass
class Service:
    """Where a service answers queries, updates and requests on graphs."""

    name: str
    url: str
    query_path: str
    update_path: str
    graph_path: str
    _connection: http.client.HTTPConnection | None = field(default=None, repr=False)

    def ask(self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes | None = None) -> Reply:
        """One request, on a connection kept for the next one."""
        for attempt in (1, 2):
            if self._connection is None:
                parts = urlsplit(self.url)
                self._connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=30)
            try:
                self._connection.request(method, path, body=body, headers=dict(headers or {}))
                response = self._connection.getresponse()
                return Reply(response.status, response.headers, response.read())
            except (http.client.HTTPException, ConnectionError):
                self.close()
                if attempt == 2:
                    raise
        raise AssertionError("unreachable")

    def close(self) -> None:
        """Let the connection go."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def query(self, text: str, accept: str) -> Reply:
        """A query, sent as the body of a POST."""
        fields = {"Content-Type": "application/sparql-query", "Accept": accept}
        return self.ask("POST", self.query_path, fields, text.encode())

    def update(self, text: str) -> Reply:
        """An update, sent as the body of a POST."""
        return self.ask("POST", self.update_path, {"Content-Type": "application/sparql-update"}, text.encode())

    def put(self, graph: str | None, triples: bytes) -> Reply:
        """Replace the default or a named graph by N-Triples."""
        return self.ask("PUT", self.graph(graph), {"Content-Type": "application/n-triples"}, triples)

    def graph(self, name: str | None) -> str:
        """The address of the default or a named graph."""
        return self.graph_path + ("?default" if name is None else f"?graph={quote(name, safe='')}")


@contextmanager
def ours(store: Path) -> Iterator[Service]:
    """``iesi-kg serve --scratch`` on an empty store."""
    with serving(store, "--scratch") as server:
        service = Service("iesi-kg", server.url, "/sparql", "/update", "/graph")
        try:
            yield service
        finally:
            service.close()


@contextmanager
def oxigraph(store: Path) -> Iterator[Service]:
    """The released ``oxigraph serve``, in memory as it comes."""
    binary = shutil.which("oxigraph", path=str(Path(sys.executable).parent))
    assert binary, "the PyPI package `oxigraph` is missing beside this Python"
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [binary, "serve", "--location", str(store), "--bind", f"127.0.0.1:{port}"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    service = Service("oxigraph serve", f"http://127.0.0.1:{port}", "/query", "/update", "/store")
    try:
        _await(port)
        yield service
    finally:
        service.close()
        process.terminate()
        process.wait(15)


def _await(port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"nothing listens on port {port}")
