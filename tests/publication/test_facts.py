"""A fact with a source of its own: from a table and from RDF, in the graph of codings, gone with its record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pyoxigraph import NamedNode

from iesi_kg.endpoint.entity import describe
from iesi_kg.publication.bundled import vocabulary
from iesi_kg.publication.workflow import Published, check, publish, receive
from iesi_kg.records import Finding, SourceFile
from iesi_kg.store.embedded import EmbeddedStore
from iesi_kg.vocabulary import iris
from submission_tables import GOOD, table

AT = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
FACT = {
    "fact_column": "start_year",
    "fact_source_url": "https://example.org/minutes",
    "fact_locator": "page 3",
    "fact_read": "2026-11-21",
}
ADDRESS = "https://w3id.org/iesi-kg/id/statement/{}"
ASKED = """
PREFIX rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> PREFIX iesi: <https://w3id.org/iesi-kg/ontology#>
PREFIX foaf: <http://xmlns.com/foaf/0.1/>
SELECT ?subject ?predicate ?object ?page ?locator ?read WHERE {
  GRAPH <https://w3id.org/iesi-kg/graph/codings> {
    ?fact a rdf:Statement ; rdf:subject ?subject ; rdf:predicate ?predicate ; rdf:object ?object ; iesi:basis ?basis }
  ?basis iesi:document/foaf:page ?page ; iesi:dateRead ?read .
  OPTIONAL { ?basis iesi:locator ?locator }
} ORDER BY ?predicate ?object"""


@pytest.fixture
def store(tmp_path: Path) -> EmbeddedStore:
    return EmbeddedStore.open(tmp_path / "store", create=True)


def submit(store: EmbeddedStore, *rows: Mapping[str, str]) -> Published:
    return publish(store, receive(SourceFile("file.csv", table(*rows))), by="steward", at=AT)


def facts(store: EmbeddedStore) -> list[tuple[str, ...]]:
    rows = store.reader().select(ASKED)
    return [tuple(term.value.rpartition("/")[2] for term in row.values() if term is not None) for row in rows]  # type: ignore[union-attr]


def found(cells: Mapping[str, str]) -> list[tuple[str, str | None, str | None, str | None]]:
    report = check(SourceFile("file.csv", table({**GOOD, **cells})))
    return [(item.code, item.column, item.value, item.suggestion) for item in report.findings]


def test_the_values_of_a_named_column_have_their_source(store: EmbeddedStore) -> None:
    submit(store, {**GOOD, **FACT})
    assert facts(store) == [("vincles", "ontology#startYear", "2013", "minutes", "page 3", "2026-11-21")]


def test_each_value_of_a_list_and_the_value_of_another_node_is_a_fact(store: EmbeddedStore) -> None:
    cells = {
        "country": "ES|FR",
        "fact_column": "Country|lead_org_type",
        "fact_source_url": "https://example.org/a|https://example.org/b",
        "fact_read": "2026-11-20|2026-11-21",
    }
    submit(store, {**GOOD, **cells})
    assert facts(store) == [
        ("ajuntament-de-barcelona-es", "org#classification", "public", "b", "2026-11-21"),
        ("vincles", "ontology#country", "ES", "a", "2026-11-20"),
        ("vincles", "ontology#country", "FR", "a", "2026-11-20"),
    ]


def test_a_statement_about_a_statement_is_no_part_of_the_published_merge(store: EmbeddedStore) -> None:
    submit(store, {**GOOD, **FACT})
    merged = "SELECT ?s WHERE { ?s a <http://www.w3.org/1999/02/22-rdf-syntax-ns#Statement> }"
    assert store.reader().select(merged) == []


def test_a_record_published_again_takes_its_old_sources_along(store: EmbeddedStore) -> None:
    submit(store, {**GOOD, **FACT})
    submit(store, {**GOOD, **FACT, "start_year": "2014", "fact_locator": "page 4"})
    assert facts(store) == [("vincles", "ontology#startYear", "2014", "minutes", "page 4", "2026-11-21")]
    submit(store, {**GOOD, "start_year": "2014"})
    assert facts(store) == []


def test_another_record_keeps_its_source_for_a_shared_fact(store: EmbeddedStore) -> None:
    cells = {**FACT, "fact_column": "lead_org_type"}
    submit(
        store, {**GOOD, **cells}, {**GOOD, "identifier": "other", "name": "Other", **cells, "fact_locator": "page 9"}
    )
    assert [fact[4] for fact in facts(store)] == ["page 3", "page 9"]
    other = {**GOOD, "identifier": "other", "name": "Other"}
    submit(store, {**GOOD, "description": "Without a source of its own now."})
    assert [fact[4] for fact in facts(store)] == ["page 9"]
    submit(store, {**GOOD, "description": "Still without."}, other)
    assert [*store.reader().quads(graph=iris.graph("codings"))] == []


def test_two_records_give_up_a_shared_fact_at_once(store: EmbeddedStore) -> None:
    cells = {**FACT, "fact_column": "lead_org_type"}
    other = {**GOOD, "identifier": "other", "name": "Other"}
    submit(store, {**GOOD, **cells}, {**other, **cells})
    submit(store, {**GOOD, "description": "Said otherwise."}, other)
    assert [*store.reader().quads(graph=iris.graph("codings"))] == []


def test_bringing_the_bundle_up_to_date_leaves_the_facts_of_submissions(store: EmbeddedStore) -> None:
    submit(store, {**GOOD, **FACT})
    assert [quad for change in vocabulary(store.reader()) for quad in change.remove] == []


NAMED = "Columns of this row whose values have a source of their own, by name, e.g. start_year, separated by |."
URL = {"fact_source_url": "https://example.org/minutes", "fact_read": "2026-11-21"}


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (
            {**URL, "fact_column": "end_year"},
            (
                "fact-without-value",
                "fact_column",
                "end_year",
                "fill end_year, or take it out of fact_column, at the same position",
            ),
        ),
        (
            {**URL, "fact_column": ""},
            ("fact-without-value", "fact_source_url", None, "name the column in fact_column, at the same position"),
        ),
        ({**URL, "fact_column": "start_yeer"}, ("unknown-column-name", "fact_column", "start_yeer", "start_year")),
        (
            {**URL, "fact_column": "fact_locator"},
            ("unknown-column-name", "fact_column", "fact_locator", NAMED),
        ),
        ({"fact_column": "start_year"}, ("statement-basis", "fact_source_url", None, None)),
    ],
)
def test_a_source_that_fits_no_fact(cells: dict[str, str], expected: tuple[str, ...]) -> None:
    assert found(cells) == [expected]


RDF = """
@prefix : <https://w3id.org/iesi-kg/id/initiative/> . @prefix x: <https://w3id.org/iesi-kg/id/initiative/x#> .
@prefix d: <https://w3id.org/iesi-kg/id/document/> . @prefix iesi: <https://w3id.org/iesi-kg/ontology#> .
@prefix dct: <http://purl.org/dc/terms/> . @prefix m8g: <http://data.europa.eu/m8g/> .
@prefix foaf: <http://xmlns.com/foaf/0.1/> . @prefix codes: <https://w3id.org/iesi-kg/codes/> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
:x a iesi:Initiative ; dct:title "X" ; dct:description "It helps."@en ; iesi:startYear 2013 ;
  iesi:country <https://w3id.org/iesi-kg/codes/country/ES> ; iesi:targetGroupText "all" ;
  m8g:thematicArea <https://w3id.org/iesi-kg/codes/policy-area/childcare> ; iesi:hasSourceReading x:source-1 .
x:source-1 a iesi:SourceReading ; iesi:document d:d ; iesi:locator "page 3" ; iesi:dateRead "2026-11-21"^^xsd:date ;
  iesi:readingStatus <https://w3id.org/iesi-kg/codes/reading-status/read> .
d:d a iesi:SourceDocument ; foaf:page <https://example.org/minutes> .
<https://w3id.org/iesi-kg/id/statement/ADDRESS> a rdf:Statement ; rdf:subject :x ; rdf:predicate iesi:startYear ;
  rdf:object YEAR ; iesi:basis x:source-1 .
"""
# printf '<...initiative/x> <...ontology#startYear> "2013"^^<...XMLSchema#integer>' | sha256sum | cut -c 1-16
RIGHT = "fccf544c86f46511"


def rdf(address: str = RIGHT, year: str = "2013") -> SourceFile:
    return SourceFile("x.ttl", RDF.replace("ADDRESS", address).replace("YEAR", year).encode())


def told(source: SourceFile) -> list[Finding]:
    return [item for item in check(source).findings if item.code != "lead-missing"]


def test_rdf_carries_the_same(store: EmbeddedStore) -> None:
    assert told(rdf()) == []
    publish(store, receive(rdf()), by="steward", at=AT)
    assert facts(store) == [("x", "ontology#startYear", "2013", "minutes", "page 3", "2026-11-21")]


def test_a_statement_answers_under_its_address(store: EmbeddedStore) -> None:
    publish(store, receive(rdf()), by="steward", at=AT)
    described = describe(store.reader(), NamedNode(ADDRESS.format(RIGHT)))
    assert described is not None
    assert {triple.object.value for triple in described.outgoing} >= {  # type: ignore[union-attr]
        "https://w3id.org/iesi-kg/id/initiative/x", "2013", "https://w3id.org/iesi-kg/id/initiative/x#source-1",
    }  # fmt: skip


def test_the_address_of_a_statement_follows_from_the_statement() -> None:
    (finding,) = told(rdf("0123456789abcdef"))
    assert (finding.code, finding.focus_node) == ("statement-address", ADDRESS.format("0123456789abcdef"))
    assert finding.suggestion == ADDRESS.format(RIGHT)


def test_a_source_for_what_nobody_states() -> None:
    (finding,) = told(rdf(year="2014"))
    assert (finding.code, finding.focus_node) == ("fact-without-value", ADDRESS.format(RIGHT))
    assert finding.suggestion == "make the statement too, or leave its source out"
