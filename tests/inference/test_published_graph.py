"""The graph of inference changes with what is published, in the same commit, and stays out of the default graph."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pyoxigraph import Literal, NamedNode, Quad, Triple

from iesi_kg import __version__, assets
from iesi_kg.inference import axioms, rules
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
INNOVATION = NamedNode("https://w3id.org/iesi-kg/ontology#SocialInnovation")
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


@pytest.mark.parametrize(("clause", "expected"), [("", 0), ("FROM <https://w3id.org/iesi-kg/graph/inference>", 359)])
def test_a_query_names_the_graph_when_it_wants_it(published: Reader, clause: str, expected: int) -> None:
    query = f"SELECT (COUNT(*) AS ?n) {clause} WHERE {{ ?x a <http://xmlns.com/foaf/0.1/Project> }}"
    assert published.answer(query, "text/csv").body.decode().split() == ["n", str(expected)]


def test_the_class_of_the_definition_holds_who_meets_the_checklist(published: Reader) -> None:
    """D1, and D2 or D3, and D4, and D5, and D6 or D7, as the tables of the bundle tick them."""
    rows = [
        row
        for name in assets.names("data/iesi", ".csv")
        for row in csv.DictReader(io.StringIO(assets.text(name), newline=""))
    ]
    expected = set()
    for row in rows:
        ticked = set(row["definition_elements"].split("|"))
        if {"D1", "D4", "D5"} <= ticked and ticked & {"D2", "D3"} and ticked & {"D6", "D7"}:
            expected.add(f"https://w3id.org/iesi-kg/id/initiative/{row['identifier']}")
    found = {t.subject.value for t in inferred(published) if t.object == INNOVATION}  # type: ignore[union-attr]
    assert 0 < len(expected) < len(rows)
    assert found == expected


def test_judgements_and_alignments_beside_the_merge_are_read(published: Reader) -> None:
    """What stands in a graph of its own makes statements follow, and is not stated twice itself."""
    judged = [t for t in inferred(published) if t.predicate.value.endswith("ontology#judges")]
    assert len(judged) == 30  # twenty-eight countries, two of them in a second place
    local = NamedNode("https://w3id.org/iesi-kg/codes/governance-level/local")
    other = NamedNode("https://w3id.org/ipsoeu/taxonomy/geo-extent/2019/GE01")
    close = NamedNode("http://www.w3.org/2004/02/skos/core#closeMatch")
    exact = NamedNode("http://www.w3.org/2004/02/skos/core#exactMatch")
    assert {Triple(other, exact, local), Triple(other, close, local), Triple(local, close, other)} < inferred(published)
    assert Triple(local, exact, other) not in inferred(published)


TOLD = """PREFIX dct: <http://purl.org/dc/terms/> PREFIX prov: <http://www.w3.org/ns/prov#>
PREFIX schema: <https://schema.org/> PREFIX void: <http://rdfs.org/ns/void#>
SELECT ?version ?triples ?at ?ontology ?digest ?said ?software WHERE {
  GRAPH <https://w3id.org/iesi-kg/graph/provenance> {
    <https://w3id.org/iesi-kg/graph/inference> schema:version ?version ; void:triples ?triples ;
      prov:generatedAtTime ?at ; prov:wasDerivedFrom ?ontology, ?rules ;
      prov:wasAttributedTo/schema:softwareVersion ?software .
    ?rules schema:sha256 ?digest ; dct:description ?said . FILTER (?ontology != ?rules) } }"""


def told(reader: Reader) -> list[tuple[str, ...]]:
    return [tuple(row[name].value for name in row) for row in reader.select(TOLD)]  # type: ignore[union-attr]


def test_the_entry_of_provenance_tells_of_the_last_run_only(tmp_path: Path) -> None:
    store = EmbeddedStore.open(tmp_path / "store", create=True)
    submit(store, RECORD)
    (first,) = told(store.reader())
    assert first[:3] == ("1", str(len(inferred(store.reader()))), "2026-11-22T00:00:00Z")
    assert first[3] == axioms.version().value
    assert first[4] == rules.bundled().digest
    assert "written rules (10-clusters-disputed, 20-codings-disputed" in first[5]
    assert first[6] == __version__
    submit(store, {**RECORD, "identifier": "other", "name": "Other", "country": "PT|ES"})
    (second,) = told(store.reader())
    assert second[:2] == ("2", str(len(inferred(store.reader()))))
    assert int(second[1]) > int(first[1])


def test_other_rules_are_news_even_where_nothing_else_changes(folder: Path, tmp_path: Path) -> None:
    store = EmbeddedStore.open(Path(shutil.copytree(folder, tmp_path / "store")))
    later = datetime(2026, 12, 24, tzinfo=UTC)
    assert load_bundled(store, at=later).version == 1
    digest = NamedNode("https://schema.org/sha256")
    of = NamedNode("https://w3id.org/iesi-kg/graph/inference#rules")
    provenance = NamedNode("https://w3id.org/iesi-kg/graph/provenance")
    with store.writer() as writer:
        (old,) = writer.reader.quads(of, digest, graph=provenance)
        writer.commit(ChangeSet("an earlier release", [Quad(of, digest, Literal("0" * 64), provenance)], [old]))
    assert load_bundled(store, at=later).version == 3
    (entry,) = told(store.reader())
    assert (entry[0], entry[2], entry[4]) == ("3", "2026-12-24T00:00:00Z", rules.bundled().digest)


def test_a_start_renews_a_graph_that_other_rules_made(folder: Path, tmp_path: Path) -> None:
    store = EmbeddedStore.open(Path(shutil.copytree(folder, tmp_path / "store")))
    before = inferred(store.reader())
    stray = Quad(SUBJECT, SPATIAL, SUBJECT, GRAPH)
    with store.writer() as writer:
        writer.commit(ChangeSet("a stray statement", [stray]))
    assert load_bundled(store, at=AT).version == 3
    assert inferred(store.reader()) == before
    assert load_bundled(store, at=AT).version == 3
