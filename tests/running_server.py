"""A real server process on a free loopback port, for tests that look at the service from outside."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

from pyoxigraph import DefaultGraph, NamedNode, Quad, RdfFormat, parse

from iesi_kg.store import allocator
from iesi_kg.store.base import ChangeSet
from iesi_kg.store.embedded import EmbeddedStore

SOURCE = Path(__file__).resolve().parent.parent / "src"
START_SECONDS = 120.0


@dataclass(frozen=True)
class Reply:
    """One HTTP answer."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8")


@dataclass(frozen=True)
class Server:
    """A running service and its store."""

    url: str
    store: Path
    process: subprocess.Popen[str]

    @property
    def endpoint(self) -> str:
        return f"{self.url}/sparql"

    @property
    def address(self) -> tuple[str, int]:
        parts = urlsplit(self.url)
        assert parts.hostname and parts.port
        return parts.hostname, parts.port

    def ask(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes | str | None = None
    ) -> Reply:
        """One request on its own connection."""
        connection = http.client.HTTPConnection(*self.address, timeout=30)
        try:
            connection.request(method, path, body=body, headers=dict(headers or {}))
            response = connection.getresponse()
            return Reply(response.status, response.headers, response.read())
        finally:
            connection.close()

    def query(self, text: str, accept: str | None = None, **headers: str) -> Reply:
        """A query by GET."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.ask("GET", f"/sparql?query={quote(text)}", given | ({"Accept": accept} if accept else {}))


def fill(store: Path, turtle: str, graphs: Mapping[str, str] | None = None) -> None:
    """Commit Turtle to the default graph and to named graphs."""
    quads = [Quad(*triple, DefaultGraph()) for triple in _triples(turtle)]
    for name, text in (graphs or {}).items():
        quads += [Quad(*triple, NamedNode(name)) for triple in _triples(text)]
    opened = EmbeddedStore.open(store, create=True)
    with opened.writer() as writer:
        writer.commit(ChangeSet("test data", add=quads))
    opened.close()


def _triples(turtle: str) -> Iterator[tuple[object, object, object]]:
    for quad in parse(turtle.encode(), RdfFormat.TURTLE):
        yield quad.subject, quad.predicate, quad.object


@contextmanager
def serving(store: Path, *arguments: str, **settings: object) -> Iterator[Server]:
    """``iesi-kg serve`` on a store, ended by Ctrl-C; leaves no process."""
    process = start(store, *arguments, **settings)
    try:
        yield Server(_first_address(process), store, process)
    finally:
        stop(process)


def start(store: Path, *arguments: str, **settings: object) -> subprocess.Popen[str]:
    """The server process, not yet listening."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("IESI_KG_")}
    environment |= {"IESI_KG_HOSTS": "e"}  # the short name that requests over raw sockets carry
    environment |= {f"IESI_KG_{name.upper()}": str(value) for name, value in settings.items()}
    environment |= {"PYTHONPATH": str(SOURCE), "PYTHONUNBUFFERED": "1"}
    environment = allocator.roomy(environment) or environment  # else each process would begin twice
    command = [sys.executable, "-m", "iesi_kg", "serve", "--store", str(store)]
    if "--port" not in arguments:
        command += ["--port", "0"]
    return subprocess.Popen(
        [*command, *arguments],
        env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip


def stop(process: subprocess.Popen[str]) -> str:
    """Ctrl-C, and all it said."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    try:
        said, _ = process.communicate(timeout=15)
    except subprocess.TimeoutExpired:
        process.kill()
        said, _ = process.communicate()
        raise AssertionError(f"the server did not end on Ctrl-C: {said}") from None
    return said


def _first_address(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    alarm = threading.Timer(START_SECONDS, process.kill)
    alarm.start()
    said = ""
    try:
        for line in process.stdout:
            said += line
            if line.startswith("endpoint"):
                return line.split()[1].removesuffix("/sparql")
    finally:
        alarm.cancel()
    process.kill()
    raise AssertionError(f"the server did not start: {said}")
