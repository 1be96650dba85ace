"""What a file would change, in words, counted by hand; and which answers would move."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sheets_in_hand import edited, filled, put

from iesi_kg.publication import outlook, workflow
from iesi_kg.publication.outlook import Bounds, Line, Outlook
from iesi_kg.records import SourceFile
from iesi_kg.store.embedded import EmbeddedStore
from running_server import fill

AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
HEADER = (
    "identifier,name,country,start_year,service_areas,target_groups,description,lead_organisation,"
    "source_url,source_check"
)
ROW = "vincles,Vincles,ES,2013,social-inclusion,older-people,It helps.,Ajuntament,https://example.org/,not-re-read"
VINCLES = "https://w3id.org/iesi-kg/id/initiative/vincles"


def table(row: str) -> SourceFile:
    return SourceFile("a.csv", f"{HEADER}\n{row}\n".encode())


@pytest.fixture(scope="module")
def store(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedStore]:
    """The ontology, the lists that are used, and one published record."""
    lists = ("country", "status", "ict-role", "policy-area", "target-group", "reading-status", "participation-role")
    files = [root / "ontology" / "iesi.ttl", *(root / "ontology" / "codelists" / f"{name}.ttl" for name in lists)]
    folder = tmp_path_factory.mktemp("outlook") / "store"
    fill(folder, "\n".join(path.read_text("utf-8") for path in files))
    opened = EmbeddedStore.open(folder)
    workflow.publish(opened, workflow.receive(table(ROW)), by="steward", at=AT)
    yield opened
    opened.close()


def look(store: EmbeddedStore, row: str, language: str = "en", bounds: Bounds | None = None) -> Outlook:
    return outlook.outlook(store.reader(), workflow.receive(table(row)), AT, language, bounds)


def test_one_changed_cell_is_one_statement_more_and_one_fewer(store: EmbeddedStore) -> None:
    found = look(store, ROW.replace("2013", "2014"))
    assert (found.added, found.removed, len(found.records)) == (1, 1, 1)
    (record,) = found.records
    assert (record.iri, record.name, record.is_new) == (VINCLES, "Vincles", False)
    assert record.added == (Line("", "start year", "2014"),)
    assert record.removed == (Line("", "start year", "2013"),)


def test_codes_and_properties_are_said_in_the_reader_s_language(store: EmbeddedStore) -> None:
    (record,) = look(store, ROW.replace(",ES,", ",ES|FR,"), "fr").records
    assert record.added == (Line("", "pays", "France"),)
    assert record.removed == ()


def test_a_new_record_is_said_whole_and_a_node_of_it_by_its_name(store: EmbeddedStore) -> None:
    found = look(store, ROW.replace("vincles,Vincles", "other,Other"))
    assert [(record.name, record.is_new) for record in found.records] == [("Other", True)]
    said = set(found.records[0].added)
    assert Line("", "title", "Other") in said
    assert Line("source 1", "document", "https://example.org/") in said
    assert Line("lead", "has participant", "Ajuntament") in said
    assert not [line for line in said if line.part == "record" or line.value.startswith(VINCLES)]


def test_the_same_file_changes_nothing(store: EmbeddedStore) -> None:
    found = look(store, ROW)
    assert found.published
    assert (found.records, found.added, found.moved) == ((), 0, ())


def test_answers_move_by_rows(store: EmbeddedStore) -> None:
    bounds = Bounds(seconds=60.0)
    found = look(store, ROW.replace("vincles,Vincles", "other,Other"), bounds=bounds)
    moved = {answer.slug: (answer.added, answer.removed) for answer in found.moved}
    assert moved["018-without-evidence-of-results"] == (1, 0)
    assert found.unasked == ()
    assert found.asked > 20 + 42
    (timeline,) = (answer for answer in found.moved if answer.slug == "037-timeline")
    assert timeline.gained == (("2013", "social inclusion", "not coded", "2"),)
    assert timeline.lost == (("2013", "social inclusion", "not coded", "1"),)
    version = store.reader().version
    assert {number for number, _ in bounds.asked} == {version}
    assert look(store, ROW.replace("2013", "2014"), bounds=bounds).asked == found.asked


@pytest.mark.parametrize("bounds", [Bounds(seconds=-1.0), Bounds(quads=10)])
def test_what_was_not_computed_is_said(store: EmbeddedStore, bounds: Bounds) -> None:
    found = look(store, ROW.replace("2013", "2014"), bounds=bounds)
    assert (found.moved, found.asked) == ((), 0)
    assert "Records without evidence of results" in found.unasked


def test_for_programs(store: EmbeddedStore) -> None:
    facts = outlook.as_json(look(store, ROW.replace("2013", "2014")))
    assert facts["records"] == [
        {
            "iri": VINCLES,
            "name": "Vincles",
            "new": False,
            "added": [["", "start year", "2014"]],
            "removed": [["", "start year", "2013"]],
        }
    ]


@pytest.fixture(scope="module")
def sheet(store: EmbeddedStore) -> bytes:
    """The published record as a workbook to change and send back."""
    return filled(store.reader(), "vincles")


def weigh(store: EmbeddedStore, source: SourceFile) -> Outlook:
    return outlook.outlook(store.reader(), workflow.receive(source), AT, "en")


def test_a_filled_sheet_is_told_cell_by_cell_and_changes_only_that(store: EmbeddedStore, sheet: bytes) -> None:
    found = weigh(store, edited(sheet, put("Initiatives", 2, "Start year", 2015)))
    assert found.cells
    assert [(cell.column, cell.before, cell.after) for cell in found.cells.changes] == [("start_year", "2013", "2015")]
    assert (found.added, found.removed) == (1, 1)
    assert found.records[0].added == (Line("", "start year", "2015"),)


def test_a_filled_sheet_in_which_nothing_was_changed_changes_nothing(store: EmbeddedStore, sheet: bytes) -> None:
    found = weigh(store, edited(sheet))
    assert found.published
    assert (found.records, found.cells and found.cells.changes) == ((), ())


def test_what_was_changed_on_both_sides_is_told_with_both_values(tmp_path: Path) -> None:
    opened = EmbeddedStore.open(tmp_path / "store", create=True)
    workflow.publish(opened, workflow.receive(table(ROW)), by="steward", at=AT)
    mine = edited(filled(opened.reader(), "vincles"), put("Initiatives", 2, "Start year", 2015))
    workflow.publish(opened, workflow.receive(table(ROW.replace("2013", "2014"))), by="steward", at=AT)
    found = weigh(opened, mine)
    assert found.cells
    assert [(cell.base, cell.mine, cell.theirs) for cell in found.cells.conflicts] == [("2013", "2015", "2014")]
    assert not found.published
    assert found.records == ()
    opened.close()
