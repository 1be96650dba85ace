"""Connections that are known to lead to different serving processes of one service."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from running_server import Reply, Server, fill

SECRET = "a-secret-of-at-least-sixteen-characters"
RUNAWAY = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"


@dataclass
class Line:
    """A connection that stays open to one serving process."""

    process: int
    connection: http.client.HTTPConnection

    def ask(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes | str | None = None
    ) -> Reply:
        """One request, on the same connection as those before."""
        self.connection.request(method, path, body=body, headers=dict(headers or {}))
        response = self.connection.getresponse()
        return Reply(response.status, response.headers, response.read())


def workers(server: Server) -> dict[int, psutil.Process]:
    """The processes that serve now, by id: those that have query processes below them."""
    found = {}
    for child in psutil.Process(server.process.pid).children():
        with suppress(psutil.NoSuchProcess):
            if '"task": "serve"' in " ".join(child.cmdline()):
                found[child.pid] = child
    return found


def owner(server: Server, connection: http.client.HTTPConnection) -> int | None:
    """The process at the other end of a connection."""
    port = connection.sock.getsockname()[1]
    for pid, process in workers(server).items():
        with suppress(psutil.NoSuchProcess):
            if any(found.raddr and found.raddr.port == port for found in process.net_connections("tcp")):
                return pid
    return None


@contextmanager
def lines(server: Server, source: str = "127.0.0.1") -> Iterator[list[Line]]:
    """One open connection to each serving process; what is counted by caller is counted for ``source``."""
    found: dict[int, Line] = {}
    spare = []
    deadline = time.monotonic() + 30
    while len(found) < len(workers(server)):
        assert time.monotonic() < deadline, "the connections all lead to the same process"
        connection = http.client.HTTPConnection(*server.address, timeout=30, source_address=(source, 0))
        connection.request("GET", "/health/live")
        connection.getresponse().read()
        process = owner(server, connection)
        if process is None or process in found:
            spare.append(connection)
        else:
            found[process] = Line(process, connection)
    try:
        yield list(found.values())
    finally:
        for connection in [*spare, *(line.connection for line in found.values())]:
            connection.close()


def until(condition: object, what: str, seconds: float = 30.0) -> None:
    """Wait until something called is true."""
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def family(server: Server) -> list[psutil.Process]:
    """Every process below the first."""
    return psutil.Process(server.process.pid).children(recursive=True)


def store_of(folder: Path, triples: int = 500) -> Path:
    """A small store."""
    fill(folder, "".join(f"<http://example.org/{n}> <http://example.org/p> {n} .\n" for n in range(triples)))
    return folder
