"""Published records to a sheet and back: only what was changed is said, and what was changed twice is asked."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from openpyxl import Workbook
from pyoxigraph import DefaultGraph, NamedNode
from sheets_in_hand import Edit, add, edited, filled, put, without_column, without_row, without_sheet

from iesi_kg.errors import NotFound, RevisionConflict, SubmissionRejected, UnreadableFile
from iesi_kg.publication import graphs, revision
from iesi_kg.publication.revision import Comparison, Side
from iesi_kg.publication.workflow import Published, check, publish, receive
from iesi_kg.records import SourceFile
from iesi_kg.store.base import DEFAULT_GRAPH, ChangeSet, Reader
from iesi_kg.store.embedded import EmbeddedStore
from iesi_kg.vocabulary import iris
from submission_tables import GOOD, table

AT = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
ONE, TWO = iris.initiative("vincles"), iris.initiative("second")
RICH = GOOD | {
    "service_areas": "social-inclusion|childcare",
    "partner_organisations": "Cruz Roja|Ajuntament de Barcelona|Fundació Sense Tipus",
    "partner_types": "social-enterprise|public|",
    "partner_countries": "ES|ES|unknown",
    "outcome": "Fewer people feel alone|Calls went down",
    "evaluation_method": "|sroi",
    "outcome_source_url": "https://example.org/report|https://example.org/report",
    "source_url": "https://example.org/vincles|https://example.org/report",
    "source_check": "read|read",
    "source_read": "2026-11-20|2026-11-21",
    "website": "https://example.org/",
}
SECOND = GOOD | {"identifier": "second", "name": "A second one"}


def submit(store: EmbeddedStore, source: SourceFile, take: Side | None = None) -> Published:
    return publish(store, replace(receive(source), take=take), by="a steward", at=AT)


def tabled(*rows: Mapping[str, str], name: str = "table.csv") -> SourceFile:
    return SourceFile(name, table(*rows))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with two records, made once."""
    path = tmp_path_factory.mktemp("round") / "store"
    made = EmbeddedStore.open(path, create=True)
    submit(made, tabled(RICH, SECOND))
    made.close()
    return path


@pytest.fixture(scope="module")
def present(folder: Path) -> Reader:
    """What that store says, for tests that change nothing."""
    return EmbeddedStore(folder).reader()


@pytest.fixture(scope="module")
def sheet(present: Reader) -> bytes:
    """The sheet of both records."""
    return filled(present, "vincles", "second")


@pytest.fixture
def store(folder: Path, tmp_path: Path) -> EmbeddedStore:
    shutil.copytree(folder, tmp_path / "store")
    return EmbeddedStore.open(tmp_path / "store")


def compared(reader: Reader, source: SourceFile, take: Side | None = None) -> Comparison:
    return revision.compare(reader, receive(source).submission, take=take)


def cells(comparison: Comparison) -> set[tuple[str, int | None, str | None, str | None]]:
    return {(change.column, change.position, change.before, change.after) for change in comparison.changes}


def merged(reader: Reader) -> set[str]:
    return {str(quad.triple) for quad in reader.quads(graph=DefaultGraph()) if "#record" not in str(quad.subject)}


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_a_sheet_that_nobody_changed_says_nothing(store: EmbeddedStore, lang: str) -> None:
    source = edited(filled(store.reader(), "vincles", "second", lang=lang))
    receipt = receive(source)
    assert [f.message for f in receipt.report.findings] == []
    comparison = revision.compare(store.reader(), receipt.submission)
    assert (comparison.changes, comparison.conflicts, comparison.missing) == ((), (), ())
    assert set(comparison.unchanged) == {ONE.value, TWO.value}
    version = store.reader().version
    done = submit(store, source)
    assert (done.changed, done.version, store.reader().version) == (False, version, version)


def test_only_what_was_changed_is_published_as_a_revision(store: EmbeddedStore) -> None:
    reader = store.reader()
    before, (first,) = merged(reader), graphs.sources(reader, [ONE])
    source = edited(
        filled(reader, "vincles", "second"),
        put("Initiatives", 2, "Name", "Vincles BCN 2"),
        put("Initiatives", 2, "Website", None),
        put("Outcomes", 3, "Outcomes", "Calls went down by half"),
        add("Participations", Initiative="Vincles BCN 2", Partner_organisations="Neighbours"),
    )
    assert cells(compared(reader, source)) == {
        ("name", None, "Vincles BCN", "Vincles BCN 2"),
        ("website", None, "https://example.org/", None),
        ("outcome", 2, "Calls went down", "Calls went down by half"),
        ("partner_organisations", 4, None, "Neighbours"),
        ("partner_roles", 4, None, "partner"),
        ("partner_countries", 4, None, "ES"),
    }
    done = submit(store, source)
    reader = store.reader()
    assert (done.changed, done.records, done.replaced) == (True, 1, 1)
    gone, come = before - merged(reader), merged(reader) - before
    assert len(gone) == 3
    assert sorted(text.split(" ", 2)[2] for text in gone) == [
        '"Calls went down"@en',
        '"Vincles BCN"',
        "<https://example.org/>",
    ]
    assert {text for text in come if "#partner-4" not in text and "neighbours" not in text} == {
        f'<{ONE.value}> <http://purl.org/dc/terms/title> "Vincles BCN 2"',
        f'<{ONE.value}#outcome-2> <http://purl.org/dc/terms/description> "Calls went down by half"@en',
    }
    assert list(reader.quads(done.graph, NamedNode("http://www.w3.org/ns/prov#wasRevisionOf"), first)) != []
    assert graphs.sources(reader, [TWO]) == {first}  # what was not changed stays where it was


def test_what_others_published_meanwhile_stays(store: EmbeddedStore) -> None:
    content = filled(store.reader(), "vincles")
    submit(store, tabled(RICH | {"place": "Barcelona", "service_areas": "social-inclusion|social-housing"}))
    source = edited(
        content,
        put("Initiatives", 2, "Policy areas", "social inclusion|childcare|education and training"),
        put("Initiatives", 2, "Status", "pilot"),
    )
    comparison = compared(store.reader(), source)
    assert comparison.conflicts == ()
    assert cells(comparison) == {
        (
            "service_areas",
            None,
            "social-housing|social-inclusion",
            "education-training|social-housing|social-inclusion",
        ),
        ("status", None, None, "pilot"),
    }
    submit(store, source)
    places = store.reader().quads(ONE, NamedNode("https://w3id.org/iesi-kg/ontology#placeName"), graph=DEFAULT_GRAPH)
    assert [quad.object.value for quad in places] == ["Barcelona"]  # type: ignore[union-attr]


@pytest.mark.parametrize(("take", "name"), [("mine", "Mine"), ("theirs", "Theirs")])
def test_a_cell_changed_on_both_sides_is_asked(store: EmbeddedStore, take: Side, name: str) -> None:
    content = filled(store.reader(), "vincles")
    submit(store, tabled(RICH | {"name": "Theirs"}))
    source = edited(content, put("Initiatives", 2, "Name", "Mine"), put("Initiatives", 2, "Status", "pilot"))
    (conflict,) = compared(store.reader(), source).conflicts
    assert (conflict.column, conflict.base, conflict.mine, conflict.theirs, conflict.sheet, conflict.row) == (
        "name",
        "Vincles BCN",
        "Mine",
        "Theirs",
        "Initiatives",
        2,
    )
    version = store.reader().version
    with pytest.raises(RevisionConflict, match=r"1 cell was changed in it and, since it was taken") as refused:
        submit(store, source)
    assert store.reader().version == version
    assert refused.value.members["comparison"] == compared(store.reader(), source)
    assert "--take mine" in (refused.value.hint or "")
    submit(store, source, take)
    titles = store.reader().quads(ONE, NamedNode("http://purl.org/dc/terms/title"), graph=DEFAULT_GRAPH)
    assert [quad.object.value for quad in titles] == [name]  # type: ignore[union-attr]


def test_the_same_edit_on_both_sides_is_no_conflict(store: EmbeddedStore) -> None:
    content = filled(store.reader(), "vincles")
    submit(store, tabled(RICH | {"name": "Both"}))
    comparison = compared(store.reader(), edited(content, put("Initiatives", 2, "Name", "Both")))
    assert (comparison.changes, comparison.conflicts) == ((), ())


def test_new_rows_of_both_sides_stand_side_by_side(store: EmbeddedStore) -> None:
    content = filled(store.reader(), "vincles")
    submit(
        store,
        tabled(
            RICH
            | {
                "outcome": f"{RICH['outcome']}|Theirs",
                "evaluation_method": "|sroi|",
                "outcome_source_url": f"{RICH['outcome_source_url']}|",
            }
        ),
    )
    source = edited(content, add("Outcomes", Initiative="vincles", Outcomes="Mine"))
    assert cells(compared(store.reader(), source)) == {("outcome", 4, None, "Mine")}


def moved_to_the_end(book: Workbook) -> None:
    sheet = book["Participations"]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]  # type: ignore[attr-defined]
    for number, row in enumerate([rows[0], *reversed(rows[1:])], start=1):
        for place, value in enumerate([*row[2:], *row[:2]], start=1):
            sheet.cell(number, place).value = value  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "edits",
    [
        [without_column("Initiatives", "Website"), without_column("Initiatives", "Policy areas")],
        [without_column("Initiatives", "Identifier")],
        [without_column("Initiatives", "iri")],
        [without_column("Participations", "iri"), without_column("Outcomes", "iri")],
        [without_column("Participations", "Initiative")],
        [without_column("Outcomes", "Evaluation methods")],
        [without_column("Organisations", "Type of organisation")],
        [without_sheet("Organisations")],
        [without_sheet("Participations"), without_sheet("Outcomes")],
        [without_row("Organisations", 2)],
        [moved_to_the_end],
        [put("Initiatives", 1, "Website", "Our web page")],
        [put("Outcomes", 1, "Outcomes", "What came of it")],
    ],
    ids=[
        "areas",
        "key",
        "iri",
        "iris",
        "link",
        "methods",
        "types",
        "no-directory",
        "two-sheets",
        "row",
        "moved",
        "renamed",
        "renamed-group",
    ],
)
def test_missing_moved_and_renamed_columns_lose_nothing(present: Reader, sheet: bytes, edits: list[Edit]) -> None:
    receipt = receive(edited(sheet, *edits))
    assert [f.message for f in receipt.report.findings if f.severity.value != "info"] == []
    comparison = revision.compare(present, receipt.submission)
    assert (comparison.changes, comparison.conflicts) == ((), ())


def test_a_renamed_column_is_said_at_its_header(store: EmbeddedStore) -> None:
    source = edited(filled(store.reader(), "vincles"), put("Initiatives", 1, "Website", "Our web page"))
    (told,) = check(source).findings
    assert (told.code, told.severity.value, told.sheet, told.row, told.column, told.suggestion) == (
        "renamed-column",
        "info",
        "Initiatives",
        1,
        "Our web page",
        "website",
    )


def test_a_row_taken_out_of_a_group_is_removed_and_the_others_stay(store: EmbeddedStore) -> None:
    source = edited(filled(store.reader(), "vincles"), without_row("Participations", 2))
    assert cells(compared(store.reader(), source)) == {
        ("partner_organisations", 1, "Cruz Roja", None),
        ("partner_roles", 1, "partner", None),
        ("partner_types", 1, "social-enterprise", None),
        ("partner_countries", 1, "ES", None),
    }


def test_an_emptied_identifier_is_that_of_the_row(present: Reader, sheet: bytes) -> None:
    comparison = compared(present, edited(sheet, put("Initiatives", 2, "Identifier", None)))
    assert (comparison.changes, comparison.new) == ((), ())


def test_a_row_moved_to_another_record_is_new_there(present: Reader, sheet: bytes) -> None:
    source = edited(sheet, put("Outcomes", 2, "Initiative", "second"))
    changes = {(c.record, c.column, c.position, c.kind) for c in compared(present, source).changes}
    assert {change for change in changes if change[1] == "outcome"} == {
        (ONE.value, "outcome", 1, "removed"),
        (TWO.value, "outcome", 1, "added"),
    }


def test_a_record_without_a_row_is_left_alone_and_named(store: EmbeddedStore) -> None:
    source = edited(
        filled(store.reader(), "vincles", "second"), without_row("Initiatives", 3), without_row("Sources", 4)
    )
    comparison = compared(store.reader(), source)
    assert (comparison.changes, comparison.missing) == ((), (TWO.value,))


def test_a_directory_changes_every_record_that_names_the_thing(store: EmbeddedStore) -> None:
    source = edited(
        filled(store.reader(), "vincles", "second"), put("Organisations", 2, "Type of organisation", "third-sector")
    )
    changed = {(change.record, change.column) for change in compared(store.reader(), source).changes}
    assert changed == {
        (ONE.value, "lead_org_type"),
        (ONE.value, "partner_types"),
        (TWO.value, "lead_org_type"),
    }


def test_a_new_record_may_stand_in_a_filled_sheet(store: EmbeddedStore) -> None:
    source = edited(
        filled(store.reader(), "vincles"),
        add("Initiatives", Identifier="third", Name="A third", Country="Spain", Policy_areas="childcare"),
        add("Sources", Initiative="A third", Source_addresses="https://example.org/3"),
    )
    assert [f.message for f in check(source).findings if f.severity.value == "violation"] == []
    comparison = compared(store.reader(), source)
    assert comparison.new == (iris.initiative("third").value,)
    assert {change.kind for change in comparison.changes} == {"added"}
    assert submit(store, source).records == 1
    assert graphs.is_published(store.reader(), iris.initiative("third"))


def test_a_record_withdrawn_meanwhile_is_asked(store: EmbeddedStore) -> None:
    content = filled(store.reader(), "vincles")
    with store.writer() as writer:
        gone = graphs.superseded(writer.reader, [ONE])
        writer.commit(ChangeSet("withdrawn", remove=graphs.Quads((gone, DEFAULT_GRAPH))))
    source = edited(content, put("Initiatives", 2, "Name", "Mine"))
    (conflict,) = compared(store.reader(), source).conflicts
    assert (conflict.column, conflict.mine, conflict.theirs) == ("identifier", "vincles", None)
    assert submit(store, source, "theirs").changed is False
    submit(store, source, "mine")
    assert graphs.is_published(store.reader(), ONE)


def test_the_whole_must_hold_not_only_the_sheet(store: EmbeddedStore) -> None:
    content = filled(store.reader(), "vincles")
    submit(store, tabled(RICH | {"start_year": "2020"}))
    source = edited(content, put("Initiatives", 2, "End year", "2015"))
    assert check(source).conforms
    with pytest.raises(SubmissionRejected) as refused:
        submit(store, source)
    report = refused.value.members["report"]
    (told,) = [f for f in report.findings if f.severity.value == "violation"]  # type: ignore[attr-defined]
    assert (told.code, told.sheet, told.row, told.column) == ("end-before-start", "Initiatives", 2, "end_year")


def test_statements_that_no_row_can_say_stay(store: EmbeddedStore) -> None:
    extra = f'<{ONE.value}> <http://purl.org/dc/terms/description> "Une autre langue"@fr .\n'
    lines = [f"{triple} .\n" for triple in receive(tabled(RICH)).submission.triples]
    submit(store, SourceFile("more.nt", "".join([*lines, extra]).encode()))
    source = edited(filled(store.reader(), "vincles"), put("Initiatives", 2, "Status", "pilot"))
    submit(store, source)
    texts = store.reader().quads(ONE, NamedNode("http://purl.org/dc/terms/description"), graph=DEFAULT_GRAPH)
    assert "Une autre langue" in {quad.object.value for quad in texts}  # type: ignore[union-attr]


def test_another_file_is_compared_as_the_replacement_that_it_is(store: EmbeddedStore) -> None:
    comparison = compared(store.reader(), tabled({k: v for k, v in SECOND.items() if k != "description"}))
    assert cells(comparison) == {("description", None, SECOND["description"], None)}
    assert comparison.taken is None


@pytest.mark.parametrize(
    ("edit", "code", "place", "suggestion"),
    [
        (
            put("Initiatives", 2, "Identifier", "other"),
            "identifier-changed",
            ("Initiatives", 2, "Identifier"),
            "vincles",
        ),
        (put("Outcomes", 2, "Initiative", "vinclez"), "unknown-record", ("Outcomes", 2, "Initiative *"), "Vincles BCN"),
        (put("Outcomes", 2, "Initiative", None), "unknown-record", ("Outcomes", 2, "Initiative *"), "identifier"),
        (
            put("Sources", 2, "Source addresses", "https://a.org/|https://b.org/"),
            "several-values",
            ("Sources", 2, "S"),
            "row",
        ),
        (put("Participations", 3, "Roles of the partners", "chef"), "unknown-code", ("Participations", 3, "Roles"), ""),
        (
            add("Organisations", Organisation="Nobody", Type_of_organisation="third-sector"),
            "named-nowhere",
            ("Organisations", 5, ""),
            "name",
        ),
        (add("Organisations", Organisation="Cruz Roja"), "listed-twice", ("Organisations", 5, ""), "one"),
        (
            add("Organisations", Type_of_organisation="third-sector"),
            "directory-without-name",
            ("Organisations", 5, ""),
            "name",
        ),
        (
            add("Outcomes", Initiative="vincles", Evaluation_methods="sroi"),
            "value-without-subject",
            ("Outcomes", 4, ""),
            "outcome",
        ),
    ],
    ids=["identifier", "unknown", "none", "several", "code", "nowhere", "twice", "nameless", "subject"],
)
def test_what_is_wrong_between_the_sheets_is_said_at_its_cell(
    sheet: bytes, edit: Edit, code: str, place: tuple[str, int, str], suggestion: str
) -> None:
    found = {f.code: f for f in check(edited(sheet, edit)).findings}
    assert code in found, found
    told = found[code]
    assert (told.sheet, told.row) == place[:2]
    assert (told.column or "").startswith(place[2])
    assert suggestion in (told.suggestion or "")


def test_a_hidden_sheet_that_was_tampered_with_is_refused(store: EmbeddedStore) -> None:
    def tampered(book: Workbook) -> None:
        book["iesi-kg base"]["C3"] = "x"

    with pytest.raises(UnreadableFile, match=r"hidden sheet 'iesi-kg base' of sheet.xlsx"):
        check(edited(filled(store.reader(), "vincles"), tampered))


def test_without_the_hidden_sheet_the_file_replaces_its_records(store: EmbeddedStore) -> None:
    source = edited(
        filled(store.reader(), "second"), without_sheet("iesi-kg base"), put("Initiatives", 2, "Description", None)
    )
    comparison = compared(store.reader(), source)
    assert comparison.taken is None
    assert ("description", None, SECOND["description"], None) in cells(comparison)


def test_a_record_that_is_not_published_is_named_with_the_nearest(store: EmbeddedStore) -> None:
    with pytest.raises(NotFound, match="no published record 'vinkles'") as unknown:
        filled(store.reader(), "vinkles")
    assert unknown.value.hint == "did you mean vincles?"
