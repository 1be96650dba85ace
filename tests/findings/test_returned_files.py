"""What goes back to a sender: the page, the tables, the workbook with its findings, the mended file."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from datetime import date
from pathlib import Path

import openpyxl
import pyoxigraph
import pytest
from openpyxl.chart import BarChart, Reference
from openpyxl.comments import Comment
from openpyxl.styles import Font, PatternFill

from iesi_kg.errors import InputError, UsageError
from iesi_kg.publication import returned, workflow
from iesi_kg.records import Report, SourceFile
from iesi_kg.validation import page, render, w3c
from iesi_kg.validation.delimited import Delimited
from iesi_kg.validation.listing import in_sheet_order
from iesi_kg.validation.openxml import Package
from iesi_kg.validation.scoring import Standing

HEADER = ["identifier", "name", "description", "country", "start_year", "service_areas", "target_groups"]
HEADER += ["lead_organisation", "source_url", "source_read", "source_check", "website"]
GOOD = ["care-net", "Care Net", "Visits in one calendar.", "AT", 2012, "childcare", "families"]
GOOD += ["Stadt Wien", "https://example.org/c", "2026-11-20", "read", "https://c.example.org"]
BAD = ["vincles", "Vincles BCN", "<b>A network</b>", "Spian", "2,013", "childcare|socail-inclusion", None]
BAD += ["Ajuntament", "https://example.org/v", "20/11/2026", "read", "www.example.org"]
TODAY = date(2026, 11, 22)
SH = "http://www.w3.org/ns/shacl#"


def table(delimiter: str = ",", encoding: str = "utf-8", line: str = "\r\n") -> SourceFile:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator=line).writerows([HEADER, GOOD, BAD])
    return SourceFile("mine.csv", out.getvalue().encode(encoding))


def book() -> SourceFile:
    """A workbook of a sender: styles, formulas, a comment, a chart on another sheet, and something we do not know."""
    made = openpyxl.Workbook()
    sheet = made.active
    sheet.title = "Data"
    for row in (HEADER, GOOD, BAD):
        sheet.append(row)
    sheet["D3"].font = Font(bold=True, color="FF112233")
    sheet["B2"].fill = PatternFill("solid", fgColor="FF00FF00")
    sheet["D3"].comment = Comment("is this right?", "anna")
    sheet["E2"] = "=2000+12"
    sheet["E2"] = 2012
    other = made.create_sheet("Figures")
    for number in range(1, 4):
        other.append([number, f"=A{number}*2"])
    chart = BarChart()
    chart.add_data(Reference(other, min_col=1, min_row=1, max_row=3))
    other.add_chart(chart, "D2")
    out = io.BytesIO()
    made.save(out)
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("xl/media/secret.bin", b"\x00\x01kept")
    return SourceFile("mine.xlsx", out.getvalue())


def checked(source: SourceFile) -> Report:
    return workflow.check(source, today=TODAY)


def test_the_workbook_comes_back_with_each_finding_at_its_cell() -> None:
    source = book()
    content = returned.annotated(source, checked(source), "de")
    made = openpyxl.load_workbook(io.BytesIO(content))
    sheet = made["Data"]
    marked = {cell.coordinate for row in sheet.iter_rows() for cell in row if cell.comment}
    assert marked == {"D3", "E3", "F3", "G3", "J3", "L3"}
    assert sheet["D3"].comment.text.startswith("is this right?\niesi-kg: „Spian“ ist weder Code noch Bezeichnung")
    assert sheet["D3"].fill.fgColor.rgb == "FFFBD5D0"
    assert sheet["G3"].fill.fgColor.rgb == "FFFFEDB8"
    assert sheet["D3"].font.bold and sheet["D3"].font.color.rgb == "FF112233"
    assert sheet["B2"].fill.fgColor.rgb == "FF00FF00"
    assert sheet["D2"].fill.fgColor.rgb == "00000000"
    assert made.sheetnames == ["Data", "Figures", "Befunde"]
    listed = list(made["Befunde"].iter_rows(values_only=True))
    assert listed[0][:4] == ("Schwere", "Blatt", "Zeile", "Spalte")
    assert listed[1][:5] == ("Fehler", "Data", "3", "country", "Spian")
    assert len(listed) == 1 + len(checked(source).findings)


def test_nothing_else_of_the_workbook_changes() -> None:
    source = book()
    before = Package.read(source.content).parts
    after = Package.read(returned.annotated(source, checked(source))).parts
    told = {"xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/styles.xml", "[Content_Types].xml"}
    assert {name for name in before if before[name] != after[name]} == told | {
        "xl/worksheets/sheet1.xml",
        "xl/comments/comment1.xml",
        "xl/drawings/commentsDrawing1.vml",
    }
    assert after["xl/media/secret.bin"] == b"\x00\x01kept"
    assert set(after) - set(before) == {"xl/worksheets/findings1.xml"}
    old, new = (openpyxl.load_workbook(io.BytesIO(content)) for content in (source.content, _annotated(source)))
    for sheet in old:
        assert [[c.value for c in row] for row in sheet] == [[c.value for c in row] for row in new[sheet.title]]
    assert new["Figures"]["B3"].value == "=A3*2"


def _annotated(source: SourceFile) -> bytes:
    return returned.annotated(source, checked(source))


def test_an_annotated_workbook_is_read_as_the_one_it_was() -> None:
    source = book()
    again = SourceFile("again.xlsx", _annotated(source))
    assert checked(again) == checked(source)


def test_a_csv_file_comes_back_as_a_workbook() -> None:
    made = openpyxl.load_workbook(io.BytesIO(_annotated(table(delimiter=";"))))
    sheet = made["mine"]
    assert [cell.value for cell in sheet[1]] == HEADER
    assert sheet["D3"].value == "Spian" and sheet["D3"].comment.text.startswith("'Spian' is neither")
    assert sheet["A1"].comment.text.startswith("The columns are separated by the semicolon")


def test_a_row_that_could_not_be_read_is_in_the_workbook_too() -> None:
    content = table().content + b"third,Third,too short\r\n"
    made = openpyxl.load_workbook(io.BytesIO(_annotated(SourceFile("mine.csv", content))))
    assert [cell.value for cell in made["mine"][4]][:3] == ["third", "Third", "too short"]
    assert made["mine"]["A4"].comment.text.startswith("This row has 3 cells")


CHANGED = {"Spian": "ES", "2,013": "2013", "childcare|socail-inclusion": "childcare|social-inclusion"}
CHANGED |= {"20/11/2026": "2026-11-20", "www.example.org": "https://www.example.org"}


@pytest.mark.parametrize(
    ("delimiter", "encoding", "line"),
    [(",", "utf-8", "\r\n"), (";", "utf-8-sig", "\n"), ("\t", "utf-16", "\n"), (",", "utf-8", "\n")],
)
def test_a_mended_table_differs_in_the_safe_cells_only(delimiter: str, encoding: str, line: str) -> None:
    source = table(delimiter, encoding, line)
    content, mended = returned.mended(source, checked(source))
    assert {item.before: item.after for item in mended} == CHANGED
    before, after = (data.decode(encoding) for data in (source.content, content))
    wanted = before.replace('"2,013"', "2013") if delimiter == "," else before
    for old, new in CHANGED.items():
        wanted = wanted.replace(old, new)
    assert after == wanted
    assert {finding.code for finding in checked(SourceFile("m", content)).findings} <= {
        "target-groups-missing",
        "delimiter",
    }


def test_a_mended_workbook_differs_in_the_safe_cells_only() -> None:
    source = book()
    content, mended = returned.mended(source, checked(source))
    assert {item.before: item.after for item in mended} == CHANGED
    before, after = Package.read(source.content).parts, Package.read(content).parts
    assert {name for name in before if before[name] != after[name]} == {"xl/worksheets/sheet1.xml"}
    sheet = openpyxl.load_workbook(io.BytesIO(content))["Data"]
    assert [cell.value for cell in sheet[3]] == [CHANGED.get(cell, cell) for cell in BAD]
    assert sheet["D3"].font.bold


def test_what_would_lose_something_is_not_applied() -> None:
    text = table().content.replace(b'"2,013"', b"2013-05-01").replace(b"vincles,", b"Vincles BCN,")
    source = SourceFile("mine.csv", text)
    content, _ = returned.mended(source, checked(source))
    assert b"2013-05-01" in content and b"Vincles BCN,Vincles BCN" in content


def test_a_misspelt_header_is_mended() -> None:
    source = SourceFile("mine.csv", table().content.replace(b",country,", b",contry,"))
    content, mended = returned.mended(source, checked(source))
    assert ("contry", "country") in [(item.before, item.after) for item in mended]
    assert content.startswith(b"identifier,name,description,country,")


def test_macros_stay_and_are_told() -> None:
    assert not returned.holds_macros(book())
    content = io.BytesIO(book().content)
    with zipfile.ZipFile(content, "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"macro")
    source = SourceFile("mine.xlsm", content.getvalue())
    assert returned.holds_macros(source)
    assert Package.read(_annotated(source)).parts["xl/vbaProject.bin"] == b"macro"


def test_rdf_goes_back_as_a_report_only() -> None:
    source = SourceFile("a.ttl", b"<https://w3id.org/iesi-kg/id/initiative/a> a <https://example.org/T> .")
    with pytest.raises(UsageError, match="only a table can be annotated"):
        returned.annotated(source, Report(0))
    with pytest.raises(UsageError, match="only a table can be mended"):
        returned.mended(source, Report(0))


def test_cells_that_cannot_be_found_again_are_said() -> None:
    with pytest.raises(UsageError, match="cannot be found again"):
        Delimited.read(b"a,b\n", ["x", "y"], 1)
    with pytest.raises(InputError, match="cannot be opened"):
        Package.read(b"PK nothing")


def test_the_page_is_one_file_in_its_language_and_escapes_what_was_sent() -> None:
    source, standing = table(), Standing()
    report = workflow.check(source, today=TODAY, standing=standing)
    text = page.html(report, "mine.csv", "it", rows=workflow.rows(source), standing=standing)
    assert text.startswith('<!DOCTYPE html>\n<html lang="it">')
    assert "Non accettato: 2 schede, 5 errori, 1 avviso." in text
    assert "&lt;b&gt;A network&lt;/b&gt;" in text and "<b>A network" not in text
    assert '<td class="wrong">Spian</td>' in text
    assert "src=" not in text and "href=" not in text and "<script" not in text


def test_findings_stand_in_sheet_order_with_the_cells_around() -> None:
    source = table()
    listed = in_sheet_order(checked(source), "es", workflow.rows(source))
    assert [item.finding.row for item in listed] == [3] * 6
    first = listed[0]
    assert first.place == "fila 3, country" and first.language == "es"
    assert [(cell.column, cell.text, cell.wrong) for cell in first.around] == [
        ("name", "Vincles BCN", False),
        ("description", "<b>A network</b>", False),
        ("country", "Spian", True),
        ("start_year", "2,013", False),
        ("service_areas", "childcare|socail-inclusion", False),
    ]


def test_the_csv_of_findings_holds_nothing_that_acts() -> None:
    source = SourceFile("mine.csv", table().content.replace(b"<b>A network</b>", b"=cmd|' /C calc'!A0"))
    rows = list(csv.DictReader(io.StringIO(render.csv(checked(source)))))
    assert {"formula-like", "unknown-code"} <= {row["code"] for row in rows}
    assert next(row["value"] for row in rows if row["code"] == "formula-like") == "'=cmd|' /C calc'!A0"


def test_the_w3c_report_has_what_the_standard_asks_for() -> None:
    source = table()
    report = checked(source)
    quads = list(pyoxigraph.parse(w3c.turtle(report), pyoxigraph.RdfFormat.TURTLE))
    results = [quad.object for quad in quads if quad.predicate.value == f"{SH}result"]
    assert len(results) == len(report.findings)
    for result in results:
        own = [quad for quad in quads if quad.subject == result]
        for name in ("focusNode", "resultSeverity", "sourceConstraintComponent"):
            assert sum(quad.predicate.value == SH + name for quad in own) == 1
        assert {quad.object.language for quad in own if quad.predicate.value == f"{SH}resultMessage"} == {
            "en",
            "fr",
            "de",
            "es",
            "it",
        }
    assert any(quad.object.value == f"{SH}MinCountConstraintComponent" or "Or" in quad.object.value for quad in quads)


def test_the_score_says_what_is_missing_and_what_would_raise_it() -> None:
    standing = Standing()
    report = workflow.check(table(), today=TODAY, standing=standing)
    score = json.loads(render.json(report, "fr", standing))["score"]
    good, bad = score["records"]
    # Care Net lacks status, governance level and technologies: 3 of the 21 points of an initiative.
    assert good["completeness"] == round(100 * 18 / 21) and good["row"] == 2
    assert set(good["missing"]) == {"status", "governance_level", "technologies", "outcome", "coded_by"}
    assert "country" in bad["missing"] and bad["completeness"] < good["completeness"]
    assert score["raise"][0] == {"column": "outcome", "label": "Résultats", "records": 2, "points": 20}
    assert any("Résultats (2 fiches sur 2, +20)" in line for line in standing.lines("fr"))


def test_the_summary_counts_by_severity_and_kind() -> None:
    text = render.text(checked(table()), language="de")
    assert text.startswith("Nicht angenommen: 2 Datensätze, 5 Fehler, 1 Warnung.\n2 unknown-code, 1 bad-address, ")


def test_a_workbook_without_comments_gets_them(tmp_path: Path) -> None:
    made = openpyxl.Workbook()
    for row in (HEADER, GOOD, BAD):
        made.active.append(row)
    made.save(tmp_path / "plain.xlsx")
    source = SourceFile("plain.xlsx", (tmp_path / "plain.xlsx").read_bytes())
    parts = Package.read(_annotated(source)).parts
    assert parts["xl/worksheets/sheet1.xml"].count(b"legacyDrawing") == 1
    assert parts["xl/drawings/vmlDrawingIesi1.vml"].count(b"<v:shape ") == 6
