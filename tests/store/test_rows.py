"""Rows are counted from the bytes of a result; values that look like the text between two rows change nothing."""

from __future__ import annotations

import io
import mmap
import os

import pytest
from pyoxigraph import Literal, NamedNode, Quad, Store

from iesi_kg.errors import ResultTooLarge
from iesi_kg.records import Form
from iesi_kg.store import rows
from iesi_kg.store.evaluation import Target, evaluate

JSON = "application/sparql-results+json"
XML = "application/sparql-results+xml"
CSV = "text/csv"
TSV = "text/tab-separated-values"
FORMATS = (JSON, XML, CSV, TSV)
TRICKY = [
    "a", "},{", '",{"', 'x},{"', "\n", '"', "\\", '},{"x":{"type":', '\\"},{\\"x\\":{\\"type\\":', "<result>",
    "a,b\r\nc", '"bindings":[]}}', '{"a":{"type":"b"},{', "\t", '""\n""',
]  # fmt: skip
QUERIES = {
    "SELECT * { ?s ?p ?o }": 15,
    "SELECT ?o ?unbound { ?s ?p ?o }": 15,
    "SELECT ?o ?tagged { ?s ?p ?o BIND(STRLANG(?o, 'en') AS ?tagged) }": 15,
    "SELECT ?o { ?s ?p ?o FILTER(false) }": 0,
    "SELECT ?o { ?s ?p ?o } LIMIT 1": 1,
    "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }": 1,
}
GRAPHS = ("text/turtle", "application/n-triples", "application/rdf+xml", "application/ld+json")


@pytest.fixture(scope="module")
def store() -> Store:
    made = Store()
    place, predicate = "urn:s:", NamedNode("urn:p")
    made.extend(Quad(NamedNode(f"{place}{n}"), predicate, Literal(text)) for n, text in enumerate(TRICKY))
    return made


def written(store: Store, query: str, media_type: str) -> bytes:
    output = io.BytesIO()
    assert evaluate(store, query, Target(media_type, output)) == (Form.SOLUTIONS, None)
    return output.getvalue()


@pytest.mark.parametrize("media_type", FORMATS)
@pytest.mark.parametrize("query", QUERIES)
def test_every_format_tells_its_rows(store: Store, query: str, media_type: str) -> None:
    assert rows.count(media_type, written(store, query, media_type)) == QUERIES[query]


@pytest.mark.parametrize("media_type", [XML, CSV, TSV])
def test_rows_that_bind_nothing(store: Store, media_type: str) -> None:
    assert rows.count(media_type, written(store, "SELECT ?x ?y { ?s ?p ?o }", media_type)) == 15


def test_json_that_does_not_tell_says_so(store: Store) -> None:
    assert rows.count(JSON, written(store, "SELECT ?x { ?s ?p ?o }", JSON)) is None
    assert rows.count(JSON, written(store, "SELECT ?x { BIND('},{},{' AS ?x) }", JSON)) is None
    assert rows.count(JSON, written(store, "SELECT ?x { BIND('{}' AS ?x) }", JSON)) == 1


def test_a_result_in_a_memory_file_is_counted_where_it_lies(store: Store) -> None:
    body = written(store, "SELECT * { ?s ?p ?o }", JSON)
    descriptor = os.memfd_create("rows")
    os.write(descriptor, body)
    with mmap.mmap(descriptor, len(body), access=mmap.ACCESS_READ) as content:
        assert rows.count(JSON, content) == 15
    os.close(descriptor)


@pytest.mark.parametrize("media_type", GRAPHS)
def test_triples_are_counted_and_cut_at_the_limit(store: Store, media_type: str) -> None:
    query = "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }"
    assert evaluate(store, query, Target(media_type, io.BytesIO(), 15)) == (Form.GRAPH, 15)
    with pytest.raises(ResultTooLarge, match="more than 14 rows"):
        evaluate(store, query, Target(media_type, io.BytesIO(), 14))
