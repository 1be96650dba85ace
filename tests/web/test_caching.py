"""Entity tags, conditional requests, gzip: what may be kept, and what must not."""

from __future__ import annotations

import gzip
from urllib.parse import quote

import pytest

from running_server import Server

MANY = "SELECT ?s { ?s <http://example.org/value> ?o } ORDER BY ?o LIMIT 200"


def test_the_same_answer_has_the_same_tag(server: Server) -> None:
    first, second = server.query(MANY), server.query(MANY)
    assert first.headers["ETag"] == second.headers["ETag"]
    assert first.body == second.body
    assert first.headers["Cache-Control"] == "public, no-cache"
    assert first.headers["Vary"] == "Accept, Accept-Encoding"


def test_tags_tell_forms_apart(server: Server) -> None:
    replies = [
        server.query(MANY),
        server.query(MANY, "text/csv"),
        server.query(MANY, Accept_Encoding="gzip"),
        server.query(MANY + " "),
        server.ask("GET", f"/sparql?query={quote(MANY)}&default-graph-uri=http://example.org/graph/a"),
        server.ask("GET", f"/sparql?query={quote(MANY)}&named-graph-uri=http://example.org/graph/a"),
    ]
    assert len({reply.headers["ETag"] for reply in replies}) == len(replies)


@pytest.mark.parametrize("shape", ["{}", "W/{}", '"other", {}', "*"])
def test_not_modified(server: Server, shape: str) -> None:
    tag = server.query(MANY).headers["ETag"]
    reply = server.query(MANY, If_None_Match=shape.format(tag))
    assert (reply.status, reply.body) == (304, b"")
    assert reply.headers["ETag"] == tag
    assert reply.headers["Vary"] == "Accept, Accept-Encoding"
    assert reply.headers["Content-Length"] is None


def test_not_modified_before_the_query_runs(server: Server) -> None:
    """A tag that can only be right is answered without evaluation, even where the query would never end."""
    tag = server.query(MANY).headers["ETag"]
    assert server.query(MANY, If_None_Match='"another"').status == 200
    assert server.query(MANY, "text/csv", If_None_Match=tag).status == 200


def test_gzip(server: Server) -> None:
    plain, packed = server.query(MANY), server.query(MANY, Accept_Encoding="gzip")
    assert packed.headers["Content-Encoding"] == "gzip"
    assert int(packed.headers["Content-Length"]) == len(packed.body) < len(plain.body) / 4
    assert gzip.decompress(packed.body) == plain.body
    assert server.query(MANY, Accept_Encoding="gzip").body == packed.body
    tag = packed.headers["ETag"]
    assert server.query(MANY, Accept_Encoding="gzip", If_None_Match=tag).status == 304
    assert server.query(MANY, If_None_Match=tag).status in (200, 304)


def test_small_answers_are_not_packed(server: Server) -> None:
    assert server.query("ASK {}", Accept_Encoding="gzip").headers["Content-Encoding"] is None


def test_head_of_packed(server: Server) -> None:
    got = server.query(MANY, Accept_Encoding="gzip")
    head = server.ask("HEAD", f"/sparql?query={quote(MANY)}", {"Accept-Encoding": "gzip"})
    assert head.headers["Content-Length"] == got.headers["Content-Length"]
    assert head.headers["Content-Encoding"] == "gzip"


@pytest.mark.parametrize(
    "text", ["SELECT (RAND() AS ?x) {}", "SELECT (STRUUID() AS ?x) {}", "SELECT ?x { BIND(UUID() AS ?x) FILTER(1<2) }"]
)
def test_volatile_answers_are_never_kept(server: Server, text: str) -> None:
    first, second = server.query(text), server.query(text, If_None_Match="*")
    assert first.status == second.status == 200
    assert first.body != second.body
    assert first.headers["Cache-Control"] == "no-store"
    assert first.headers["ETag"] is None


def test_errors_are_not_kept(server: Server) -> None:
    assert server.query("ASK { ?s ?p }").headers["Cache-Control"] == "no-store"
    assert server.query("ASK { ?s ?p }").headers["ETag"] is None


def test_cross_origin_headers_are_exposed(server: Server) -> None:
    exposed = server.query("ASK {}").headers["Access-Control-Expose-Headers"]
    for name in ("ETag", "IESI-KG-Version", "Retry-After", "Link", "Content-Location"):
        assert name in exposed


def test_a_post_is_answered_whole(server: Server) -> None:
    """If-None-Match gives 304 to GET and HEAD only (RFC 9110 section 13.1.2)."""
    direct = {"Content-Type": "application/sparql-query"}
    tag = server.ask("POST", "/sparql", direct, MANY).headers["ETag"]
    assert tag
    assert server.ask("POST", "/sparql", direct | {"If-None-Match": tag}, MANY).status == 200
