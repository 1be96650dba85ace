"""The Turtle that a query gives carries the prefixes that occur in it, and says the same as without them."""

from __future__ import annotations

import io

import pytest
import rdflib
from pyoxigraph import NamedNode, Quad, RdfFormat, Store, Triple, parse

from iesi_kg.errors import ResultTooLarge
from iesi_kg.store import prefixes
from iesi_kg.store.evaluation import Target, evaluate
from iesi_kg.vocabulary.namespaces import SKOS

EX = "https://example.org/things/"
EVERYTHING = "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }"


def answer(query: str, *names: str, media_type: str = "text/turtle", rows: int | None = None) -> bytes:
    """What is written about things of these names, each with itself as its match."""
    store, output = Store(), io.BytesIO()
    for name in names:
        store.add(Quad(NamedNode(EX + name), NamedNode(f"{SKOS}exactMatch"), NamedNode(EX + name)))
    evaluate(store, query, Target(media_type, output, rows))
    return output.getvalue()


def read(turtle: bytes) -> set[Triple]:
    return {quad.triple for quad in parse(turtle, RdfFormat.TURTLE)}


def head(turtle: bytes) -> set[str]:
    return {line for line in turtle.decode().splitlines() if line.startswith("@prefix")}


@pytest.mark.parametrize(
    ("prologue", "expected"),
    [
        (f"PREFIX t: <{EX}> PREFIX no: <http://n.org/>", {f"@prefix t: <{EX}> .", f"@prefix skos: <{SKOS}> ."}),
        (f"prefix : <{EX}>\nPREFIX s:<{SKOS}>", {f"@prefix : <{EX}> .", f"@prefix s: <{SKOS}> ."}),
        (f"PREFIX skos: <{EX}>", {f"@prefix skos: <{EX}> ."}),
        ("BASE <https://example.org/> PREFIX t: <things/>", {f"@prefix skos: <{SKOS}> ."}),
        (f"# PREFIX x y: <{EX}> PREFIX a.: <{EX}>\n", {f"@prefix skos: <{SKOS}> ."}),
        ("BASE <https://example.org/> PREFIX e: <>", {f"@prefix skos: <{SKOS}> ."}),
    ],
    ids=["its own and ours", "its own for ours", "its own name for another", "relative", "a comment", "empty"],
)
def test_the_prefixes_that_occur(prologue: str, expected: set[str]) -> None:
    turtle = answer(f"{prologue}\n{EVERYTHING}", "one", "two")
    assert head(turtle) == expected
    assert read(turtle) == read(answer(EVERYTHING, "one", "two", media_type="application/n-triples"))


def test_names_of_every_kind_are_read_as_they_were() -> None:
    """By the engine that wrote them and by another one, which cannot read a name that ends in a full stop."""
    odd = ["a/b", "a.b", "-a", "~", "%20", "é", "a'b", "(c)", "1", "_", "a#b", "", "x?y=1&z", "𐍈", "·", "a,b;c"]
    expected = {Triple(n := NamedNode(EX + name), NamedNode(f"{SKOS}exactMatch"), n) for name in odd}
    turtle = answer(f"PREFIX t: <{EX}> {EVERYTHING}", *odd)
    assert b"@prefix t:" in turtle
    assert read(turtle) == expected
    assert {str(s) for s in rdflib.Graph().parse(data=turtle, format="turtle").subjects()} == {EX + n for n in odd}
    stopped = answer(f"PREFIX t: <{EX}> {EVERYTHING}", "plain", "Inc.")
    assert head(stopped) == {f"@prefix skos: <{SKOS}> ."}
    assert len(rdflib.Graph().parse(data=stopped, format="turtle")) == 2


def test_a_large_graph_is_written_as_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prefixes, "MOST", 3)
    assert len(head(answer(EVERYTHING, "1", "2", "3"))) == 1
    large = answer(EVERYTHING, "1", "2", "3", "4", "5")
    assert (head(large), len(read(large))) == (set(), 5)
    with pytest.raises(ResultTooLarge):
        answer(EVERYTHING, "1", "2", "3", rows=2)


@pytest.mark.parametrize("media_type", ["application/n-triples", "application/rdf+xml"])
def test_other_forms_stay_as_they_were(media_type: str) -> None:
    assert b"t:" not in answer(f"PREFIX t: <{EX}> {EVERYTHING}", "one", media_type=media_type).replace(b"http", b"")
