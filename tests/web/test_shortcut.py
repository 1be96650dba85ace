"""Queries of a client whose header is known: answered at once, and not otherwise than by the ordinary way."""

from __future__ import annotations

import asyncio
import gzip
import re
import time
from collections.abc import Coroutine, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import quote

import pytest
from pyoxigraph import Literal, NamedNode, Quad

from iesi_kg.endpoint.allowance import Allowance
from iesi_kg.settings import Settings
from iesi_kg.store.base import ChangeSet
from iesi_kg.store.embedded import EmbeddedStore
from iesi_kg.store.frames import Limits
from iesi_kg.store.moulds import recalled
from iesi_kg.web.app import Application, create_app
from iesi_kg.web.meter import Meter
from iesi_kg.web.shortcut import Manner, Shortcut
from running_server import fill
from talking import Talk

T = TypeVar("T")
HEADER = "Host: localhost\r\nAccept: application/sparql-results+json\r\n"
LOOKUP = "SELECT ?o { <urn:a> <urn:p> ?o }"
TURTLE = (
    "<urn:a> <urn:p> 1, <urn:b> ; <urn:q> 'x' . <urn:b> <urn:p> 'long', 'longer' ; <urn:name> '" + "y" * 2_000 + "' ."
)
OF_A_TIME = re.compile(rb"wait;dur=[\d.]+, query;dur=[\d.]+")


@dataclass
class Service:
    """The application in this process, on a loop of its own."""

    app: Application
    loop: asyncio.AbstractEventLoop
    store: EmbeddedStore
    sent: list[dict[str, Any]] = field(default_factory=list)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    def ask(self, text: str, header: str = HEADER, method: str = "GET") -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        """The ordinary way: status, headers and body; what is learned from it is kept."""
        scope = {
            "type": "http", "method": method, "path": "/sparql", "raw_path": b"/sparql", "http_version": "1.1",
            "query_string": encoded(text).encode(), "client": ("127.0.0.1", 4000), "server": ("127.0.0.1", 80),
            "headers": [
                (name.lower().encode(), value.encode())
                for name, value in (line.split(": ") for line in header.strip().split("\r\n"))
            ],
        }  # fmt: skip
        self.sent.clear()

        async def send(message: dict[str, Any]) -> None:
            self.sent.append(message)

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b""}

        self.run(self.app(scope, receive, send))
        return self.sent[0]["status"], list(self.sent[0]["headers"]), self.sent[1]["body"]

    def learn(self, header: str = HEADER) -> None:
        """Have a header learned as a connection has it."""
        text = f"ASK {{}} # {time.monotonic_ns()}"
        assert self.ask(text, header)[0] == 200
        self.app.shortcut.learn("127.0.0.1", "127.0.0.1", request(text, header), self.sent[0]["iesi_kg.manner"])

    def at_once(self, text: str, header: str = HEADER, peer: str = "127.0.0.1") -> tuple[bytes, bytes, bytes] | None:
        return self.app.shortcut.answer("127.0.0.1", peer, request(text, header))


def encoded(text: str) -> str:
    query, mark, more = text.partition("&&")
    return f"query={quote(query, safe='')}{'&' if mark else ''}{more}"


def request(text: str, header: str = HEADER) -> bytes:
    return f"GET /sparql?{encoded(text)} HTTP/1.1\r\n{header}\r\n".encode()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("shortcut") / "store"
    fill(folder, TURTLE)
    app = create_app(Settings(store=folder, query_processes=1, query_requests=0))
    loop, store = asyncio.new_event_loop(), EmbeddedStore(folder)
    life: AbstractAsyncContextManager[Any] = app.api.router.lifespan_context(app.api)
    loop.run_until_complete(life.__aenter__())
    try:
        made = Service(app, loop, store)
        await_copy(made)
        yield made
    finally:
        loop.run_until_complete(life.__aexit__(None, None, None))
        store.close()
        loop.close()


def await_copy(service: Service) -> None:
    small, deadline = recalled("ASK {}"), time.monotonic() + 30
    assert small is not None
    while service.app.state.site.pool.at_once(small, "text/csv", Limits()) is None:
        assert time.monotonic() < deadline, "no copy was made"
        service.run(asyncio.sleep(0.05))


def told(head: bytes) -> list[tuple[bytes, bytes]]:
    """The headers of a head, without what tells time."""
    lines = OF_A_TIME.sub(b"", head).removesuffix(b"\r\n\r\n").split(b"\r\n")
    return [(name, value) for name, _, value in (line.partition(b": ") for line in lines)]


@pytest.mark.parametrize(
    "text",
    [
        LOOKUP,
        "PREFIX u: <urn:> SELECT * { u:a u:p/u:p ?name } # a comment",
        "ASK { <urn:a> <urn:p> 1 }",
        "SELECT ?o { <urn:a> <https://w3id.org/iesi-kg/ontology#contry> ?o }",  # with a hint
        LOOKUP + "&&format=csv",
        LOOKUP + "&&rewrite=off",
        "SELECT ?n { <urn:b> <urn:name> ?n }",  # worth packing
    ],
)
@pytest.mark.parametrize("more", ["", "Accept-Encoding: gzip\r\n"])
def test_the_same_answer_as_by_the_ordinary_way(service: Service, text: str, more: str) -> None:
    header = HEADER + more
    service.learn(header)
    answer = service.at_once(text, header)
    assert answer is not None
    service.app.state.site.cache._forget(1)
    status, headers, body = service.ask(text, header)
    assert (answer[0], status) == (b"HTTP/1.1 200 OK\r\n", 200)
    assert told(answer[1]) == [(name, OF_A_TIME.sub(b"", value)) for name, value in headers]
    assert answer[2] == body
    packed = (b"content-encoding", b"gzip") in headers
    assert packed == (bool(more) and "urn:name" in text)
    assert not packed or gzip.decompress(body).count(b"y" * 2_000) == 1


def test_what_is_not_known_takes_the_ordinary_way(service: Service) -> None:
    service.learn()
    text = f"{LOOKUP} # known"
    for header in ("Host: localhost\r\n", HEADER + 'If-None-Match: "x"\r\n', HEADER + "Authorization: Bearer x\r\n"):
        assert service.at_once(text, header) is None
    assert service.at_once(text, peer="127.0.0.2") is None
    assert service.app.shortcut.answer("::1", "127.0.0.1", request(text)) is None
    whole = request(text)
    for other in (
        whole + whole, whole + b"x", whole[:-2], whole.replace(b"GET", b"HEAD"), whole.replace(b"1.1", b"1.0"),
        whole.replace(b"GET /", b"GET http://elsewhere/"), whole.replace(b"/sparql", b"/sparql/"),
        whole.replace(b"HTTP", b" HTTP"), whole.replace(b"query=", b"query=#"), whole.replace(b"query=", b"query=\xc3"),
    ):  # fmt: skip
        assert service.app.shortcut.answer("127.0.0.1", "127.0.0.1", other) is None
    for asked in (
        "SELECT ?o { <urn:a> <urn:p> ?o FILTER(?o = 1) }", "SELECT ?o {", "SELECT ?o { <a> <urn:p> ?o }",
        "CONSTRUCT WHERE { <urn:a> <urn:p> ?o }", "SELECT * { ?s ?p ?o }", LOOKUP + "&&format=nonsense",
        LOOKUP + "&&default-graph-uri=urn:g", LOOKUP + "&&query=ASK%7B%7D", LOOKUP + "&&x=%zz",
        LOOKUP + f"&&x=ikg_{'0' * 8}_{'a' * 43}", LOOKUP + "&&access_token=abc",
    ):  # fmt: skip
        assert service.at_once(asked) is None, asked
    assert service.at_once(text) is not None
    assert service.at_once(text) is None  # it is kept now, and told as such
    assert (b"iesi-kg-cache", b"hit") in service.ask(text)[1]


@pytest.mark.parametrize(
    "more",
    [
        'If-None-Match: "x"\r\n',
        f"IESI-KG-Query: {'q' * 16}\r\nIESI-KG-Query-Secret: {'s' * 16}\r\n",
        "Content-Type: text/plain\r\n",
    ],
)
def test_a_header_that_says_more_is_not_learned(service: Service, more: str) -> None:
    assert service.ask(f"{LOOKUP} # {more[:4]}", HEADER + more)[0] == 200
    assert "iesi_kg.manner" not in service.sent[0]


def test_only_what_is_a_whole_request_by_itself_is_learned() -> None:
    shortcut, manner = Shortcut(Meter()), Manner("somebody", Allowance("a", 1.0, 1, 1, 1, 1, 1), None, gzip=False)
    whole = request(LOOKUP)
    for other in (whole + b"body", whole + b"\r\n\r\n", whole[:-2], whole.replace(b"GET /", b"GET http://e/")):
        shortcut.learn("a", "b", other, manner)
    shortcut.learn("a", "b", request(LOOKUP, f"{HEADER}X: {'x' * 2_000}\r\n"), manner)
    assert not shortcut._manners
    for number in range(2_000):
        shortcut.learn("a", f"10.0.0.{number}", whole, manner)
    assert len(shortcut._manners) == 512


def test_each_is_counted_and_limited(service: Service) -> None:
    service.learn()
    site, meter = service.app.state.site, service.app.meter
    before = meter.answers["sparql", "GET", 200]
    buckets = sum(meter.buckets["sparql"])
    narrow = Manner("one who asks much", Allowance("anonymous", 1.0, 10_000, 100, 1, 1, 2), None, gzip=False)
    service.app.shortcut.learn("127.0.0.1", "10.0.0.9", request(LOOKUP), narrow)
    answers = [service.at_once(f"{LOOKUP} # {number} of many", peer="10.0.0.9") for number in range(4)]
    assert [answer is not None for answer in answers] == [True, True, False, False]
    assert meter.answers["sparql", "GET", 200] == before + 2
    assert sum(meter.buckets["sparql"]) == buckets + 2
    assert site.turnstile._accounts["one who asks much"].running == 0


def test_the_next_version_is_answered_from_when_it_is_there(service: Service) -> None:
    service.learn()
    text = "SELECT ?o { <urn:new> <urn:p> ?o }"
    first = service.at_once(text)
    assert first is not None
    with service.store.writer() as writer:
        writer.commit(ChangeSet("more", add=[Quad(NamedNode("urn:new"), NamedNode("urn:p"), Literal("here"))]))
    service.run(service.app.state.site.pool.reach(service.app.state.site.pool.version + 1, 20))
    assert service.at_once(text) is None or b"here" in service.at_once(text + " ")[2]  # type: ignore[index]
    await_copy(service)
    later = service.at_once(text)
    assert later is not None
    assert b'"here"' not in first[2]
    assert b'"here"' in later[2]
    assert re.search(rb"iesi-kg-version: 2\r\n", later[1])


def test_on_a_connection(server: Any) -> None:  # noqa: ANN401
    """The second query of a connection and all later ones have the headers of the first."""
    opened = Talk(server)
    heads = []
    for number in range(5):
        head, body = opened.ask(
            request(f"SELECT ?v {{ <http://example.org/number/{number}> ?p ?v }}", "Host: e\r\n").decode()
        )
        assert f'"value":"{number}"'.encode() in body
        heads.append(re.sub(rb'etag: "\w+"|content-length: \d+', b"", head))
    assert len(set(heads)) == 1
    assert b"iesi-kg-cache: miss" in heads[0]
    opened.close()
