"""Queries that would never end, never fit or never parse: each one fails whole, and the others do not notice."""

from __future__ import annotations

import json
import threading
import time

import pytest

from running_server import Reply, Server

RUNAWAY = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"
SORTING = "SELECT * { ?a ?b ?c . ?d ?e ?f } ORDER BY ?f ?c ?a"


def document(reply: Reply) -> dict[str, object]:
    assert reply.headers["Content-Type"] == "application/problem+json"
    loaded: dict[str, object] = json.loads(reply.body)
    return loaded


@pytest.mark.parametrize("text", [RUNAWAY, SORTING])
def test_a_runaway_is_stopped_and_others_are_answered(server: Server, text: str) -> None:
    replies: list[Reply] = []

    def run(number: int) -> None:
        replies.append(server.query(f"{text} # {number}"))

    runaways = [threading.Thread(target=run, args=(number,)) for number in range(2)]
    begun = time.monotonic()
    for thread in runaways:
        thread.start()
    time.sleep(0.3)
    waits = []
    for n in range(20):
        asked = time.monotonic()
        assert server.query(f"ASK {{ <http://example.org/number/{n}> ?p ?o }} # {text[:9]}").status == 200
        waits.append(time.monotonic() - asked)
    for thread in runaways:
        thread.join()
    assert time.monotonic() - begun < 15
    assert sorted(waits)[15] < 0.5, waits
    for reply in replies:
        # the clock or the memory ends it, whichever is met first; never a 200
        assert reply.status in (503, 504), reply.text
        assert document(reply)["hint"]
    if text is RUNAWAY:
        assert {reply.status for reply in replies} == {504}
        assert {document(reply)["limit_seconds"] for reply in replies} == {2}


def test_too_large_a_result(server: Server) -> None:
    value = "<http://example.org/value>"
    reply = server.query(f"SELECT * {{ ?a {value} ?b . ?c {value} ?d FILTER(?b < 4) }}")
    assert reply.status == 503
    assert "bytes" in reply.text


def test_too_many_rows(server: Server) -> None:
    text = "SELECT ?n { ?a <http://example.org/value> ?b . ?c <http://example.org/value> ?n FILTER(?b < 6) }"
    assert server.query(text.replace("< 6", "< 5"), "text/csv").status == 200
    reply = server.query(text, "text/csv")
    assert reply.status == 503
    assert "rows" in reply.text


def test_nesting(server: Server) -> None:
    nested = "ASK { FILTER(" + "(" * 50_000
    reply = server.ask("POST", "/sparql", {"Content-Type": "application/sparql-query"}, nested)
    assert reply.status == 403
    assert document(reply)["limit"] == "query_nesting"


def test_a_query_of_a_megabyte(server: Server) -> None:
    long = "ASK { ?s ?p '" + "x" * 1_000_000 + "' }"
    direct = {"Content-Type": "application/sparql-query"}
    assert server.ask("POST", "/sparql", direct, long).status == 413
    assert document(server.ask("POST", "/sparql", direct, long[:200_000]))["limit"] == "query_length"
    assert server.query("ASK {}").status == 200


def test_chunked_body_beyond_the_limit(server: Server) -> None:
    import http.client

    connection = http.client.HTTPConnection(*server.address, timeout=20)
    pieces = (b"x" * 50_000 for _ in range(40))
    try:
        connection.request(
            "POST", "/sparql", body=pieces, headers={"Content-Type": "application/sparql-query"}, encode_chunked=True
        )
        assert connection.getresponse().status == 413
    except (BrokenPipeError, ConnectionResetError):
        pass  # the service need not read to the end what it has refused
    finally:
        connection.close()
    assert server.query("ASK {}").status == 200
