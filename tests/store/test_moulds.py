"""Queries read by their mould: the same as read by themselves, and what the engine gets answers the same."""

from __future__ import annotations

import random

import pytest
from pyoxigraph import Literal, NamedNode, Quad, QuerySolutions, Store

from iesi_kg.store.moulds import recalled
from iesi_kg.store.plain import plain

SEED = 20_261_123
PROLOGUE = 'PREFIX u: <urn:> # a # comment <urn:x> "\nPREFIX : <urn:x#>\nprefix un.used: <urn:un/>\n'


@pytest.fixture(scope="module")
def graph() -> Store:
    store = Store()
    for number in range(6):
        thing = NamedNode(f"urn:{'abcdef'[number]}")
        store.add(Quad(thing, NamedNode("urn:p"), NamedNode(f"urn:{'bcdefa'[number]}")))
        store.add(Quad(thing, NamedNode("urn:x#q"), Literal(f"{number % 2} # it's <urn:x>")))
        store.add(Quad(thing, NamedNode("urn:x#q"), Literal(number)))
        store.add(Quad(thing, NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type"), NamedNode("urn:x#C")))
    return store


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("SELECT * { <urn:a> <urn:p> ?o }", "SELECT * { <urn:a> <urn:p> ?o }"),
        ("PREFIX u: <urn:>\nSELECT ?o {u:a u:p ?o}#u:b", "SELECT ?o {<urn:a> <urn:p> ?o} "),
        ("PREFIX : <urn:x#>\nASK { :a :p.q 'a:b', \"#:c\"@en-GB, 'd'^^:e . }", None),
        ("PREFIX u: <urn:> PREFIX : <urn:x#> ASK { ?u:a u:c }", "ASK { ?u<urn:x#a> <urn:c> }"),
    ],
)
def test_the_text_told(text: str, told: str | None) -> None:
    found = recalled(text)
    assert found is not None
    assert found.text == (told or "ASK { <urn:x#a> <urn:x#p.q> 'a:b', \"#:c\"@en-GB, 'd'^^<urn:x#e> . }")


@pytest.mark.parametrize(
    "text",
    [
        "SELECT ?o { <a> <urn:p> ?o",
        "SELECT ?o { ?s <urn:p> ?o FILTER(?o < 3 && ?s > 2) }",
        "SELECT ?o { <urn:a> <urn:p> '''it''' }",
        "SELECT ?o { <urn:a> <urn:p> 'a\\nb' }",
        "SELECT ?o { <urn:a> <urn:p> 'not closed }",
        "SELECT ?o { <urn:a> <urn:p> ?o # a comment }",
        "PREFIX u: <relative> SELECT ?o { <urn:a> <urn:p> ?o }",
        "PREFIX u: <urn:> SELECT ?o { u:-a <urn:p> ?o }",  # no name of SPARQL
        "PREFIX u.: <urn:> SELECT ?o { <urn:a> <urn:p> ?o }",
        "PREFIX u: <urn:> SELECT ?o { ?s ?p u:OPTIONAL { ?s ?p ?q } }",
        "SELECT ?x (COUNT(*) AS ?n) { ?x <urn:p> ?o }",
        "SELECT ?o { <urn:a> <\x7f0> ?o }",
    ],
)
def test_what_is_not_read_or_not_taken(text: str) -> None:
    assert recalled(text) is None


def test_an_address_that_is_none_is_left_to_the_engine_to_refuse(graph: Store) -> None:
    found = recalled("SELECT ?o { <relative> <urn:p> ?o }")
    assert found is not None
    with pytest.raises(SyntaxError):
        graph.query(found.text)


def some_query(dice: random.Random) -> str:
    """A query of the package's grammar over the names of the graph, with comments where they may stand."""
    nodes = ["u:a", "<urn:b>", "u:c", "?s", "?t", "?o", ":C"]
    paths = ["u:p", ":q", "<urn:x#q>", "a", "u:p/u:p", "u:p / <urn:p>/:q", "?p"]
    literals = ["0", "1", "'0 # it'", '"1 # it\'s <urn:x>"', "'x'@en", "'5'^^u:a"]
    gaps = [" ", " ", "\n", " # u:a <urn:z> 'q { }\n ", "\t#\n"]

    def joined(*words: str) -> str:
        return "".join(word + dice.choice(gaps) for word in words)

    def triple(subject: str, some: list[str]) -> str:
        return joined(subject, dice.choice(some), dice.choice([*nodes, *literals]))

    body = joined(*[part for _ in range(dice.randint(1, 3)) for part in (triple(dice.choice(nodes[:6]), paths), ".")])
    if dice.random() < 0.4:
        body += joined("OPTIONAL", "{", triple(dice.choice(nodes[:4]), paths[:4]), "}")
    if dice.random() < 0.2:
        body = joined("VALUES", "?s", "{", "u:a", "<urn:b>", "}") + body
    head = dice.choice(
        ["SELECT *", "SELECT DISTINCT ?s ?o", "SELECT (COUNT(DISTINCT ?s) AS ?n)", "SELECT(COUNT(*)AS?n)"]
    )
    return PROLOGUE + joined(head, "{", body, "}")


def test_the_same_rows_as_the_query_itself(graph: Store) -> None:
    dice, seen, filled = random.Random(SEED), 0, 0
    for _ in range(500):
        text = some_query(dice)
        found = recalled(text)
        assert found is not None, text
        again = recalled(text + "# once more")
        assert again is not None
        assert (again.patterns, again.optional, again.values) == (found.patterns, found.optional, found.values)
        alone = plain(str(found.text))
        assert alone is not None
        assert (alone.patterns, alone.optional, alone.values) == (found.patterns, found.optional, found.values)
        rows = answered(graph, text)
        assert answered(graph, found.text) == rows
        seen += 1
        filled += len(rows) > 0
    assert seen == 500
    assert filled > 100


def answered(graph: Store, text: str) -> list[str]:
    found = graph.query(text)
    assert isinstance(found, QuerySolutions)
    return sorted(str([solution[name] for name in found.variables]) for solution in found)
