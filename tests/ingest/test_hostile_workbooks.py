"""Workbooks that would mislead or exhaust a reader: each is read and told about, or refused in plain words."""

from __future__ import annotations

import tracemalloc
import zipfile
from io import BytesIO

import openpyxl
import pytest
from raw_workbooks import HEADER, MAIN, RECORD, packed, parts, row, sheet, text, workbook

from iesi_kg.errors import FileTooLarge, UnreadableFile
from iesi_kg.ingest import xlsx
from iesi_kg.ingest.kinds import detect
from iesi_kg.records import Finding, Row, Severity, SourceFile


def read(content: bytes) -> list[Row | Finding]:
    source = SourceFile("f.xlsx", content)
    detect(source)
    return list(xlsx.read(source, set(HEADER)))


def rows(content: bytes) -> list[tuple[int, tuple[str, ...]]]:
    return [(item.number, item.texts) for item in read(content) if isinstance(item, Row)]


def findings(content: bytes) -> list[Finding]:
    return [item for item in read(content) if isinstance(item, Finding)]


def only(content: bytes) -> Finding:
    (finding,) = findings(content)
    return finding


def test_a_zip_bomb_is_refused_before_it_is_unpacked() -> None:
    members = parts({"Data": sheet(row(1, *HEADER))}) | {"xl/media/image1.png": bytes(20 * 1024 * 1024)}
    content = packed(members)
    tracemalloc.start()
    with pytest.raises(FileTooLarge, match=r"xl/media/image1\.png in f\.xlsx unpacks to .* times its size") as caught:
        read(content)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (caught.value.exit_code, caught.value.status) == (2, 413)
    assert peak < 2_000_000


def test_more_than_a_hundred_mebibytes_unpacked_are_refused() -> None:
    stream = BytesIO()
    noise = bytes(range(256)) * 4096 * 20  # 20 MiB
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in parts({"Data": sheet(row(1, *HEADER))}).items():
            archive.writestr(name, content)
        for number in range(6):
            archive.writestr(f"xl/media/{number}.bin", noise)
    with pytest.raises(FileTooLarge, match=r"unpacks to 125,8\d\d,\d\d\d bytes; the limit is 104,857,600"):
        read(stream.getvalue())


def test_a_member_that_is_longer_than_it_says_is_not_unpacked_any_further() -> None:
    content = bytearray(packed(parts({"Data": sheet(row(1, *HEADER), row(2, *RECORD))})))
    with zipfile.ZipFile(BytesIO(bytes(content))) as archive:
        item = archive.getinfo("xl/worksheets/sheet1.xml")
        true = item.file_size.to_bytes(4, "little")
    directory = content.index(b"PK\x01\x02")
    place = content.index(true, content.index(b"xl/worksheets/sheet1.xml", directory) - 46)
    content[place : place + 4] = (50).to_bytes(4, "little")
    with pytest.raises(UnreadableFile, match="damaged Excel workbook"):
        read(bytes(content))


def test_a_million_claimed_rows_cost_nothing() -> None:
    content = workbook(row(1, *HEADER), row(2, *RECORD), row(1_048_576), before='<dimension ref="A1:XFD1048576"/>')
    assert [number for number, _ in rows(content)] == [1, 2]


def test_a_value_in_the_last_row_is_read_without_the_rows_between() -> None:
    content = workbook(row(1, *HEADER), row(2, *RECORD), row(1_048_576, *RECORD))
    assert [number for number, _ in rows(content)] == [1, 2, 1_048_576]


def test_a_value_in_the_last_column_is_told_at_its_row() -> None:
    content = workbook(row(1, *HEADER), f'<row r="2">{text("XFD2", "lost")}</row>')
    assert (only(content).code, only(content).row, only(content).value) == ("ragged-row", 2, "")


@pytest.mark.parametrize("number", ["1048577", "0", "-3", "two"])
def test_a_row_that_no_sheet_has_is_refused(number: str) -> None:
    with pytest.raises(UnreadableFile, match=r"xl/worksheets/sheet1\.xml, line 1, cannot be read"):
        read(workbook(row(1, *HEADER), f'<row r="{number}">{text("A2", "x")}</row>'))


def long_workbook(last: int) -> SourceFile:
    body = "".join(
        f'<row r="{n}"><c r="A{n}"><v>{n}</v></c><c r="B{n}" t="s"><v>0</v></c></row>' for n in range(2, last + 1)
    )
    shared = f'<sst xmlns="{MAIN}"><si><r><t>Care </t></r><r><t>Net</t></r><rPh><t>no</t></rPh></si></sst>'
    return SourceFile("f.xlsx", workbook(row(1, "identifier", "name"), body, more={"xl/sharedStrings.xml": shared}))


def test_a_hundred_thousand_rows_are_read() -> None:
    number = 0
    for number, item in enumerate(xlsx.read(long_workbook(100_000), set(HEADER)), start=1):
        assert isinstance(item, Row) and item.number == number
    assert item == Row("Data", 100_000, ("100000", "Care Net"))
    assert number == 100_000


def test_memory_does_not_grow_with_the_rows_of_a_workbook() -> None:
    peaks = []
    for last in (1_000, 4_000):
        source = long_workbook(last)
        tracemalloc.start()
        for _ in xlsx.read(source, set(HEADER)):
            pass
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 2 * peaks[0]


def test_a_document_type_is_refused_in_any_encoding() -> None:
    bomb = '<?xml version="1.0" encoding="{}"?><!DOCTYPE x [<!ENTITY a "lol"><!ENTITY b "&a;&a;">]>'
    for encoding in ("utf-8", "utf-16"):
        members = parts({"Data": ""}) | {
            "xl/worksheets/sheet1.xml": (bomb.format(encoding) + sheet(row(1, *HEADER))).encode(encoding)
        }
        with pytest.raises(UnreadableFile, match="declares XML entities"):
            read(packed(members))


def test_macros_are_not_run_and_told() -> None:
    content = workbook(row(1, *HEADER), row(2, *RECORD), more={"xl/vbaProject.bin": "Sub AutoOpen()"})
    assert (only(content).severity, only(content).code) == (Severity.INFO, "macros")
    assert "not run" in only(content).message
    assert len(rows(content)) == 2


def test_links_to_other_files_are_not_opened_and_told() -> None:
    linked = '<c r="B2" t="str"><f>[1]Sheet1!A1</f><v>Care Net</v></c>'
    content = workbook(
        row(1, *HEADER),
        f'<row r="2">{text("A2", "care-net")}{linked}</row>',
        more={"xl/externalLinks/externalLink1.xml": "<externalLink/>"},
    )
    told = findings(content)
    assert [(f.severity, f.code) for f in told] == [(Severity.INFO, "external-links"), (Severity.INFO, "formula-value")]
    assert rows(content)[1] == (2, ("care-net", "Care Net", "", "", ""))


def test_the_result_of_a_formula_is_read_and_told_once() -> None:
    formulas = "".join(
        f'<row r="{n}">{text(f"A{n}", f"r{n}")}<c r="D{n}"><f>2000+{n}</f><v>{2000 + n}</v></c></row>' for n in (2, 3)
    )
    content = workbook(row(1, *HEADER), formulas)
    finding = only(content)
    assert (finding.severity, finding.code, finding.sheet, finding.row, finding.column, finding.value) == (
        Severity.INFO,
        "formula-value",
        "Data",
        2,
        "start_year",
        "2002",
    )
    assert finding.message == "Cells with a formula: 2. Of each the result stored in the file was read."
    assert [texts[3] for _, texts in rows(content)[1:]] == ["2002", "2003"]


def test_a_formula_without_result_is_a_finding_at_its_cell() -> None:
    content = workbook(row(1, *HEADER), f'<row r="2">{text("A2", "x")}<c r="D2"><f>2000+15</f><v></v></c></row>')
    finding = only(content)
    assert (finding.severity, finding.code, finding.row, finding.column, finding.value) == (
        Severity.VIOLATION,
        "formula-without-value",
        2,
        "start_year",
        "=2000+15",
    )


def test_cells_merged_downwards_are_read_for_each_row_and_told() -> None:
    content = workbook(
        row(1, *HEADER),
        row(2, "a", "A", "ES"),
        row(3, "b", "B"),
        row(4, "c", "C"),
        after='<mergeCells><mergeCell ref="C2:C3"/></mergeCells>',
    )
    assert [texts[2] for _, texts in rows(content)[1:]] == ["ES", "ES", ""]
    finding = only(content)
    assert (finding.severity, finding.code, finding.row, finding.column, finding.value) == (
        Severity.WARNING,
        "merged-cells",
        2,
        "country",
        "ES",
    )
    assert finding.message == "The cells C2:C3 are merged. Their text was read for each of these rows."


def test_cells_merged_across_columns_are_refused_at_their_place() -> None:
    content = workbook(
        row(1, *HEADER),
        row(2, "Spain"),
        row(3, *RECORD),
        after='<mergeCells><mergeCell ref="A2:E2"/></mergeCells>',
    )
    finding = only(content)
    assert (finding.severity, finding.code, finding.row, finding.column, finding.value) == (
        Severity.VIOLATION,
        "merged-across",
        2,
        "identifier",
        "Spain",
    )
    assert "A2:E2" in finding.message and "delete the row" in (finding.suggestion or "")
    assert [number for number, _ in rows(content)] == [1, 3]


def test_ten_thousand_merged_areas_cost_no_more_than_their_rows() -> None:
    areas = "".join(f'<mergeCell ref="A{2 + n % 3}:A1048576"/>' for n in range(10_000))
    body = "".join(row(n, "", "Care Net") for n in range(2, 2_002))
    content = workbook(row(1, *HEADER), body, after=f"<mergeCells>{areas}</mergeCells>")
    assert [number for number, _ in rows(content)][-1] == 2_001


def test_hidden_rows_are_read_and_told() -> None:
    content = workbook(row(1, *HEADER), row(2, *RECORD, attributes='hidden="1"'), row(3, "b", "B"))
    finding = only(content)
    assert (finding.severity, finding.code, finding.row) == (Severity.INFO, "hidden-rows", 2)
    assert finding.message == "Hidden rows were read like any other: 2."
    assert len(rows(content)) == 3


@pytest.mark.parametrize("state", ["hidden", "veryHidden"])
def test_a_hidden_sheet_is_read_and_told(state: str) -> None:
    sheets = {"Cover": sheet(row(1, "Our initiatives")), "Data": sheet(row(1, *HEADER), row(2, *RECORD))}
    content = packed(parts(sheets, states={"Data": state}))
    assert (only(content).severity, only(content).code, only(content).sheet) == (Severity.INFO, "hidden-sheet", "Data")
    assert rows(content)[1] == (2, RECORD)


def test_a_hidden_second_sheet_with_records_is_not_lost_in_silence() -> None:
    data = sheet(row(1, *HEADER), row(2, *RECORD))
    content = packed(parts({"Data": data, "Old": data}, states={"Old": "hidden"}))
    assert (only(content).severity, only(content).code, only(content).sheet) == (
        Severity.VIOLATION,
        "second-sheet",
        "Old",
    )
    assert only(content).message.startswith("The hidden sheet 'Old' holds records too")


@pytest.mark.parametrize(
    ("cell", "year"),
    [
        ('<c r="D2" s="1"><v>2015</v></c>', "2015"),  # typed into a cell formatted as a date: shown as 7 July 1905
        ('<c r="D2" s="2"><v>42005</v></c>', "2015"),  # 1 January 2015, of which the year is shown
    ],
)
def test_a_year_in_a_cell_of_dates_is_read_as_the_year(cell: str, year: str) -> None:
    content = workbook(row(1, *HEADER), f'<row r="2">{text("A2", "x")}{cell}</row>')
    assert rows(content)[1][1][3] == year
    finding = only(content)
    assert (finding.severity, finding.code, finding.row, finding.column, finding.value) == (
        Severity.INFO,
        "year-as-date",
        2,
        "start_year",
        year,
    )


@pytest.mark.parametrize(
    ("cell", "read_as"),
    [
        ('<c r="D2" s="1"><v>42125</v></c>', "2015-05-01"),
        ('<c r="D2" s="1"><v>42125.5</v></c>', "2015-05-01T12:00:00"),
        ('<c r="D2" s="1"><v>1</v></c>', "1900-01-01"),
        ('<c r="D2" s="1"><v>0.25</v></c>', "06:00:00"),
        ('<c r="D2" s="1"><v>99999999999</v></c>', "99999999999"),
        ('<c r="D2" t="d"><v>2015-05-01T00:00:00</v></c>', "2015-05-01"),
        ('<c r="D2"><v>2015.0</v></c>', "2015"),
        ('<c r="D2"><v>2.5</v></c>', "2.5"),
        ('<c r="D2" t="str"><v>2015</v></c>', "2015"),
        (text("D2", "2015"), "2015"),
        ('<c r="D2" t="str"><v>a_x000D_b_x005F_x</v></c>', "a\rb_x"),
        ('<c r="D2" t="b"><v>1</v></c>', "true"),
        ('<c r="D2" t="e"><v>#REF!</v></c>', "#REF!"),
    ],
)
def test_what_a_cell_holds_is_read_as_a_steward_would_type_it(cell: str, read_as: str) -> None:
    content = workbook(row(1, *HEADER), f'<row r="2">{text("A2", "x")}{cell}</row>')
    assert rows(content)[1][1][3] == read_as
    assert findings(content) == []


def test_dates_counted_from_1904_are_understood() -> None:
    members = parts(
        {"Data": sheet(row(1, *HEADER), f'<row r="2">{text("A2", "x")}<c r="D2" s="1"><v>40663</v></c></row>')},
        properties='<workbookPr date1904="1"/>',
    )
    assert rows(packed(members))[1][1][3] == "2015-05-01"


def test_prefixes_and_cells_without_address_are_understood() -> None:
    body = (
        f'<x:worksheet xmlns:x="{MAIN}"><x:sheetData><x:row><x:c t="inlineStr"><x:is><x:t>identifier</x:t></x:is></x:c>'
    )
    body += "</x:row><x:row><x:c><x:v>7</x:v></x:c></x:row></x:sheetData></x:worksheet>"
    assert rows(packed(parts({"Data": body}))) == [(1, ("identifier",)), (2, ("7",))]


def test_the_same_cells_as_openpyxl_reads(tmp_path_factory: pytest.TempPathFactory) -> None:
    from datetime import date, datetime

    book = openpyxl.Workbook()
    page = book.worksheets[0]
    page.append(list(HEADER))
    page.append(["a", " spaces ", "ES", 2015, date(2015, 5, 1)])
    page.append(["b", "line\nbreak & <tag>", None, 2.5, datetime(2015, 5, 1, 12, 30, 15)])
    page.append(["c", "日本", True, -7, 10**12])
    stream = BytesIO()
    book.save(stream)
    assert [texts for _, texts in rows(stream.getvalue())[1:]] == [
        ("a", " spaces ", "ES", "2015", "2015-05-01"),
        ("b", "line\nbreak & <tag>", "", "2.5", "2015-05-01T12:30:15"),
        ("c", "日本", "true", "-7", "1000000000000"),
    ]


def test_a_text_of_ten_thousand_characters_is_read_whole() -> None:
    assert rows(workbook(row(1, *HEADER), row(2, "x", "n" * 10_000)))[1][1][1] == "n" * 10_000


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_a_workbook_cut_short_is_told_as_such(share: float) -> None:
    content = workbook(row(1, *HEADER), row(2, *RECORD))
    with pytest.raises(UnreadableFile, match="cut short or changed on the way"):
        read(content[: int(len(content) * share)])


def test_a_workbook_locked_by_a_password_is_told_as_such() -> None:
    locked = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500) + "EncryptedPackage".encode("utf-16-le") + bytes(100)
    with pytest.raises(UnreadableFile, match=r"f\.xlsx is locked by a password"):
        read(locked)


def test_a_binary_workbook_is_told_as_such() -> None:
    with pytest.raises(UnreadableFile, match=r"binary Excel workbook \(\.xlsb\)"):
        read(packed({"xl/workbook.bin": b"x"}))
