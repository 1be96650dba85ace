"""Bodies made to exhaust whoever reads them: refused or cut at bounded cost, and the next request is answered."""

from __future__ import annotations

import gzip
import json
import socket
from collections.abc import Iterator

import psutil
import pytest

from running_server import Reply, Server, start, stop
from running_server import _first_address as first_address

MOST = 2_000_000
DEEP = 20_000
LAUGHS = (
    '<!DOCTYPE r [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(12))
    + ']><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:e="urn:e:">'
    '<rdf:Description rdf:about="urn:s"><e:p>&m;</e:p></rdf:Description></rdf:RDF>'
)
OUTSIDE = (
    '<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:e="urn:e:">'
    '<rdf:Description rdf:about="urn:s"><e:p>&a;</e:p></rdf:Description></rdf:RDF>'
)
BOMBS = {
    "entities that multiply": ("application/rdf+xml", LAUGHS.encode()),
    "an entity outside": ("application/rdf+xml", OUTSIDE.encode()),
    "deep JSON": ("application/ld+json", b'{"urn:p":' * DEEP + b"1" + b"}" * DEEP),
    "deep lists of JSON": ("application/ld+json", b"[" * DEEP + b"]" * DEEP),
    "deep blank nodes": ("text/turtle", b"<urn:s> <urn:p> " + b"[ <urn:p> " * DEEP + b"1" + b" ]" * DEEP + b" ."),
    "deep lists": ("text/turtle", b"<urn:s> <urn:p> " + b"( " * DEEP + b"1" + b" )" * DEEP + b" ."),
    "a body without end": ("text/turtle", b"<urn:s> <urn:p> 1 . " * (MOST // 10)),
}


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    store = tmp_path_factory.mktemp("bombs") / "store"
    process = start(store, "--scratch", upload_bytes=MOST, query_seconds=5)
    try:
        yield Server(first_address(process), store, process)
    finally:
        stop(process)


def memory(server: Server) -> int:
    return int(psutil.Process(server.process.pid).memory_info().rss)


@pytest.mark.parametrize("bomb", BOMBS)
def test_graph_store(scratch: Server, bomb: str) -> None:
    """What is deep and yet valid may be stored, as long as that stays within the limits of one query."""
    kind, body = BOMBS[bomb]
    before = memory(scratch)
    reply = scratch.ask("PUT", f"/graph?graph=urn:{bomb.replace(' ', '-')}", {"Content-Type": kind}, body)
    accepted = (201, 204) if bomb in ("deep blank nodes", "deep lists") else ()
    assert reply.status in (400, 403, 413, 503, 504, *accepted), reply.text[:300]
    assert b"root:" not in reply.body
    assert memory(scratch) < before + 200_000_000
    assert scratch.query("ASK { GRAPH <urn:entities-that-multiply> { ?s ?p ?o } }").body.endswith(b"false}")


def test_nested_json_is_refused_where_it_gets_too_deep(scratch: Server) -> None:
    """A hundred brackets are read; the hundred and first is refused with its line; brackets in texts are none."""

    def put(deep: int, text: str) -> Reply:
        body = '{"urn:p":\n' * deep + f'{{"urn:q": "{text}"}}' + "}" * deep
        return scratch.ask("PUT", "/graph?graph=urn:nested", {"Content-Type": "application/ld+json"}, body)

    assert put(99, '\\\\ \\" {[{[').status == 201
    refused = put(100, "")
    problem = json.loads(refused.body)
    assert (refused.status, problem["maximum"]) == (400, 100)
    assert problem["detail"] == "the body, line 101: brackets are nested more than 100 deep"
    assert (
        scratch.query("SELECT (COUNT(*) AS ?n) { GRAPH <urn:nested> { ?s ?p ?o } }", "text/csv").text == "n\r\n100\r\n"
    )


def test_a_context_elsewhere_is_not_fetched(scratch: Server) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/context"
        body = f'{{"@context": "{address}", "@id": "urn:s", "name": "x"}}'
        reply = scratch.ask("PUT", "/graph?graph=urn:bomb", {"Content-Type": "application/ld+json"}, body)
        assert reply.status == 400
        listener.settimeout(0.3)
        with pytest.raises(TimeoutError):
            listener.accept()


@pytest.mark.parametrize("path", ["/graph?graph=urn:bomb", "/update", "/sparql"])
def test_packed_bodies(scratch: Server, path: str) -> None:
    packed = gzip.compress(bytes(10_000_000))
    method = "PUT" if path.startswith("/graph") else "POST"
    kind = {"/update": "application/sparql-update", "/sparql": "application/sparql-query"}.get(path, "text/turtle")
    reply = scratch.ask(method, path, {"Content-Type": kind, "Content-Encoding": "gzip"}, packed)
    assert (reply.status, reply.headers["Accept-Encoding"]) == (415, "identity")


@pytest.mark.parametrize("bomb", [name for name in BOMBS if name != "a body without end"])
def test_files_to_check(server: Server, bomb: str) -> None:
    kind, body = BOMBS[bomb]
    head = f'--x\r\nContent-Disposition: form-data; name="file"; filename="bomb"\r\nContent-Type: {kind}\r\n\r\n'
    form = head.encode() + body + b"\r\n--x--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=x", "Accept": "application/json"}
    reply = server.ask("POST", "/check", headers, form)
    assert reply.status == 400, reply.text[:300]
    assert b"root:" not in reply.body
    assert server.query("ASK {} # after the bomb").status == 200
