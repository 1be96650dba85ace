"""What a submission does to a real store: all of it or none, once, and a record published again is replaced."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pyoxigraph import DefaultGraph, NamedNode, RdfFormat, serialize

from iesi_kg import __version__
from iesi_kg.errors import SubmissionRejected, UsageError
from iesi_kg.publication.bundled import load_bundled
from iesi_kg.publication.workflow import Published, decide, publish, receive
from iesi_kg.records import Report, SourceFile
from iesi_kg.store.base import Reader
from iesi_kg.store.embedded import EmbeddedStore
from submission_tables import GOOD, table

AT = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
ID = "https://w3id.org/iesi-kg/id/"
IESI = "https://w3id.org/iesi-kg/ontology#"
ORG = "http://www.w3.org/ns/org#"


@pytest.fixture
def store(tmp_path: Path) -> EmbeddedStore:
    return EmbeddedStore.open(tmp_path / "store", create=True)


def submit(store: EmbeddedStore, *rows: Mapping[str, str], name: str = "file.csv") -> Published:
    return publish(store, receive(SourceFile(name, table(*rows))), by="a steward", at=AT)


def published(reader: Reader, subject: str, predicate: str) -> list[str]:
    found = reader.quads(NamedNode(subject), NamedNode(predicate), graph=DefaultGraph())
    return sorted(quad.object.value for quad in found)  # type: ignore[union-attr]


def size(store: EmbeddedStore) -> int:
    return sum(1 for _ in store.reader().quads())


def test_a_submission_enters_its_own_graph_and_the_default_graph(store: EmbeddedStore) -> None:
    done = submit(store, GOOD)
    assert done.changed
    assert done.records == 1
    reader = store.reader()
    assert reader.version == done.version
    own = {quad.triple for quad in reader.quads(graph=done.graph)}
    merged = {quad.triple for quad in reader.quads(graph=DefaultGraph())}
    assert own < merged
    added = {(t.subject.value, t.predicate.value, t.object.value) for t in merged - own}  # type: ignore[union-attr]
    assert added == {(f"{ID}initiative/vincles#record", "http://www.w3.org/ns/prov#wasDerivedFrom", done.graph.value)}
    assert published(reader, f"{ID}initiative/vincles", f"{IESI}startYear") == ["2013"]
    assert published(reader, f"{ID}organisation/ajuntament-de-barcelona-es", f"{ORG}classification") == [
        "https://w3id.org/iesi-kg/codes/organisation-type/public"
    ]


def test_provenance_tells_who_what_when_and_with_which_software(store: EmbeddedStore) -> None:
    source = SourceFile("mine.csv", table(GOOD))
    done = publish(store, receive(source), by="a  steward ", at=AT)
    (row,) = store.reader().select(
        """
        PREFIX prov: <http://www.w3.org/ns/prov#> PREFIX foaf: <http://xmlns.com/foaf/0.1/>
        PREFIX schema: <https://schema.org/> PREFIX dct: <http://purl.org/dc/terms/>
        PREFIX void: <http://rdfs.org/ns/void#>
        SELECT ?name ?file ?hash ?at ?version ?graph ?records WHERE {
         GRAPH <https://w3id.org/iesi-kg/graph/provenance> {
          ?activity a prov:Activity ; prov:wasAssociatedWith ?agent, ?software ; prov:endedAtTime ?at ;
            prov:used [ dct:title ?file ; schema:sha256 ?hash ] ; prov:generated ?graph .
          ?agent a prov:Agent ; foaf:name ?name . ?software a prov:SoftwareAgent ; schema:softwareVersion ?version .
          ?graph void:entities ?records ; prov:wasGeneratedBy ?activity } }"""
    )
    assert {key: value.value for key, value in row.items()} == {  # type: ignore[union-attr]
        "name": "a steward",
        "file": "mine.csv",
        "hash": source.sha256,
        "at": "2026-11-22T09:30:00Z",
        "version": __version__,
        "graph": done.graph.value,
        "records": "1",
    }


def test_the_same_file_again_changes_nothing(store: EmbeddedStore) -> None:
    first, before = submit(store, GOOD), size(store)
    again = submit(store, GOOD, name="renamed.csv")
    assert again == Published(first.version, first.graph, 1, changed=False)
    assert size(store) == before


def test_a_new_state_of_a_record_is_told_from_a_new_record(store: EmbeddedStore) -> None:
    assert submit(store, GOOD).replaced == 0
    assert submit(store, {**GOOD, "description": "Said better."}).replaced == 1


def test_a_file_with_violations_changes_nothing(store: EmbeddedStore) -> None:
    with pytest.raises(SubmissionRejected, match=r"file\.csv was not published: it has 1 violation") as caught:
        submit(store, GOOD, GOOD | {"identifier": "other", "country": "Frence"})
    assert size(store) == 0
    report = caught.value.members["report"]
    assert isinstance(report, Report)
    assert [finding.code for finding in report.findings] == ["unknown-code"]
    assert caught.value.exit_code == 1


def test_warnings_do_not_keep_a_file_out(store: EmbeddedStore) -> None:
    receipt = receive(SourceFile("f.csv", table(GOOD | {"start_year": ""})))
    decide(receipt)
    assert publish(store, receipt, by="x", at=AT).changed


def test_a_record_published_again_is_replaced(store: EmbeddedStore) -> None:
    first = submit(store, GOOD | {"end_year": "2019", "partner_organisations": "Old partner"})
    second = submit(store, GOOD | {"name": "Vincles", "lead_org_type": "private", "partner_organisations": "New"})
    reader = store.reader()
    vincles = f"{ID}initiative/vincles"
    assert published(reader, vincles, "http://purl.org/dc/terms/title") == ["Vincles"]
    assert published(reader, vincles, f"{IESI}endYear") == []
    assert published(reader, vincles, f"{IESI}involves") == [
        f"{ID}organisation/ajuntament-de-barcelona-es",
        f"{ID}organisation/new-es",
    ]
    assert published(reader, f"{ID}organisation/ajuntament-de-barcelona-es", f"{ORG}classification") == [
        "https://w3id.org/iesi-kg/codes/organisation-type/private"
    ]
    assert published(reader, f"{ID}organisation/old-partner-es", "http://www.w3.org/2004/02/skos/core#prefLabel") == []
    assert published(reader, f"{vincles}#record", "http://www.w3.org/ns/prov#wasDerivedFrom") == [second.graph.value]
    kept = reader.quads(NamedNode(vincles), NamedNode(f"{IESI}endYear"), graph=first.graph)
    assert [quad.object.value for quad in kept] == ["2019"]  # type: ignore[union-attr]


def test_what_another_record_states_of_a_shared_node_stays(store: EmbeddedStore) -> None:
    other = GOOD | {"identifier": "other", "name": "Other"}
    submit(store, GOOD, other)
    submit(store, GOOD | {"lead_organisation": "Somebody else", "source_url": "https://example.org/new"})
    reader = store.reader()
    city = f"{ID}organisation/ajuntament-de-barcelona-es"
    assert published(reader, city, "http://www.w3.org/2004/02/skos/core#prefLabel") == ["Ajuntament de Barcelona"]
    submit(store, other | {"lead_organisation": "Somebody else"})
    assert published(store.reader(), city, "http://www.w3.org/2004/02/skos/core#prefLabel") == []


def test_a_new_file_of_an_unchanged_record_changes_only_where_it_comes_from(store: EmbeddedStore) -> None:
    def merged() -> set[object]:
        return {
            q.triple for q in store.reader().quads(graph=DefaultGraph()) if "wasDerivedFrom" not in q.predicate.value
        }

    submit(store, GOOD)
    before = merged()
    submit(store, GOOD, GOOD | {"identifier": "other", "name": "Other"})
    assert before < merged()


def test_a_name_without_identifier_is_not_merged_with_a_published_record(store: EmbeddedStore) -> None:
    submit(store, GOOD | {"identifier": "vincles-bcn"})
    before = size(store)
    with pytest.raises(SubmissionRejected) as caught:
        submit(store, GOOD | {"identifier": ""})
    report = caught.value.members["report"]
    assert isinstance(report, Report)
    (finding,) = report.findings
    assert (finding.code, finding.row, finding.column) == ("identifier-needed", 2, "name")
    assert finding.suggestion == (
        "to replace the published record write vincles-bcn in the column identifier; for another initiative write an "
        "identifier of its own, such as vincles-bcn-2"
    )
    assert size(store) == before
    assert submit(store, GOOD | {"identifier": "vincles-bcn", "note": "now named"}).changed


def test_rdf_is_published_and_replaced_like_a_table(store: EmbeddedStore) -> None:
    made = receive(SourceFile("file.csv", table(GOOD))).submission.triples
    turtle = serialize(made, format=RdfFormat.TURTLE) or b""
    publish(store, receive(SourceFile("file.ttl", turtle)), by="x", at=AT)
    by_table = EmbeddedStore.open(store.layout.root.parent / "other", create=True)
    submit(by_table, GOOD)
    assert published(store.reader(), f"{ID}initiative/vincles", f"{IESI}startYear") == ["2013"]
    assert size(store) == size(by_table)
    submit(store, GOOD | {"start_year": "2014"})
    assert published(store.reader(), f"{ID}initiative/vincles", f"{IESI}startYear") == ["2014"]


@pytest.mark.parametrize("by", ["", "  ", "a\x00b", "x" * 201])
def test_a_name_that_names_nobody_is_refused(store: EmbeddedStore, by: str) -> None:
    with pytest.raises(UsageError, match="the name of who submits"):
        publish(store, receive(SourceFile("f.csv", table(GOOD))), by=by, at=AT)
    assert size(store) == 0


def test_a_submission_that_is_killed_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    rows = [GOOD | {"identifier": f"record-{number}", "name": f"Record {number}"} for number in range(150)]
    file, folder = tmp_path / "many.csv", tmp_path / "store"
    file.write_bytes(table(*rows))
    whole = EmbeddedStore.open(tmp_path / "whole", create=True)
    for store in (whole, EmbeddedStore.open(folder, create=True)):
        load_bundled(store, at=AT)
    before = size(whole)
    submit(whole, *rows, name="many.csv")
    expected = size(whole)
    assert expected > before
    command = [sys.executable, "-m", "iesi_kg", "submit", str(file), "--by", "x", "--store", str(folder)]
    for delay in (0.5, 0.8, 1.0, 1.2):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert size(EmbeddedStore.open(folder)) in (before, expected)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    assert size(EmbeddedStore.open(folder)) == expected
