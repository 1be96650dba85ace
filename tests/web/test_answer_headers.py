"""Answers say version, rows, time and whether they were kept; no rows, a misspelt name and a wrong prefix say why."""

from __future__ import annotations

import json
import re
from urllib.parse import quote

import pytest

from running_server import Server

VALUE = "<http://example.org/value>"
ACCEPTED = [
    "application/sparql-results+json", "application/sparql-results+xml", "text/csv", "text/tab-separated-values",
]  # fmt: skip
GRAPHS = ["text/turtle", "application/n-triples", "application/rdf+xml", "application/ld+json"]


@pytest.mark.parametrize("accept", ACCEPTED)
def test_rows_time_and_origin_of_a_table(server: Server, accept: str) -> None:
    text = f"SELECT ?s ?n {{ ?s {VALUE} ?n FILTER(?n < 37) }} # {accept}"
    first, second = server.query(text, accept), server.query(text, accept)
    assert [reply.headers["IESI-KG-Rows"] for reply in (first, second)] == ["37", "37"]
    assert [reply.headers["IESI-KG-Cache"] for reply in (first, second)] == ["miss", "hit"]
    assert re.fullmatch(r"wait;dur=[0-9.]+, query;dur=[0-9.]+", first.headers["Server-Timing"])
    assert second.headers["Server-Timing"] == first.headers["Server-Timing"]
    assert first.headers["IESI-KG-Version"] == "1"
    assert second.body == first.body


@pytest.mark.parametrize("accept", GRAPHS)
def test_rows_of_a_graph(server: Server, accept: str) -> None:
    text = f"CONSTRUCT {{ ?s {VALUE} ?n }} WHERE {{ ?s {VALUE} ?n FILTER(?n < 21) }}"
    assert server.query(text, accept).headers["IESI-KG-Rows"] == "21"


def test_rows_of_other_forms(server: Server) -> None:
    assert server.query("ASK { ?s ?p ?o }").headers["IESI-KG-Rows"] == "1"
    assert server.query("SELECT * { ?s <urn:none> ?o }").headers["IESI-KG-Rows"] == "0"
    packed = server.query(f"SELECT * {{ ?s {VALUE} ?o }}", Accept_Encoding="gzip")
    assert (packed.headers["IESI-KG-Rows"], packed.headers["Content-Encoding"]) == ("1000", "gzip")


def test_what_is_never_kept_is_never_a_hit(server: Server) -> None:
    text = "SELECT (NOW() AS ?now) {}"
    assert [server.query(text).headers["IESI-KG-Cache"] for _ in range(2)] == ["miss", "miss"]


def test_scripts_of_other_origins_may_read_and_send_them(server: Server) -> None:
    exposed = server.query("ASK {}").headers["Access-Control-Expose-Headers"]
    for name in ("IESI-KG-Rows", "IESI-KG-Cache", "IESI-KG-Hint", "Server-Timing", "IESI-KG-Limits"):
        assert name in exposed
    allowed = server.ask("OPTIONS", "/sparql").headers["Access-Control-Allow-Headers"]
    assert "IESI-KG-Query, IESI-KG-Query-Secret" in allowed


def test_errors_say_the_time_that_passed(server: Server) -> None:
    problem = json.loads(server.query("SELECT nonsense").body)
    assert 0 <= problem["elapsed_seconds"] < 5
    assert problem["line"] == 1


OURS = "PREFIX iesi: <https://w3id.org/iesi-kg/ontology#> "


def test_no_rows_because_of_a_misspelt_term(server: Server) -> None:
    reply = server.query(OURS + 'SELECT * { ?i iesi:contry ?c . ?i ?p "iesi:nonsense" }')
    assert reply.headers["IESI-KG-Rows"] == "0"
    assert reply.headers["IESI-KG-Hint"] == "the ontology has no term contry; the nearest is country"
    assert server.query(OURS + "SELECT * { ?i iesi:country ?c }").headers["IESI-KG-Hint"] is None


def test_an_unknown_prefix_and_the_nearest_one(server: Server) -> None:
    hint = json.loads(server.query("ASK { ?s isei:country ?o }").body)["hint"]
    assert "`iesi:`" in hint
    assert "PREFIX iesi: <https://w3id.org/iesi-kg/ontology#>" in hint
    near = json.loads(server.query("PREFIX example: <http://example.org/> ASK { ?s exmple:value ?o }").body)
    assert near["hint"] == "did you mean `example:`?"


def page(server: Server, text: str) -> str:
    return server.ask("GET", f"/sparql?query={quote(text)}", {"Accept": "text/html"}).text


def test_the_page_names_the_pattern_that_matches_nothing(server: Server) -> None:
    text = f"SELECT * {{\n ?s {VALUE} ?n .\n ?s <http://example.org/never> ?x }}"
    assert "line 3: nothing matches `?s &lt;http://example.org/never&gt; ?x`" in page(server, text)


def test_the_page_says_when_only_the_combination_matches_nothing(server: Server) -> None:
    text = f"SELECT * {{ ?s {VALUE} ?n ; <http://example.org/year> ?y }}"
    assert "each pattern matches something by itself" in page(server, text)


def test_the_page_looks_no_further_than_a_moment(server: Server) -> None:
    heavy = "?a ?b ?c" + "".join(f" . ?a{n} ?b{n} ?c{n} FILTER(STRLEN(STR(?c{n})) < 0)" for n in range(1))
    assert "No solution" in page(server, f"SELECT * {{ {heavy} }}")
