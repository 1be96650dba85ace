"""The table of organisations: what it adds to the organisations that records name, and what is wrong with a table."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from pyoxigraph import Literal, NamedNode, RdfFormat, Triple, serialize

from iesi_kg import assets
from iesi_kg.analysis import browse
from iesi_kg.errors import IesiKgError
from iesi_kg.publication import organisations
from iesi_kg.publication.bundled import load_bundled
from iesi_kg.publication.merging import merge
from iesi_kg.publication.provenance import Occasion
from iesi_kg.publication.withdrawal import withdrawn
from iesi_kg.publication.workflow import publish, receive
from iesi_kg.records import SourceFile
from iesi_kg.store.base import DEFAULT_GRAPH, Reader
from iesi_kg.store.embedded import EmbeddedStore
from iesi_kg.vocabulary import iris
from iesi_kg.vocabulary.namespaces import DCT, FOAF, ORG, RDF, SKOS
from iesi_kg.web.pages.rendering import environment
from submission_tables import GOOD, table

AT = datetime(2026, 11, 23, tzinfo=UTC)
CITY = iris.organisation("Ajuntament de Barcelona", "ES")
ROW = {
    "identifier": "ajuntament-de-barcelona-es",
    "name": "Ajuntament de Barcelona",
    "alternative_names": "Barcelona City Council",
    "country": "ES",
    "sector": "public",
    "homepage": "https://city.example/",
    "identifiers": "wikidata:Q1|isni:000000012146438X",
    "source_url": "https://register.example/barcelona",
    "source_read": "2026-11-23",
}
NOTICE = {
    "title": "Organisations",
    "description": "One organisation.",
    "publisher": "iesi-kg project",
    "licence": "https://creativecommons.org/licenses/by/4.0/",
    "attribution": "iesi-kg project",
    "expected": {"organisations": 1},
}
HOMEPAGE, NAME, OTHER = NamedNode(FOAF + "homepage"), NamedNode(SKOS + "prefLabel"), NamedNode(SKOS + "altLabel")


def values(reader: Reader, thing: NamedNode, predicate: NamedNode) -> set[str]:
    return {quad.object.value for quad in reader.quads(thing, predicate, graph=DEFAULT_GRAPH)}  # type: ignore[union-attr]


@pytest.fixture
def bundle(bare_bundle: Path) -> Path:
    """A bundle with our ontology, shapes and queries, and a table of one organisation; its folder of tables."""
    folder = bare_bundle / "data" / "organisations"
    folder.mkdir()
    put(folder, ROW)
    return folder


def put(folder: Path, *rows: dict[str, str]) -> None:
    (folder / "organisations.csv").write_bytes(table(*rows))
    (folder / "organisations.json").write_text(json.dumps(NOTICE), encoding="utf-8")


@pytest.fixture
def store(tmp_path: Path) -> EmbeddedStore:
    return EmbeddedStore.open(tmp_path / "store", create=True)


@pytest.fixture(scope="module")
def published(bundled_store: Path) -> Iterator[Reader]:
    store = EmbeddedStore.open(bundled_store)
    yield store.reader()
    store.close()


def test_every_row_names_an_organisation_as_the_records_do(published: Reader) -> None:
    rows = list(csv.DictReader(StringIO(assets.text(organisations.FILE))))
    assert len(rows) == len({row["identifier"] for row in rows}) == 274
    for row in rows:
        thing = iris.organisation(row["identifier"])
        said = {
            (quad.predicate, quad.object)
            for quad in published.quads(thing)
            if isinstance(quad.graph_name, NamedNode) and iris.is_submission_graph(quad.graph_name)
        }
        assert (NAME, Literal(row["name"])) in said, row["identifier"]
        country = {iris.concept("country", row["country"])} if row["country"] else set()
        sector = {iris.concept("organisation-type", row["sector"])} if row["sector"] else set()
        assert country <= {value for _, value in said} and sector <= {value for _, value in said}, row["identifier"]


def test_every_identifier_of_ror_is_of_one_organisation_and_names_its_record(root: Path) -> None:
    rows = list(csv.DictReader(StringIO(assets.text(organisations.FILE))))
    found: list[str] = []
    for row in rows:
        identifiers = row["identifiers"].split("|")
        records = [name.replace("ror:", "https://ror.org/") for name in identifiers if name.startswith("ror:")]
        found += [name for name in identifiers if name]
        assert [url for url in row["source_url"].split("|") if "//ror.org/" in url] == records, row["identifier"]
        assert all(_checked(name[5:]) for name in identifiers if name.startswith("isni:")), row["identifier"]
    assert len(found) == len(set(found))
    counted = {
        register: sum(name.startswith(register) for name in found) for register in ("ror:", "isni:", "wikidata:")
    }
    assert counted == {"ror:": 157, "isni:": 135, "wikidata:": 116}
    sheet = (root / "docs" / "reference" / "data-sheet.md").read_text("utf-8")
    assert "157 organisations have those of their ROR record (157 ROR, 135 ISNI, 116 Wikidata;" in sheet
    gives = [row for row in rows if re.search(r"homepage of the record, as of release v", row["source_locator"])]
    assert len(gives) == 114 and all(row["homepage"] for row in gives)


def _checked(isni: str) -> bool:
    """Whether the last character is what ISO 7064 MOD 11-2 makes of the fifteen before it."""
    total = 0
    for digit in isni[:15]:
        total = (total + int(digit)) * 2
    return isni[15] == "0123456789X"[(12 - total % 11) % 11]


def test_the_data_sheet_counts_what_the_table_holds(published: Reader, root: Path) -> None:
    """Figures of the section on organisations, counted by hand from the tables."""
    sheet = (root / "docs" / "reference" / "data-sheet.md").read_text("utf-8")
    kind, page = NamedNode(RDF + "type"), NamedNode(ORG + "Organization")
    named = {quad.subject for quad in published.quads(predicate=kind, object=page, graph=DEFAULT_GRAPH)}
    homes = {quad.subject for quad in published.quads(predicate=HOMEPAGE, graph=DEFAULT_GRAPH)} & named
    registered = {
        quad.subject for quad in published.quads(predicate=NamedNode(DCT + "identifier"), graph=DEFAULT_GRAPH)
    } & named
    assert (len(named), len(homes), len(registered)) == (939, 266, 160)
    assert "Of 939 organisations 266 have a homepage, 160 an identifier in a register and 12 another name" in sheet


def test_the_page_of_an_organisation_shows_identifiers_names_and_sources(published: Reader) -> None:
    page = browse.sections(published, "organisation", iris.organisation("st-mungo-s-gb").value)
    assert page["summary"][0]["website"] == "https://www.mungos.org/"
    assert [row.get("identifier", row.get("name")) for row in page["identifiers"]] == [
        "St Mungo Community Housing Association",
        "gb-charity:1149085",
    ]
    assert [(row["publisher"], row["date"]) for row in page["sources"]] == [
        ("Wikipedia (copy)", "2026-11-23"),
        ("Wikipedia", "2026-11-23"),
    ]


def test_identifiers_of_registers_lead_to_them(published: Reader) -> None:
    page = browse.sections(published, "organisation", iris.organisation("university-of-coimbra-pt").value)
    assert page["summary"][0]["website"] == "https://www.uc.pt"
    names = [row["identifier"] for row in page["identifiers"]]
    made = environment().from_string(
        '{% from "_parts.html" import registration %}{% for name in names %}{{ registration(name) }}{% endfor %}'
    )
    links = re.findall(r'href="([^"]+)"', made.render(names=[*names, "gb-charity:1149085"]))
    assert sorted(links) == [
        "https://isni.org/isni/0000000095114342",
        "https://ror.org/04z8k9a98",
        "https://www.wikidata.org/entity/Q368643",
    ]


@pytest.mark.parametrize(
    ("wrong", "column", "code"),
    [
        ({"homepage": "www.city.example"}, "homepage", "bad-address"),
        ({"identifiers": "https://ror.org/02qjrjx09"}, "identifiers", "bad-form"),
        ({"country": "Spian"}, "country", "unknown-code"),
        ({"name": ""}, None, "organisation-name-missing"),
        ({"source_read": "yesterday"}, "source_read", "not-a-date"),
    ],
    ids=["homepage", "identifier", "country", "name", "date"],
)
def test_a_wrong_cell_is_told_at_its_place(wrong: dict[str, str], column: str | None, code: str) -> None:
    receipt = organisations.receive(SourceFile("organisations.csv", table(ROW, ROW | {"identifier": "b"} | wrong)))
    assert [(item.row, item.column, item.code) for item in receipt.report.findings] == [(3, column, code)]


def test_the_same_organisation_twice_and_a_column_too_few_are_told() -> None:
    twice = organisations.receive(SourceFile("organisations.csv", table(ROW, ROW)))
    assert [(item.row, item.code) for item in twice.report.findings] == [(3, "duplicate-record")]
    less = {name: text for name, text in ROW.items() if not name.startswith("source_")}
    sourceless = organisations.receive(SourceFile("organisations.csv", table(less)))
    assert [(item.row, item.code, item.column) for item in sourceless.report.findings] == [
        (1, "missing-column", "source_url")
    ]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([ROW | {"country": "Spian"}], "organisations.csv has 1 violations; the first is in row 2, column country"),
        ([ROW, ROW | {"identifier": "b"}], "expects: organisations 2 instead of 1"),
    ],
    ids=["violation", "count"],
)
def test_a_table_that_is_not_as_described_enters_nothing(
    bundle: Path, store: EmbeddedStore, rows: list[dict[str, str]], words: str
) -> None:
    put(bundle, *rows)
    with pytest.raises(IesiKgError, match=re.escape(words)):
        load_bundled(store, at=AT)
    assert list(store.reader().quads()) == []


def test_a_new_edition_takes_back_only_what_no_record_says(bundle: Path, store: EmbeddedStore) -> None:
    load_bundled(store, at=AT)
    done = publish(store, receive(SourceFile("own.csv", table(GOOD))), by="A steward", at=AT)
    with store.writer() as writer:
        writer.commit(withdrawn(writer.reader, done.graph, "error", AT.isoformat()))
    assert values(store.reader(), CITY, NAME) == {"Ajuntament de Barcelona"}  # the table says so too
    publish(store, receive(SourceFile("own.csv", table(GOOD | {"note": "again"}))), by="A steward", at=AT)
    put(bundle, ROW | {"identifier": "other", "name": "Other"})
    load_bundled(store, at=AT)
    reader = store.reader()
    assert (values(reader, CITY, HOMEPAGE), values(reader, CITY, NAME)) == (set(), {"Ajuntament de Barcelona"})
    assert values(reader, iris.organisation("other"), HOMEPAGE) == {"https://city.example/"}


def test_what_the_table_says_of_a_merged_organisation_is_said_of_the_other(bundle: Path, store: EmbeddedStore) -> None:
    rows = table(GOOD, GOOD | {"identifier": "b", "name": "B", "lead_organisation": "Barcelona City Council"})
    publish(store, receive(SourceFile("own.csv", rows)), by="A steward", at=AT)
    kept = iris.organisation("Barcelona City Council", "ES")
    merge(store, CITY, kept, Occasion("A steward", AT))
    load_bundled(store, at=AT)
    reader = store.reader()
    assert values(reader, kept, HOMEPAGE) == {"https://city.example/"}
    assert (values(reader, CITY, HOMEPAGE), values(reader, CITY, NAME)) == (set(), set())
    assert (values(reader, kept, NAME), values(reader, kept, OTHER)) == (
        {"Barcelona City Council"},
        {"Ajuntament de Barcelona", "Barcelona City Council"},
    )


def test_a_steward_s_rdf_may_say_the_same() -> None:
    """Homepage and identifier of an organisation that a record names, sent as RDF, are judged by the same rules."""
    record = receive(SourceFile("own.csv", table(GOOD))).submission.triples
    for homepage, identifier, found in [
        (NamedNode("https://city.example/"), "ror:02qjrjx09", set()),
        (Literal("city.example"), "02qjrjx09", {"organisation-homepage-address", "organisation-identifier-register"}),
    ]:
        said = [Triple(CITY, HOMEPAGE, homepage), Triple(CITY, NamedNode(DCT + "identifier"), Literal(identifier))]
        content = serialize([*record, *said], format=RdfFormat.N_TRIPLES) or b""
        assert {item.code for item in receive(SourceFile("own.nt", content)).report.findings} == found


def test_places_are_of_nuts_2021(published: Reader, shared: Path) -> None:
    listed = set(re.findall(r'nuts/2021/([A-Z]{2}[0-9A-Z]{0,3})"', (shared / "data/nuts/nuts-2021.rdf").read_text()))
    spatial = {quad.object for quad in published.quads(predicate=NamedNode(DCT + "spatial"), graph=DEFAULT_GRAPH)}
    codes = {value.value.rpartition("/")[2] for value in spatial if "/nuts/code/" in str(value)}  # type: ignore[union-attr]
    assert len(codes) == 134
    assert codes <= listed
