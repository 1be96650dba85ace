"""One thing merged into another: queries see one, submissions stay as they came, and it can be taken back exactly."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pyoxigraph import DefaultGraph, NamedNode, Quad, Triple

from iesi_kg.errors import NotFound, SubmissionRejected, UsageError
from iesi_kg.publication import catalogue, entailment, graphs, merging, provenance, revision
from iesi_kg.publication.provenance import Occasion
from iesi_kg.publication.workflow import Published, check, publish, receive
from iesi_kg.records import SourceFile
from iesi_kg.store.base import Reader
from iesi_kg.store.embedded import EmbeddedStore
from iesi_kg.vocabulary import iris
from submission_tables import GOOD, table

AT = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
ID = "https://w3id.org/iesi-kg/id/"
WHO = Occasion("a steward", AT, reason="the same service under its new name")
OLD, NEW = NamedNode(f"{ID}initiative/vincles-old"), NamedNode(f"{ID}initiative/vincles")
REPLACED = NamedNode("http://purl.org/dc/terms/isReplacedBy")
OTHER = GOOD | {
    "identifier": "vincles-old",
    "name": "Vincles",
    "start_year": "2012",
    "status": "ended",
    "target_groups": "informal-carers",
    "lead_organisation": "Barcelona City Council",
    "source_url": "https://example.org/old",
    "fact_column": "status|lead_public_role",
    "fact_source_url": "https://example.org/fact|https://example.org/role",
    "lead_public_role": "catalyser-enabler",
}


@pytest.fixture
def store(tmp_path: Path) -> EmbeddedStore:
    made = EmbeddedStore.open(tmp_path / "store", create=True)
    submit(made, GOOD, name="new.csv")
    submit(made, OTHER, name="old.csv")
    return made


def submit(store: EmbeddedStore, *rows: Mapping[str, str], name: str) -> Published:
    return publish(store, receive(SourceFile(name, table(*rows))), by="a steward", at=AT)


def objects(reader: Reader, subject: NamedNode, predicate: str) -> list[str]:
    found = reader.quads(subject, NamedNode(predicate), graph=DefaultGraph())
    return sorted(quad.object.value for quad in found)  # type: ignore[union-attr]


def published(reader: Reader) -> set[Quad]:
    """The default graph and the codings, the description of the data and its counts left out."""
    apart = {quad.triple for quad in reader.quads(graph=catalogue.GRAPH)}
    found = {quad for quad in reader.quads(graph=DefaultGraph()) if quad.triple not in apart}
    return {quad for quad in found if f"{ID}dataset/" not in str(quad.subject)} | {*reader.quads(graph=graphs.CODINGS)}


def as_they_came(reader: Reader) -> set[Quad]:
    return {quad for quad in reader.quads() if "graph/submission/" in str(quad.graph_name)}


def test_queries_see_one_record_that_says_what_both_said(store: EmbeddedStore) -> None:
    came = as_they_came(store.reader())
    done = merging.merge(store, OLD, NEW, WHO)
    reader = store.reader()
    assert (done.version, done.old, done.new) == (reader.version, OLD, NEW)
    assert list(reader.quads(OLD, graph=DefaultGraph())) == []
    assert list(reader.quads(object=OLD, graph=DefaultGraph())) == []
    assert objects(reader, NEW, "http://purl.org/dc/terms/title") == ["Vincles BCN"]
    assert objects(reader, NEW, "http://purl.org/dc/terms/alternative") == ["Vincles"]
    assert objects(reader, NEW, "https://w3id.org/iesi-kg/ontology#startYear") == ["2013"]
    assert [iri.rsplit("/", 1)[1] for iri in objects(reader, NEW, "http://purl.org/dc/terms/audience")] == [
        "informal-carers",
        "older-people",
    ]
    assert [iri.rsplit("/", 1)[1] for iri in objects(reader, NEW, "http://www.w3.org/ns/adms#status")] == ["ended"]
    assert [iri.rpartition("#")[2] for iri in objects(reader, NEW, "http://data.europa.eu/m8g/hasParticipation")] == [
        "lead",
        "lead-1",
    ]
    assert len(objects(reader, NEW, "http://purl.org/dc/terms/source")) == 2
    assert as_they_came(reader) == came


def test_the_source_of_a_fact_moves_with_the_fact(store: EmbeddedStore) -> None:
    merging.merge(store, OLD, NEW, WHO)
    rows = store.reader().select(
        """PREFIX rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#>
        SELECT ?node ?s ?p ?o WHERE {
          GRAPH <https://w3id.org/iesi-kg/graph/codings> { ?node rdf:subject ?s ; rdf:predicate ?p ; rdf:object ?o }
          ?s ?p ?o }"""
    )
    assert sorted(row["s"].value for row in rows) == [NEW.value, f"{NEW.value}#lead-1"]  # type: ignore[union-attr]
    for row in rows:
        assert row["node"] == iris.statement(Triple(row["s"], row["p"], row["o"]))  # type: ignore[arg-type]


def test_a_merge_is_an_attributed_dated_activity_with_its_reason(store: EmbeddedStore) -> None:
    merging.merge(store, OLD, NEW, WHO)
    (row,) = store.reader().select(
        """PREFIX prov: <http://www.w3.org/ns/prov#> PREFIX dct: <http://purl.org/dc/terms/>
        PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#> PREFIX foaf: <http://xmlns.com/foaf/0.1/>
        SELECT ?new ?who ?when ?why WHERE { GRAPH <https://w3id.org/iesi-kg/graph/provenance> {
          ?old dct:isReplacedBy ?new .
          ?activity prov:used ?old, ?new ; prov:wasAssociatedWith/foaf:name ?who ; prov:endedAtTime ?when ;
            rdfs:comment ?why FILTER(?who != "iesi-kg") } }"""
    )
    assert {name: term.value for name, term in row.items()} == {  # type: ignore[union-attr]
        "new": NEW.value,
        "who": "a steward",
        "when": "2026-11-22T09:30:00Z",
        "why": "the same service under its new name",
    }


def test_a_split_restores_every_statement(store: EmbeddedStore) -> None:
    before = published(store.reader())
    merging.merge(store, OLD, NEW, WHO)
    assert published(store.reader()) != before
    done = merging.split(store, OLD, WHO)
    reader = store.reader()
    assert done.new == NEW
    assert published(reader) == before
    assert list(reader.quads(OLD, REPLACED)) == []
    activities = list(reader.quads(predicate=NamedNode("http://www.w3.org/ns/prov#used"), object=OLD))
    assert len(activities) == 2  # what was done stays told


def test_organisations_are_merged_wherever_they_are_named(store: EmbeddedStore) -> None:
    before = published(store.reader())
    old, new = (
        NamedNode(f"{ID}organisation/{name}-es") for name in ("barcelona-city-council", "ajuntament-de-barcelona")
    )
    merging.merge(store, old, new, WHO)
    reader = store.reader()
    assert objects(reader, NamedNode(f"{OLD.value}#lead"), "http://data.europa.eu/m8g/hasParticipant") == [new.value]
    assert objects(reader, new, "http://www.w3.org/2004/02/skos/core#prefLabel") == ["Ajuntament de Barcelona"]
    assert objects(reader, new, "http://www.w3.org/2004/02/skos/core#altLabel") == ["Barcelona City Council"]
    submit(store, OTHER | {"status": "running"}, name="again.csv")
    reader = store.reader()
    assert objects(reader, NamedNode(f"{OLD.value}#lead"), "http://data.europa.eu/m8g/hasParticipant") == [new.value]
    assert objects(reader, new, "http://www.w3.org/2004/02/skos/core#prefLabel") == ["Ajuntament de Barcelona"]
    submit(store, OTHER | {"note": "as it was"}, name="third.csv")
    merging.split(store, old, WHO)
    reader = store.reader()
    assert objects(reader, NamedNode(f"{OLD.value}#lead"), "http://data.europa.eu/m8g/hasParticipant") == [old.value]
    assert objects(reader, old, "http://www.w3.org/2004/02/skos/core#prefLabel") == ["Barcelona City Council"]
    names = {quad.triple for quad in before if quad.subject == new}
    assert {quad.triple for quad in published(reader) if quad.subject == new} == names


def test_an_organisation_that_was_merged_wrongly_is_split_and_both_keep_their_histories(store: EmbeddedStore) -> None:
    came, before = as_they_came(store.reader()), published(store.reader())
    names = ("barcelona-city-council", "ajuntament-de-barcelona")
    old, new = (NamedNode(f"{ID}organisation/{name}-es") for name in names)
    merging.merge(store, old, new, WHO)
    merging.split(store, old, Occasion("another steward", AT, reason="two bodies of one town"))
    reader = store.reader()
    assert published(reader) == before
    assert as_they_came(reader) == came
    for one in (old, new):
        told = reader.select(
            f"""PREFIX prov: <http://www.w3.org/ns/prov#> PREFIX foaf: <http://xmlns.com/foaf/0.1/>
            PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
            SELECT ?who ?why WHERE {{ GRAPH <https://w3id.org/iesi-kg/graph/provenance> {{
              ?activity prov:used {one} ; prov:wasAssociatedWith/foaf:name ?who ; rdfs:comment ?why
              FILTER(?who != "iesi-kg") }} }}"""
        )
        assert {(row["who"].value, row["why"].value) for row in told} == {  # type: ignore[union-attr]
            ("a steward", "the same service under its new name"),
            ("another steward", "two bodies of one town"),
        }


def test_a_record_sent_under_its_old_identifier_lands_on_the_one_that_stands_for_it(store: EmbeddedStore) -> None:
    merging.merge(store, OLD, NEW, WHO)
    source = SourceFile("again.csv", table(OTHER | {"name": "Vincles, renamed"}))
    (told,) = [f for f in check(source, reader=store.reader()).findings if f.code == "merged-record"]
    assert (told.severity.value, told.row, told.column, told.suggestion) == ("info", 2, "identifier", "write vincles")
    done = publish(store, receive(source), by="a steward", at=AT)
    reader = store.reader()
    assert objects(reader, NEW, "http://purl.org/dc/terms/title") == ["Vincles, renamed"]
    assert list(reader.quads(OLD, graph=DefaultGraph())) == []
    assert list(reader.quads(OLD, graph=done.graph)) != []  # as it came
    with pytest.raises(UsageError, match="was sent again since it was merged"):
        merging.split(store, OLD, WHO)


def test_a_file_with_both_identifiers_of_a_merged_record_is_refused(store: EmbeddedStore) -> None:
    merging.merge(store, OLD, NEW, WHO)
    with pytest.raises(SubmissionRejected) as refused:
        submit(store, GOOD | {"note": "1"}, OTHER | {"note": "2"}, name="both.csv")
    report = refused.value.members["report"]
    violations = [f.code for f in report.findings if f.severity.value == "violation"]  # type: ignore[attr-defined]
    assert violations == ["duplicate-record"]


def test_a_merged_record_is_compared_as_one(store: EmbeddedStore) -> None:
    merging.merge(store, OLD, NEW, WHO)
    receipt = receive(SourceFile("again.csv", table(GOOD)))
    removed = {(c.column, c.before) for c in revision.compare(store.reader(), receipt.submission).changes}
    assert ("status", "ended") in removed


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("vincles", "vincles", "cannot be merged into itself"),
        ("vincles", "ajuntament-de-barcelona-es", "an initiative and an organisation"),
    ],
)
def test_what_cannot_be_merged_is_refused(store: EmbeddedStore, old: str, new: str, message: str) -> None:
    reader = store.reader()
    with pytest.raises(UsageError, match=message):
        merging.merge(store, merging.thing(reader, old), merging.thing(reader, new), WHO)
    assert store.reader().version == reader.version


def test_merged_already_a_circle_and_not_merged_are_refused(store: EmbeddedStore) -> None:
    submit(store, GOOD | {"identifier": "third", "name": "A third"}, name="third.csv")
    third = NamedNode(f"{ID}initiative/third")
    with pytest.raises(UsageError, match="was not merged into anything"):
        merging.split(store, OLD, WHO)
    merging.merge(store, OLD, NEW, WHO)
    with pytest.raises(UsageError, match=r"is merged into .*vincles> already"):
        merging.merge(store, OLD, third, WHO)
    with pytest.raises(UsageError, match="would stand for each other"):
        merging.merge(store, NEW, OLD, WHO)
    merging.merge(store, NEW, third, WHO)
    with pytest.raises(UsageError, match=r"was merged into .*third> since"):
        merging.split(store, OLD, WHO)
    merging.split(store, NEW, WHO)
    merging.split(store, OLD, WHO)


def test_an_unknown_name_is_told_with_the_nearest(store: EmbeddedStore) -> None:
    with pytest.raises(NotFound, match="no published initiative or organisation 'vincle'") as unknown:
        merging.thing(store.reader(), "vincle")
    assert unknown.value.hint == "did you mean vincles?"
    merging.merge(store, OLD, NEW, WHO)
    assert merging.thing(store.reader(), "vincles-old") == OLD
    assert merging.thing(store.reader(), "/id/initiative/vincles") == NEW


def test_inference_and_provenance_graphs_are_kept_true(store: EmbeddedStore) -> None:
    merging.merge(store, OLD, NEW, WHO)
    reader = store.reader()
    assert {quad.triple for quad in reader.quads(graph=entailment.GRAPH)} == entailment.derived(reader).triples
    assert list(reader.quads(OLD, REPLACED, NEW, provenance.GRAPH)) != []
