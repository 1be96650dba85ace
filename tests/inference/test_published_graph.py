"""The graph of inference changes with what is published, in the same commit, and stays out of the default graph."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pyoxigraph import NamedNode, Quad, Triple

from iesi_kg.inference import rules
from iesi_kg.inference.derivation import derive, statements
from iesi_kg.publication.bundled import load_bundled
from iesi_kg.publication.workflow import publish, receive
from iesi_kg.records import SourceFile
from iesi_kg.store.base import DEFAULT_GRAPH, ChangeSet, Reader
from iesi_kg.store.embedded import EmbeddedStore

AT = datetime(2026, 11, 22, tzinfo=UTC)
GRAPH = NamedNode("https://w3id.org/iesi-kg/graph/inference")
RECORD = {
    "identifier": "vincles",
    "name": "Vincles",
    "description": "A social network for older people who live alone.",
    "country": "ES",
    "start_year": "2013",
    "service_areas": "social-inclusion",
    "target_groups": "older-people",
    "source_url": "https://example.org/vincles",
    "source_check": "read",
    "source_read": "2026-11-20",
}
SUBJECT = NamedNode("https://w3id.org/iesi-kg/id/initiative/vincles")
SPATIAL = NamedNode("http://purl.org/dc/terms/spatial")


def submit(store: EmbeddedStore, row: Mapping[str, str]) -> int:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(row))
    writer.writeheader()
    writer.writerow(row)
    return publish(store, receive(SourceFile("file.csv", text.getvalue().encode())), by="a steward", at=AT).version


def inferred(reader: Reader) -> set[Triple]:
    return {quad.triple for quad in reader.quads(graph=GRAPH)}


def test_a_record_brings_what_follows_and_takes_it_away_again(tmp_path: Path) -> None:
    store = EmbeddedStore.open(tmp_path / "store", create=True)
    assert submit(store, RECORD) == 1
    spain, portugal = (NamedNode(f"https://w3id.org/iesi-kg/codes/country/{code}") for code in ("ES", "PT"))
    assert Triple(SUBJECT, SPATIAL, spain) in inferred(store.reader())
    assert submit(store, {**RECORD, "country": "PT"}) == 2
    now = inferred(store.reader())
    assert Triple(SUBJECT, SPATIAL, portugal) in now
    assert Triple(SUBJECT, SPATIAL, spain) not in now


def test_the_graph_holds_what_follows_from_the_bundle_and_nothing_else(published: Reader) -> None:
    program = rules.bundled()
    assert inferred(published) == set(derive(statements(published, program), program).triples)


def test_the_default_graph_holds_nothing_inferred(published: Reader) -> None:
    for triple in inferred(published):
        subject = triple.subject
        assert isinstance(subject, NamedNode)
        assert not any(published.quads(subject, triple.predicate, triple.object, DEFAULT_GRAPH))


@pytest.mark.parametrize(("clause", "expected"), [("", 0), ("FROM <https://w3id.org/iesi-kg/graph/inference>", 144)])
def test_a_query_names_the_graph_when_it_wants_it(published: Reader, clause: str, expected: int) -> None:
    query = f"SELECT (COUNT(*) AS ?n) {clause} WHERE {{ ?x a <http://xmlns.com/foaf/0.1/Project> }}"
    assert published.answer(query, "text/csv").body.decode().split() == ["n", str(expected)]


def test_a_start_renews_a_graph_that_other_rules_made(tmp_path: Path) -> None:
    store = EmbeddedStore.open(tmp_path / "store", create=True)
    load_bundled(store, at=AT)
    before = inferred(store.reader())
    stray = Quad(SUBJECT, SPATIAL, SUBJECT, GRAPH)
    with store.writer() as writer:
        writer.commit(ChangeSet("a stray statement", [stray]))
    assert load_bundled(store, at=AT).version == 3
    assert inferred(store.reader()) == before
    assert load_bundled(store, at=AT).version == 3
