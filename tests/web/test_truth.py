"""An answer is whole or it is an error: every format, cut in every way, is no complete answer to a client.

A client takes an answer for complete when its status is 200 and its body is as long as announced.
"""

from __future__ import annotations

import gzip
import http.client
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPResponse
from pathlib import Path
from urllib.parse import quote

import psutil
import pytest

from running_server import Reply, Server, fill, serving

TABLES = ("application/sparql-results+json", "application/sparql-results+xml", "text/csv", "text/tab-separated-values")
GRAPHS = ("text/turtle", "application/n-triples", "application/rdf+xml", "application/ld+json")
FORMATS = (*TABLES, *GRAPHS)
CODINGS = ("identity", "gzip")
ROWS, BYTES, SECONDS = 3_000, 250_000, 3
P = "<http://example.org/p>"


def asking(accept: str, where: str) -> str:
    """A query whose result is of a form that the format carries; the subjects make triples distinct."""
    if accept in TABLES:
        return f"SELECT ?s ?o ?x {{ {where} }}"
    return f"CONSTRUCT {{ ?s <urn:q> ?o . ?x <urn:r> ?s }} WHERE {{ {where} }}"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    store = tmp_path_factory.mktemp("truth") / "store"
    fill(store, "".join(f"<http://example.org/{n}> {P} {n} .\n" for n in range(2_000)))
    with serving(
        store,
        query_processes=4,
        query_seconds=SECONDS,
        query_rows=ROWS,
        query_bytes=BYTES,
        query_memory=900_000_000,
        query_requests=0,
        cache_bytes=1,
    ) as running:
        yield running


def ask(server: Server, accept: str, text: str, coding: str) -> Reply:
    return server.query(text, accept, Accept_Encoding=coding)


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("accept", FORMATS)
def test_the_whole_answer_comes_whole(service: Server, accept: str, coding: str) -> None:
    """The control: within the limits every format answers."""
    where = f"?s {P} ?o . BIND(?s AS ?x) FILTER(?o < 400)"
    reply = ask(service, accept, asking(accept, where), coding)
    body = gzip.decompress(reply.body) if coding == "gzip" else reply.body
    assert reply.status == 200
    assert reply.headers["IESI-KG-Rows"] == ("400" if accept in TABLES else "800")
    assert body.count(b"http://example.org/399") == (2 if accept in TABLES else body.count(b"http://example.org/398"))


@dataclass(frozen=True)
class Way:
    """A way to be cut: a pattern that meets the limit, the problem it is told as."""

    where: str
    problem: str
    status: int


HUGE = " ".join(f"BIND(CONCAT({', '.join([f'?v{n}'] * 10)}) AS ?v{n + 1})" for n in range(7))
WAYS = {
    "rows": Way(f"?s {P} ?o . {{ SELECT ?x {{ ?x {P} ?z FILTER(?z < 2) }} }}", "result-too-large", 503),
    "bytes": Way(f"?s {P} ?o . BIND(IRI(CONCAT('urn:', '{'x' * 400}')) AS ?x)", "result-too-large", 503),
    "memory": Way(
        f"?s {P} ?o FILTER(?o = 1) BIND('{'a' * 50}' AS ?v0) {HUGE} BIND(STRLEN(?v7) AS ?x)",
        "query-out-of-memory",
        503,
    ),
}
ENDLESS = Way(f"?s {P} ?o . ?x ?b ?c . ?d ?e ?f . ?g ?h ?i FILTER(?c + ?f + ?i < 0)", "query-timeout", 504)


def check(reply: Reply, cut: Way) -> None:
    assert reply.status == cut.status, reply.body[:300]
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert f"/problems/{cut.problem}".encode() in reply.body
    assert b'"hint"' in reply.body
    assert b'"elapsed_seconds"' in reply.body
    assert reply.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("way", ["rows", "bytes"])
@pytest.mark.parametrize("accept", FORMATS)
def test_too_large_a_result_is_an_error(service: Server, accept: str, way: str, coding: str) -> None:
    check(ask(service, accept, asking(accept, WAYS[way].where), coding), WAYS[way])


def test_too_much_memory_is_an_error_in_every_format(tmp_path: Path) -> None:
    fill(tmp_path / "store", "".join(f"<http://example.org/{n}> {P} {n} .\n" for n in range(10)))
    with serving(tmp_path / "store", query_processes=4, query_memory=600_000_000, token_memory=600_000_000) as server:

        def run(accept: str) -> Reply:
            return ask(server, accept, asking(accept, WAYS["memory"].where), "gzip")

        with ThreadPoolExecutor(4) as clients:
            for reply in clients.map(run, FORMATS):
                check(reply, WAYS["memory"])


def test_too_long_a_query_is_an_error_in_every_format(service: Server) -> None:
    def run(accept: str) -> Reply:
        return ask(service, accept, asking(accept, ENDLESS.where), "gzip")

    for part in (TABLES, GRAPHS):
        with ThreadPoolExecutor(len(part)) as clients:
            for reply in clients.map(run, part):
                check(reply, ENDLESS)


@pytest.mark.parametrize("accept", FORMATS)
def test_a_killed_worker_is_an_error(service: Server, accept: str) -> None:
    replies: list[Reply] = []
    text = asking(accept, ENDLESS.where) + "# killed"
    thread = threading.Thread(target=lambda: replies.append(ask(service, accept, text, "identity")))
    thread.start()
    killed = False
    while thread.is_alive() and not killed:
        for child in psutil.Process(service.process.pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                if child.cpu_percent(0.05) > 30 and any(t.user_time > 0.05 for t in child.threads()[1:]):
                    os.kill(child.pid, signal.SIGKILL)
                    killed = True
                    break
    thread.join()
    [reply] = replies
    assert reply.status in (503, 504)
    assert reply.headers["Content-Type"] == "application/problem+json"


def end(server: Server) -> None:
    server.process.terminate()


def kill(server: Server) -> None:
    for child in psutil.Process(server.process.pid).children(recursive=True):
        child.kill()
    server.process.kill()


@pytest.mark.parametrize("how", [end, kill])
def test_a_restart_in_the_middle_cuts_what_is_under_way(tmp_path: Path, how: Callable[[Server], None]) -> None:
    """Both while the query runs and while the answer travels: no format looks complete."""
    fill(tmp_path / "store", "".join(f"<http://example.org/{n}> {P} {n} .\n" for n in range(2_000)))
    with serving(tmp_path / "store", query_processes=4, query_seconds=30, client_seconds=30) as server:
        large = f"?s {P} ?o . {{ SELECT ?x {{ ?x {P} ?z FILTER(?z < 40) }} }}"
        travelling = []
        for accept in FORMATS:
            connection = open_query(server, accept, large)
            travelling.append((connection, begin(connection)))
        assert [response.status for _, response in travelling] == [200] * len(FORMATS)
        running = [open_query(server, accept, ENDLESS.where, "127.0.0.2") for accept in FORMATS[:2] + FORMATS[4:6]]
        time.sleep(0.3)
        how(server)
        server.process.wait(15)
        cut = 0
        for connection, response in travelling:
            length = int(response.headers["Content-Length"])
            with connection, suppress(http.client.IncompleteRead, ConnectionError):
                cut += 1
                assert len(response.read()) == length  # all of it was on its way already
                cut -= 1
        assert cut >= len(TABLES)
        for connection in running:
            with connection:
                assert not is_complete(connection)


def open_query(server: Server, accept: str, where: str, source: str = "127.0.0.1") -> socket.socket:
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    connection.settimeout(30)
    connection.bind((source, 0))
    connection.connect(server.address)
    path = f"/sparql?query={quote(asking(accept, where))}"
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: e\r\nAccept: {accept}\r\n\r\n".encode())
    return connection


def begin(connection: socket.socket) -> HTTPResponse:
    response = HTTPResponse(connection)
    response.begin()
    return response


def is_complete(connection: socket.socket) -> bool:
    """Whether a client would take what came for a complete answer."""
    try:
        response = begin(connection)
        response.read()
    except (http.client.HTTPException, ConnectionError):
        return False
    return response.status == 200


def test_the_service_is_well_after_all_this(service: Server) -> None:
    until = time.monotonic() + 10
    while service.query("ASK {} # well").status != 200:
        assert time.monotonic() < until
    assert service.process.poll() is None
