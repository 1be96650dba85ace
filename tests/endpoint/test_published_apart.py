"""Queries of the default graph, answered from a copy that holds nothing else: the same answers, through changes."""

from __future__ import annotations

import io
from random import Random

import pytest
from generated_queries import Query, graph
from pyoxigraph import DefaultGraph, Literal, NamedNode, Quad, QueryResultsFormat, Store

from iesi_kg.store.amending import change_job
from iesi_kg.store.base import ChangeSet
from iesi_kg.store.dataset import Evaluator, copy_of_default
from iesi_kg.store.evaluation import Target
from iesi_kg.store.journal import encode


def iri(name: str) -> NamedNode:
    return NamedNode(f"http://example.org/{name}")


def quad(subject: str, value: str, name: str | None = None) -> Quad:
    return Quad(iri(subject), iri("p"), Literal(value), iri(name) if name else DefaultGraph())


QUADS = [quad("a", "1"), quad("b", "1"), quad("a", "1", "g"), quad("a", "2", "g"), quad("c", "3", "h")]


def evaluator(quads: list[Quad]) -> Evaluator:
    whole = Store()
    whole.extend(quads)
    return Evaluator(whole, copy_of_default(whole))


def answer(found: Evaluator, text: str, default: tuple[str, ...] = ()) -> list[str]:
    output = io.BytesIO()
    found.write(text, Target("text/csv", output), default)
    return sorted(output.getvalue().decode().splitlines()[1:])


@pytest.mark.parametrize(
    ("text", "default", "expected"),
    [
        ("SELECT ?v { ?s ?p ?v }", (), ["1", "1"]),
        ("SELECT ?v { GRAPH ?g { ?s ?p ?v } }", (), ["1", "2", "3"]),
        ("SELECT ?v { ?s ?p ?v .graph<http://example.org/g>{ ?s ?p 'x' } }", (), []),
        ("SELECT ?v FROM <http://example.org/g> { ?s ?p ?v }", (), ["1", "2"]),
        ("SELECT ?v { ?s ?p ?v }", ("http://example.org/h",), ["3"]),
        ("SELECT (COUNT(*) AS ?n) { ?s <urn:none>* ?o }", (), ["3"]),  # a, b and "1", each to itself
        ("SELECT ?o { <http://example.org/c> <urn:none>* ?o }", (), ["http://example.org/c"]),
        ("SELECT (EXISTS { <http://example.org/c> ?p ?o } AS ?there) {}", (), ["false"]),
    ],
)
def test_a_query_sees_the_graphs_that_it_names(text: str, default: tuple[str, ...], expected: list[str]) -> None:
    assert answer(evaluator(QUADS), text, default) == expected


def test_the_copy_follows_changes_of_the_default_graph_alone() -> None:
    found = evaluator(QUADS)
    change = ChangeSet(
        "", add=[quad("d", "4"), quad("d", "5", "g")], remove=[quad("b", "1"), quad("c", "3", "h")], drop=[iri("h")]
    )
    found.follow(change_job(encode(change)).text)
    assert answer(found, "SELECT ?v { ?s ?p ?v }") == ["1", "4"]
    assert answer(found, "SELECT ?v { GRAPH ?g { ?s ?p ?v } }") == ["1", "2", "5"]


def test_it_is_made_where_it_leaves_out_enough() -> None:
    for quads, made in ((QUADS, True), (QUADS[:2], False), ([*map(quad, "abcdefghi", "123456789"), QUADS[2]], False)):
        whole = Store()
        whole.extend(quads)
        copy = copy_of_default(whole)
        assert (copy is not None) is made
        assert copy is None or set(copy) == {each for each in quads if isinstance(each.graph_name, DefaultGraph)}


@pytest.mark.parametrize("seed", range(8))
def test_random_queries_have_the_same_answers(seed: int) -> None:
    random = Random(seed)
    whole = Store()
    whole.extend(graph(random))
    whole.extend(Quad(NamedNode("urn:n1"), NamedNode("urn:p1"), NamedNode(f"urn:o{n}"), iri("h")) for n in range(40))
    apart, plain = Evaluator(whole, copy_of_default(whole)), Evaluator(whole)
    for _ in range(25):
        text = Query(random).whole
        results = []
        for each in (apart, plain):
            output = io.BytesIO()
            each.write(text, Target(QueryResultsFormat.CSV.media_type, output))
            head, *rows = output.getvalue().splitlines()
            results.append((head, sorted(rows)))
        assert results[0] == results[1], text


def test_a_description_is_that_of_the_default_graph() -> None:
    for found in (evaluator(QUADS), Evaluator(evaluator(QUADS).store)):
        output = io.BytesIO()
        found.write("DESCRIBE <http://example.org/a>", Target("application/n-triples", output))
        assert output.getvalue().decode() == '<http://example.org/a> <http://example.org/p> "1" .\n'
