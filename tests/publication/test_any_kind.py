"""Workbooks and RDF walk the same way as CSV; whatever the bytes are, the answer is a report or a plain sentence."""

from __future__ import annotations

import zipfile
from datetime import date, datetime
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from iesi_kg.errors import InputError, UnreadableFile
from iesi_kg.publication.workflow import check
from iesi_kg.records import Report, SourceFile

HEADER = ["identifier", "name", "description", "country", "start_year", "start_date", "service_areas", "target_groups"]
HEADER += ["lead_organisation", "source_url", "source_check"]
ROW: list[object] = ["a", "A", "It helps.", "ES", 2013, date(2013, 5, 1), "childcare", "families", "O"]
ROW += ["https://example.org/", "not-re-read"]


def workbook(*rows: list[object], title: str = "Data", notes: bool = False) -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    if notes:
        sheet.title = "Read me"
        sheet.append(["How to fill in this table"])
        sheet = book.create_sheet()
    sheet.title = title
    for row in rows:
        sheet.append(row)
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()


def of(content: bytes) -> Report:
    return check(SourceFile("file", content))


def test_a_workbook_is_read_with_its_dates_and_numbers() -> None:
    assert of(workbook(HEADER, ROW)) == Report(1)
    assert of(workbook(HEADER, [*ROW[:4], 2013.0, datetime(2013, 5, 1), *ROW[6:]])) == Report(1)


def test_the_sheet_with_our_columns_is_found_and_named() -> None:
    report = of(workbook(HEADER, [], [*ROW[:3], "Frence", *ROW[4:]], title="Initiatives", notes=True))
    (finding,) = report.findings
    assert (finding.sheet, finding.row, finding.column, finding.value) == ("Initiatives", 3, "country", "Frence")
    assert finding.suggestion == "FR (France)"


def test_rows_above_the_header_keep_the_numbers_that_excel_shows() -> None:
    report = of(workbook(["Inventory 2026"], [], HEADER, [*ROW[:4], 1815, *ROW[5:]]))
    told, finding = report.findings
    assert (told.code, told.row) == ("rows-above-header", 3)
    assert (finding.code, finding.row, finding.column, finding.value) == ("start-year-range", 4, "start_year", "1815")


def test_a_workbook_without_our_columns_names_its_sheets() -> None:
    with pytest.raises(UnreadableFile, match=r"no sheet of file has the column names .* its sheets are 'Data'"):
        of(workbook(["a", "b"]))


def test_a_cell_beyond_the_header_is_not_lost_in_silence() -> None:
    (finding,) = of(workbook(HEADER, [*ROW, "beyond"])).findings
    assert (finding.code, finding.row, finding.value) == ("ragged-row", 2, "beyond")


def test_a_damaged_workbook() -> None:
    content = workbook(HEADER, ROW)
    with zipfile.ZipFile(BytesIO(content)) as whole, zipfile.ZipFile(broken := BytesIO(), "w") as part:
        for name in whole.namelist():
            part.writestr(name, b"<oops" if "sheet1" in name else whole.read(name))
    with pytest.raises(
        UnreadableFile, match=r"damaged Excel workbook: xl/worksheets/sheet1.xml, line 1, cannot be read"
    ):
        of(broken.getvalue())


def test_a_workbook_that_declares_entities() -> None:
    content = BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("xl/workbook.xml", '<!DOCTYPE x [<!ENTITY a "b">]><workbook/>')
    with pytest.raises(UnreadableFile, match="declares XML entities"):
        of(content.getvalue())


INITIATIVE = """@prefix iesi: <https://w3id.org/iesi-kg/ontology#> . @prefix dct: <http://purl.org/dc/terms/> .
@prefix m8g: <http://data.europa.eu/m8g/> . @prefix c: <https://w3id.org/iesi-kg/codes/> .
<https://w3id.org/iesi-kg/id/initiative/a> a iesi:Initiative ; dct:title "A" ; dct:description "It helps."@en ;
  iesi:country <https://w3id.org/iesi-kg/codes/country/ES> ; iesi:startYear 2013 ; iesi:targetGroupText "all" ;
  m8g:thematicArea <https://w3id.org/iesi-kg/codes/policy-area/childcare> ;
  m8g:hasParticipation <https://w3id.org/iesi-kg/id/initiative/a#lead> ;
  iesi:hasSourceReading <https://w3id.org/iesi-kg/id/initiative/a#source-1> .
<https://w3id.org/iesi-kg/id/initiative/a#lead> a iesi:Participation ;
  m8g:hasParticipant <https://w3id.org/iesi-kg/id/organisation/o> ;
  m8g:role <https://w3id.org/iesi-kg/codes/participation-role/lead> .
<https://w3id.org/iesi-kg/id/organisation/o> a <http://www.w3.org/ns/org#Organization> ;
  <http://www.w3.org/2004/02/skos/core#prefLabel> "O" .
<https://w3id.org/iesi-kg/id/initiative/a#source-1> a iesi:SourceReading ;
  iesi:document <https://w3id.org/iesi-kg/id/document/d> ;
  iesi:readingStatus <https://w3id.org/iesi-kg/codes/reading-status/not-re-read> .
<https://w3id.org/iesi-kg/id/document/d> a iesi:SourceDocument ;
  <http://xmlns.com/foaf/0.1/page> <https://example.org/a> .
"""


def test_turtle_is_checked_by_the_same_shapes() -> None:
    assert of(INITIATIVE.encode()) == Report(1)


def test_a_finding_on_rdf_names_the_node() -> None:
    (finding,) = of(INITIATIVE.replace("country/ES", "country/XX").encode()).findings
    assert (finding.code, finding.row, finding.column) == ("country-code", None, None)
    assert finding.value == "https://w3id.org/iesi-kg/codes/country/XX"
    assert finding.focus_node == "https://w3id.org/iesi-kg/id/initiative/a"


@pytest.mark.parametrize("number", ['"2013"', '"2013"^^<http://www.w3.org/2001/XMLSchema#gYear>'])
def test_a_year_of_another_type_is_told_how_to_write_it(number: str) -> None:
    (finding,) = of(INITIATIVE.replace("iesi:startYear 2013", f"iesi:startYear {number}").encode()).findings
    assert (finding.code, finding.value) == ("start-year-range", "2013")
    assert finding.suggestion == "write a whole number (xsd:integer), in Turtle without quotation marks: 2013"


@pytest.mark.parametrize(
    ("extra", "code"),
    [
        ('<https://w3id.org/iesi-kg/id/initiative/a> dct:relation [ dct:title "x" ] .', "blank-node"),
        ("<https://example.org/other> dct:title 'x' .", "foreign-subject"),
        ("<https://w3id.org/iesi-kg/id/initiative/other> dct:title 'x' .", "undescribed-record"),
        ("<https://w3id.org/iesi-kg/id/initiative/other#lead> dct:title 'x' .", "undescribed-record"),
        ("<https://w3id.org/iesi-kg/codes/country/XX> dct:title 'x' .", "foreign-subject"),
        ("<https://w3id.org/iesi-kg/id/submission/x> dct:title 'x' .", "foreign-subject"),
    ],
)
def test_what_rdf_may_not_say(extra: str, code: str) -> None:
    report = of((INITIATIVE + extra).encode())
    assert [finding.code for finding in report.findings] == [code]
    assert not report.conforms


def test_rdf_without_initiatives() -> None:
    (finding,) = of(b"@prefix ex: <http://e/> .").findings
    assert finding.code == "no-records"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"@prefix ex: <http://e/> .\nex:a ex:b .", "line 2, column 11: not well-formed Turtle"),
        (
            b"@prefix ex: <http://e/> .\n" + b"ex:a ex:b [ " * 5_000,
            "line 2: brackets or elements are nested more than 100",
        ),
        (b'{"@id": "http://e/a", "http://e/p": ' + b"[" * 50_000, "nested more than 100 deep"),
        (
            b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "b">]>'
            b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/>',
            "a DOCTYPE is not accepted",
        ),
        (
            b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">' + b"<rdf:a>" * 5_000,
            "nested more than 100 deep",
        ),
        (
            b"@prefix ex: <http://e/> .\nex:a ex:b '\xff' .",
            "line 2, column 12: not well-formed Turtle: the bytes are not UTF-8",
        ),
        (
            b'{"@context": "https://schema.org/", "@id": "http://e/a", "name": "x"}',
            "takes its @context from an address",
        ),
    ],
)
def test_rdf_that_cannot_be_read(content: bytes, words: str) -> None:
    with pytest.raises(UnreadableFile) as caught:
        of(content)
    assert words in caught.value.detail
    assert caught.value.hint


def answers(content: bytes) -> None:
    """A report or an InputError; anything else is a defect and fails the test."""
    try:
        report = of(content)
    except InputError as error:
        assert error.detail
        return
    assert all(finding.message for finding in report.findings)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_answered(content: bytes) -> None:
    answers(content)


CELLS = st.text(st.characters(codec="utf-8"), max_size=12)
LINES = st.lists(st.lists(CELLS, max_size=6), max_size=5)


@settings(max_examples=150, deadline=None)
@given(LINES, st.sampled_from([",", ";", "\t"]), st.sampled_from(["utf-8", "utf-16", "utf-8-sig"]))
def test_any_table_under_our_header_is_answered(lines: list[list[str]], delimiter: str, encoding: str) -> None:
    header = ["name", "country", "start_year", "website", "source_url", "partner_types"]
    text = "\n".join(delimiter.join(cells) for cells in [header, *lines])
    answers(text.encode(encoding))


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 6_000), st.binary(min_size=1, max_size=8))
def test_any_damage_to_a_workbook_is_answered(place: int, damage: bytes) -> None:
    content = bytearray(WORKBOOK)
    content[place : place + len(damage)] = damage
    answers(bytes(content))


@settings(max_examples=100, deadline=None)
@given(st.integers(0, len(INITIATIVE)), st.text(max_size=5))
def test_any_damage_to_turtle_is_answered(place: int, damage: str) -> None:
    answers((INITIATIVE[:place] + damage + INITIATIVE[place + len(damage) :]).encode("utf-8", "replace"))


WORKBOOK = workbook(HEADER, ROW)
