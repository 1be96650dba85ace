"""One record that describes two initiatives, split by a file: what goes where, old addresses, history, and back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from pyoxigraph import DefaultGraph, NamedNode, Quad

from iesi_kg.cli.group import group
from iesi_kg.endpoint.entity import describe
from iesi_kg.errors import Divided, Gone, SubmissionRejected, UsageError
from iesi_kg.publication import catalogue, dividing, graphs, merging
from iesi_kg.publication.provenance import Occasion
from iesi_kg.publication.workflow import publish, receive
from iesi_kg.records import Report, Severity, SourceFile
from iesi_kg.store.base import Reader
from iesi_kg.store.embedded import EmbeddedStore
from submission_tables import GOOD, table

AT = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
LATER = AT + timedelta(days=1)
ID = "https://w3id.org/iesi-kg/id/initiative/"
OLD, CAFE = NamedNode(f"{ID}vincles"), NamedNode(f"{ID}vincles-cafe")
TITLE, AUDIENCE = (NamedNode(f"http://purl.org/dc/terms/{name}") for name in ("title", "audience"))
BOTH = GOOD | {
    "identifier": "vincles",
    "name": "Vincles BCN and its café",
    "alternative_names": "Vincles|Café Vincles",
    "target_groups": "older-people|informal-carers",
    "note": "two things",
    "fact_column": "start_year",
    "fact_source_url": "https://example.org/fact",
}
FIRST = BOTH | {"name": "Vincles BCN and its café", "alternative_names": "Vincles", "target_groups": "older-people"}
SECOND = GOOD | {
    "identifier": "vincles-cafe",
    "name": "Café Vincles",
    "alternative_names": "Café Vincles",
    "target_groups": "informal-carers",
    "start_year": "2016",
}
WHO = Occasion("a steward", LATER, reason="an app and a café")


@pytest.fixture
def store(tmp_path: Path) -> EmbeddedStore:
    made = EmbeddedStore.open(tmp_path / "store", create=True)
    submit(made, BOTH, GOOD | {"identifier": "other", "name": "Other", "replicates": "vincles"}, name="first.csv")
    return made


def submit(store: EmbeddedStore, *rows: Mapping[str, str], name: str) -> None:
    assert publish(store, receive(SourceFile(name, table(*rows))), by="a steward", at=AT).changed


def divide(store: EmbeddedStore, *rows: Mapping[str, str], drop: bool = False) -> dividing.Divided:
    return dividing.divide(store, OLD, receive(SourceFile("two.csv", table(*rows))), WHO, drop=drop)


def objects(reader: Reader, subject: NamedNode, predicate: NamedNode) -> list[str]:
    found = reader.quads(subject, predicate, graph=DefaultGraph())
    return sorted(quad.object.value.rsplit("/", 1)[1] for quad in found)  # type: ignore[union-attr]


def published(reader: Reader) -> set[Quad]:
    """The default graph and the codings, the description of the data and its counts left out."""
    apart = {quad.triple for quad in reader.quads(graph=catalogue.GRAPH)}
    found = {quad for quad in reader.quads(graph=DefaultGraph()) if quad.triple not in apart}
    return {quad for quad in found if "/id/dataset/" not in str(quad.subject)} | {*reader.quads(graph=graphs.CODINGS)}


def as_they_came(reader: Reader) -> set[Quad]:
    return {quad for quad in reader.quads() if "graph/submission/" in str(quad.graph_name)}


def test_one_keeps_the_address_and_each_says_what_its_row_says(store: EmbeddedStore) -> None:
    before, came = published(store.reader()), as_they_came(store.reader())
    done = divide(store, FIRST, SECOND)
    reader = store.reader()
    assert (done.version, set(done.parts), done.kept, done.naming) == (reader.version, {OLD, CAFE}, True, 0)
    assert (objects(reader, OLD, AUDIENCE), objects(reader, CAFE, AUDIENCE)) == (["older-people"], ["informal-carers"])
    assert came < as_they_came(reader)
    (told,) = reader.select(
        f"""PREFIX prov: <http://www.w3.org/ns/prov#> PREFIX foaf: <http://xmlns.com/foaf/0.1/>
        PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
        SELECT ?who ?why WHERE {{ GRAPH <https://w3id.org/iesi-kg/graph/provenance> {{
          {CAFE} prov:wasDerivedFrom {OLD} .
          ?activity prov:used {OLD} ; prov:wasAssociatedWith/foaf:name ?who ; rdfs:comment ?why
          FILTER(?who != "iesi-kg") }} }}"""
    )
    assert [told[name].value for name in ("who", "why")] == ["a steward", "an app and a café"]  # type: ignore[union-attr]
    dividing.unite(store, OLD, Occasion("another", LATER + timedelta(days=1)))
    assert published(store.reader()) == before
    with pytest.raises(Gone, match="the split of vincles was taken back"):
        describe(store.reader(), CAFE)
    assert divide(store, FIRST, SECOND).kept  # and again


def test_where_no_row_has_the_old_identifier_its_address_offers_the_choice(store: EmbeddedStore) -> None:
    before = published(store.reader())
    app = NamedNode(f"{ID}vincles-app")
    done = divide(store, FIRST | {"identifier": "vincles-app"}, SECOND)
    reader = store.reader()
    assert (done.kept, done.naming) == (False, 1)
    assert list(reader.quads(OLD, graph=DefaultGraph())) == []
    assert not any("vincles#" in str(quad) for quad in published(reader))
    with pytest.raises(Divided) as choice:
        describe(reader, OLD)
    assert choice.value.members["choices"] == [app.value, CAFE.value]
    with pytest.raises(SubmissionRejected) as refused:
        submit(store, BOTH | {"note": "again"}, name="again.csv")
    report = refused.value.members["report"]
    assert isinstance(report, Report)
    (finding,) = [one for one in report.findings if one.severity is Severity.VIOLATION]
    assert (finding.code, finding.row, finding.suggestion) == (
        "split-record",
        2,
        "write one of vincles-app, vincles-cafe",
    )
    with pytest.raises(UsageError, match="was split"):
        merging.split(store, OLD, WHO)
    dividing.unite(store, OLD, Occasion("another", LATER + timedelta(days=1)))
    assert published(store.reader()) == before


def test_nothing_is_lost_unless_it_is_left_out_on_purpose(store: EmbeddedStore) -> None:
    before = published(store.reader())
    rows = FIRST | {"note": "", "target_groups": ""}, SECOND | {"target_groups": "older-people"}
    with pytest.raises(UsageError) as refused:
        divide(store, *rows)
    assert refused.value.detail == (
        "no record of two.csv says what vincles says: note: two things; target_groups: informal-carers"
    )
    assert refused.value.hint == "give it to one of the rows, or leave it out on purpose with --drop"
    assert published(store.reader()) == before
    assert divide(store, *rows, drop=True).kept


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([FIRST], "two.csv holds 1 record, and a split makes two or more"),
        ([FIRST, SECOND | {"identifier": "other"}], "other is published already, and a split makes new records"),
        ([SECOND], "two.csv holds 1 record, and a split makes two or more"),
    ],
    ids=["one row", "a record that is there", "one row of another"],
)
def test_a_file_that_divides_nothing(store: EmbeddedStore, rows: list[Mapping[str, str]], words: str) -> None:
    with pytest.raises(UsageError) as refused:
        divide(store, *rows)
    assert refused.value.detail == words


def test_what_changed_since_is_not_lost_by_taking_it_back(store: EmbeddedStore) -> None:
    divide(store, FIRST, SECOND)
    submit(store, SECOND | {"note": "since"}, name="since.csv")
    with pytest.raises(UsageError, match="vincles-cafe> was published again, merged or withdrawn since"):
        dividing.unite(store, OLD, WHO)
    other = NamedNode(f"{ID}other")
    with pytest.raises(UsageError, match="was not split by a file"):
        dividing.unite(store, other, WHO)
    body = NamedNode("https://w3id.org/iesi-kg/id/organisation/ajuntament-de-barcelona-es")
    with pytest.raises(UsageError, match="is no published initiative"):
        dividing.divide(store, body, receive(SourceFile("two.csv", table(FIRST, SECOND))), WHO)


def test_the_command(store: EmbeddedStore, tmp_path: Path) -> None:
    store.close()
    file = tmp_path / "two.csv"
    file.write_bytes(table(FIRST | {"identifier": "vincles-app"}, SECOND))
    place = ["--by", "a steward", "--store", str(tmp_path / "store")]

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(group, ["split", *arguments, *place])
        return done.stdout if done.exception is None else f"{type(done.exception).__name__}: {done.exception}"

    assert run("vincles", "--into", str(file)) == (
        f"split: <{OLD.value}> is <{ID}vincles-app> and <{ID}vincles-cafe> now\n"
        "its address offers the choice among them\n1 other record names it still\nversion 2 shows it\n"
    )
    assert run("vincles", "--undo") == (
        f"taken back: <{OLD.value}> stands as it did before it was split\nversion 3 shows it\n"
    )
    log = CliRunner().invoke(group, ["log", "--store", str(tmp_path / "store")]).stdout
    assert "split" in log and "unite" in log
    file.write_bytes(table(FIRST | {"country": "Spian"}, SECOND))
    assert run("vincles", "--into", str(file)).startswith("SubmissionRejected: two.csv was not published")
    assert run("vincles", "--drop").startswith("UsageError: --drop goes with --into")
    assert run("vincles", "--undo", "--into", str(file)).startswith("UsageError: --drop goes with --into")
