"""LOAD: for those who may write and show a token, from addresses that the list of peers offers, whole or not at all."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from urllib.parse import quote

import pytest
from loopback_peers import Running, entries, write_list
from wrong_peer import WrongPeer

from iesi_kg.operations.tokens import Grant, Tokens
from running_server import Reply, Server, serving

WORKSPACE = "https://example.org/workspace"


@pytest.fixture(scope="module")
def token(service: Server) -> str:
    grant = Grant("loader", frozenset({"write"}), graphs=(WORKSPACE,))
    return Tokens(service.store).create(grant, datetime.now(UTC))[1]


def update(server: Server, text: str, token: str | None = None) -> Reply:
    headers = {"Content-Type": "application/sparql-update"}
    return server.ask("POST", "/update", headers | ({"Authorization": f"Bearer {token}"} if token else {}), text)


def held(server: Server, graph: str = WORKSPACE) -> list[str]:
    reply = server.query(f"SELECT ?s ?p ?o {{ GRAPH <{graph}> {{ ?s ?p ?o }} }} ORDER BY ?p", "text/csv")
    return reply.text.split()[1:]


def test_without_a_token_nothing_is_fetched(service: Server, wrong: WrongPeer) -> None:
    before = wrong.seen["graph"]
    reply = update(service, f"LOAD <{wrong.url}/graph> INTO GRAPH <{WORKSPACE}>")
    assert reply.status == 401
    assert wrong.seen["graph"] == before


def test_into_a_workspace(service: Server, wrong: WrongPeer, token: str) -> None:
    into = f"INTO GRAPH <{WORKSPACE}>"
    text = f"PREFIX p: <{wrong.url}/> LOAD p:graph {into} ; LOAD SILENT p:nowhere {into}"
    assert update(service, text, token).status == 204
    assert held(service) == ["urn:a,urn:b,urn:c"]
    assert update(service, f"DROP GRAPH <{WORKSPACE}>", token).status == 204


def test_only_into_the_graphs_of_the_token(service: Server, wrong: WrongPeer, token: str) -> None:
    for into in ("", " INTO GRAPH <https://example.org/other>"):
        reply = update(service, f"LOAD <{wrong.url}/graph>{into}", token)
        assert (reply.status, json.loads(reply.text)["type"]) == (403, "/problems/forbidden")
    assert held(service, "https://example.org/other") == []


@pytest.mark.parametrize(
    ("document", "status", "words"),
    [
        ("http://127.0.0.1:1/x", 403, "no peer offers this address"),
        ("file:///etc/passwd", 403, "no peer offers this address"),
        ("http://169.254.169.254/latest/", 403, "no peer offers this address"),
        ("X/graph/../hang", 403, "no peer offers this address"),
        ("X/graph/%2e%2e/hang", 403, "no peer offers this address"),
        ("X/graphs", 403, "no peer offers this address"),
        ("X/moved", 502, "/good, which its entry does not offer for LOAD"),
        ("X/circle", 502, "redirected more than 3 times"),
        ("X/html", 502, "came as text/html"),
        ("X/doctype", 502, "declares a DOCTYPE"),
        ("X/not-turtle", 502, "cannot be read as text/turtle"),
        ("X/huge", 502, "larger than 200,000 bytes"),
        ("X/hang", 504, "no whole answer within 1 seconds"),
    ],
)
def test_refused(service: Server, wrong: WrongPeer, token: str, document: str, status: int, words: str) -> None:
    before = f"INSERT DATA {{ GRAPH <{WORKSPACE}> {{ <urn:s> <urn:p> 1 }} }}"
    text = f"{before} ; LOAD <{document.replace('X', wrong.url)}> INTO GRAPH <{WORKSPACE}>"
    reply = update(service, text, token)
    assert (reply.status, words in json.loads(reply.text)["detail"]) == (status, True), reply.text
    assert held(service) == []


@pytest.mark.parametrize("text", ["LOAD", "LOAD <X/graph> INTO", "LOAD ?x", "LOAD <X/graph> <X/graph>", "LOAD 'X'"])
def test_bad_syntax_fetches_nothing(service: Server, wrong: WrongPeer, token: str, text: str) -> None:
    before = wrong.seen["graph"]
    reply = update(service, text.replace("X", wrong.url), token)
    assert (reply.status, json.loads(reply.text)["type"]) == (400, "/problems/query-syntax-error")
    assert wrong.seen["graph"] == before


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory, oxigraph: Running, wrong: WrongPeer) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("scratch")
    patient = [entry | {"seconds": 20} for entry in entries(oxigraph, wrong)]
    peers = write_list(folder / "peers.json", patient)
    with serving(folder / "store", "--scratch", peers=peers, token="secret", query_processes=1) as running:
        yield running


def test_a_scratch_store(scratch: Server, wrong: WrongPeer) -> None:
    """A token opens LOAD there too (a store that is open on loopback fetches for nobody: tests/web/test_scratch.py).

    A document read twice brings its blank nodes twice, and its relative names are those of its own address.
    """
    assert update(scratch, f"LOAD <{wrong.url}/graph>").status == 401
    assert update(scratch, f"LOAD <{wrong.url}/graph>", "secret").status == 204
    assert scratch.query("SELECT * { ?s ?p ?o }", "text/csv").text == "s,p,o\r\nurn:a,urn:b,urn:c\r\n"
    load = f"LOAD <{wrong.url}/nodes>"
    assert update(scratch, f"DROP ALL ; {load} ; {load}", "secret").status == 204
    found = scratch.query(f"SELECT ?text {{ ?a <{wrong.url}/b> [ <{wrong.url}/c> ?text ] }}", "text/csv")
    assert found.text == "text\r\n" + 2 * "SERVICE } A\r\n"


def test_who_hangs_up_is_not_asked_for(scratch: Server, wrong: WrongPeer) -> None:
    """When the client has gone, so has the connection to the peer."""
    text = quote(f"SELECT * {{ SERVICE <{wrong.url}/watch> {{ ?t ?p ?m }} }}")
    with socket.create_connection(scratch.address) as client:
        client.sendall(f"GET /sparql?query={text} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        waited(lambda: bool(wrong.seen["watch"]))
    waited(lambda: bool(wrong.left))
    assert wrong.left == [True]


def waited(until: Callable[[], bool]) -> None:
    limit = time.monotonic() + 15
    while not until() and time.monotonic() < limit:
        time.sleep(0.02)
    assert until()


def test_an_answer_is_of_one_version(scratch: Server, wrong: WrongPeer) -> None:
    """The graph changes while a peer is asked: what was sent to it is of the old version, so all is asked again."""
    assert update(scratch, "INSERT DATA { <urn:town> <urn:name> 'old' }", "secret").status == 204
    text = f"SELECT ?name ?t {{ ?town <urn:name> ?name SERVICE <{wrong.url}/gate> {{ ?t ?p ?m }} }}"
    replies: list[Reply] = []
    asking = threading.Thread(target=lambda: replies.append(scratch.query(text, "text/csv")))
    asking.start()
    waited(lambda: bool(wrong.seen["gate"]))
    change = "DELETE DATA { <urn:town> <urn:name> 'old' } ; INSERT DATA { <urn:town> <urn:name> 'new' }"
    done = update(scratch, change, "secret")
    wrong.gate.set()
    asking.join(timeout=30)
    assert replies[0].text == "name,t\r\nnew,http://example.org/riga\r\n"
    assert replies[0].headers["IESI-KG-Version"] == done.headers["IESI-KG-Version"]
    assert wrong.seen["gate"] == 2
