"""A query answered by us in parts gives what the engine gives that asks the same peer itself, without bounds."""

from __future__ import annotations

import random
from collections import Counter

import pyoxigraph
import pytest
from loopback_peers import HERE, Running

from running_server import Server

PREFIX = "PREFIX ex: <http://example.org/>\n"
QUERIES = [
    "SELECT * { ?t ex:people ?n SERVICE X { ?t ex:mayor ?m } }",
    "SELECT * { SERVICE X { ?t ex:mayor ?m } ?t ex:people ?n }",
    "SELECT * { SERVICE X { ?t ex:mayor ?m } }",
    "SELECT * { ?t ex:people ?n OPTIONAL { SERVICE X { ?t ex:mayor ?m } } }",
    "SELECT * { ?t ex:people ?n OPTIONAL { ?t ex:code ?c SERVICE X { ?t ex:mayor ?m } FILTER(?n > 300000) } }",
    "SELECT * { ?t ex:country ?c OPTIONAL { SERVICE X { ?t ex:twin ?u } ?u ex:people ?n } ?u ex:country ?d }",
    "SELECT * { SERVICE X { ?t ex:mayor ?m OPTIONAL { ?t ex:twin ?u } } ?u ex:people ?n }",
    "SELECT * { ?u ex:people ?n SERVICE X { ?t ex:mayor ?m OPTIONAL { ?t ex:twin ?u } } }",
    "SELECT * { OPTIONAL { ?t ex:code ?c } SERVICE X { ?t ex:mayor ?m } }",
    "SELECT * { ?t ex:people ?n SERVICE X { ?t ex:mayor ?m } MINUS { ?t ex:code ?c } }",
    "SELECT * { ?t ex:people ?n MINUS { ?t ex:code ?c } SERVICE X { ?t ex:mayor ?m } }",
    "SELECT * { SERVICE X { ?t ex:mayor ?m } BIND(STR(?m) AS ?s) ?t ex:people ?n FILTER(?n > 300000) }",
    "SELECT * { ?t ex:people ?n SERVICE X { ?t ex:twin ?u } SERVICE X { ?u ex:mayor ?m } }",
    "SELECT * { ?t ex:code ?c SERVICE X { ?u ex:code ?c } }",
    "SELECT * { VALUES ?t { ex:riga ex:nowhere } SERVICE X { ?t ex:mayor ?m } }",
    "SELECT ?t { SERVICE X { SELECT ?t (COUNT(?u) AS ?k) { ?t ex:twin ?u } GROUP BY ?t } ?t ex:people ?n }",
    "SELECT (COUNT(*) AS ?k) { ?t ex:people ?n SERVICE X { ?t ex:twin ?u } }",
    "SELECT * { ?t ex:people ?n SERVICE X { FILTER(BOUND(?t)) } }",
    "SELECT * { ?t ex:people ?n SERVICE X { ?a ex:twin ?b FILTER(!BOUND(?t)) } }",
    "SELECT * { ?t ex:nothing ?n SERVICE X { ?t ex:mayor ?m } }",
    "SELECT * { { ?t ex:people ?n } UNION { ?t ex:twin ?n } SERVICE X { ?t ex:mayor ?m } }",
    "SELECT * { ?t ex:people ?n OPTIONAL { OPTIONAL { SERVICE X { ?t ex:twin ?u } } ?u ex:country ?c } }",
    "SELECT * { ?t ex:people ?n FILTER NOT EXISTS { ?t ex:code ?c } SERVICE X { ?t ex:mayor ?m } }",
    "SELECT DISTINCT ?m { SERVICE X { ?t ex:mayor ?m } } ORDER BY ?m LIMIT 2",
    "SELECT * { ?t ex:people ?n SERVICE X { ?t ex:mayor ?m } } VALUES ?t { ex:oslo }",
    "SELECT * { SERVICE X {} ?t ex:code ?c }",
    "SELECT * { ?t ex:country ?c OPTIONAL { SERVICE X { ?t ex:twin ?u } } ?u ex:code ?k }",
    "ASK { ?t ex:people ?n SERVICE X { ?t ex:mayor ?m } }",
    "CONSTRUCT { ?t ex:led ?m } { ?t ex:people ?n SERVICE X { ?t ex:mayor ?m } }",
    "SELECT * { SERVICE X { ex:pori ex:weight ?w } }",
    "SELECT * { # SERVICE <urn:x> and }\n ?t ex:people ?n # more\n SERVICE X { # in }\n ?t ex:mayor ?m } }",
    "SELECT * { ?t ex:people ?n . SERVICE X { ?t ex:mayor 'SERVICE <urn:x> { }' } . }",
]


@pytest.fixture(scope="module")
def here() -> pyoxigraph.Store:
    store = pyoxigraph.Store()
    store.load(HERE.encode(), pyoxigraph.RdfFormat.TURTLE)
    return store


def compare(here: pyoxigraph.Store, oxigraph: Running, service: Server, text: str) -> int:
    """The same answer from both; how many rows it had."""
    text = PREFIX + text.replace("SERVICE X", f"SERVICE <{oxigraph.endpoint}>")
    reply = service.query(text, "application/sparql-results+json, application/n-triples;q=0.9")
    assert reply.status == 200, reply.text
    assert reply.headers["IESI-KG-Services"].count("answered=?1") == text.count(f"<{oxigraph.endpoint}>")
    expected = here.query(text)
    if isinstance(expected, pyoxigraph.QueryTriples):
        assert sorted(reply.text.split("\n")) == sorted(["", *(f"{triple} ." for triple in expected)])
        return 1
    found = pyoxigraph.parse_query_results(reply.body, pyoxigraph.QueryResultsFormat.JSON)
    if isinstance(expected, pyoxigraph.QueryBoolean):
        assert isinstance(found, pyoxigraph.QueryBoolean) and bool(found) == bool(expected)
        return 1
    assert isinstance(expected, pyoxigraph.QuerySolutions) and isinstance(found, pyoxigraph.QuerySolutions)
    names = sorted(variable.value for variable in expected.variables)
    assert sorted(variable.value for variable in found.variables) == names
    ours, theirs = (Counter(tuple(str(row[name]) for name in names) for row in rows) for rows in (found, expected))
    assert ours == theirs, text
    return sum(ours.values())


@pytest.mark.parametrize("text", QUERIES)
def test_by_hand(here: pyoxigraph.Store, oxigraph: Running, service: Server, text: str) -> None:
    compare(here, oxigraph, service, text)


# Each has several right answers, in all of which the same number of mayors is counted.
WAVERING = [
    ("{ SELECT ?t { ?t ex:code ?c } LIMIT 1 } SERVICE X { ?t ex:mayor ?m }", "1"),
    ("SERVICE X { ?t ex:mayor ?m } { SELECT (SAMPLE(?x) AS ?t) { ?x ex:code ?c } }", "1"),
    ("BIND(IF(RAND() < 0.5, ex:riga, ex:oulu) AS ?t) SERVICE X { ?t ex:mayor ?m }", "1"),
    ("VALUES ?t { ex:riga ex:oulu ex:oslo ex:pori } SERVICE X { { SELECT ?t ?m { ?t ex:mayor ?m } LIMIT 2 } }", "2"),
]
ELEMENTS = [
    "?t ex:people ?n .",
    "?t ex:country ?c .",
    "OPTIONAL { ?t ex:code ?k }",
    "OPTIONAL { ?u ex:country ?d }",
    "?u ex:code ?q .",
    "FILTER(?n > 220000)",
    "FILTER(!BOUND(?k))",
    "MINUS { ?t ex:code 'riga' }",
    "BIND(ex:oslo AS ?w)",
    "VALUES ?t { ex:riga ex:oslo ex:pori }",
    "{ ?u ex:people ?v } UNION { ?t ex:code ?k }",
]
SERVICES = [
    "SERVICE X { ?t ex:mayor ?m }",
    "SERVICE X { ?t ex:twin ?u }",
    "SERVICE X { ?t ex:mayor ?m OPTIONAL { ?t ex:twin ?u } }",
    "OPTIONAL { SERVICE X { ?t ex:twin ?u } }",
    "OPTIONAL { ?t ex:country ?c SERVICE X { ?t ex:mayor ?m } OPTIONAL { ?t ex:code ?k } }",
]


@pytest.mark.parametrize(("text", "count"), WAVERING, ids=[text for text, _ in WAVERING])
def test_what_may_come_out_otherwise_is_evaluated_once(
    oxigraph: Running, service: Server, text: str, count: str
) -> None:
    pattern = text.replace("SERVICE X", f"SERVICE <{oxigraph.endpoint}>")
    for _ in range(6):
        reply = service.query(f"{PREFIX}SELECT (COUNT(?m) AS ?k) {{ {pattern} }}", "text/csv")
        assert (reply.status, reply.text) == (200, f"k\r\n{count}\r\n")


def test_in_any_order(here: pyoxigraph.Store, oxigraph: Running, service: Server) -> None:
    """Parts drawn at random and put in random order: what is sent along must never change what is found."""
    chance = random.Random(20261122)
    rows = 0
    for _ in range(80):
        parts = chance.sample(ELEMENTS, chance.randint(1, 4)) + chance.sample(SERVICES, chance.randint(1, 2))
        chance.shuffle(parts)
        assigned = [part for part in parts if not (part.startswith("BIND") and parts.index(part) != len(parts) - 1)]
        rows += compare(here, oxigraph, service, f"SELECT * {{ {' '.join(assigned)} }}")
    assert rows > 150
