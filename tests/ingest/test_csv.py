"""Every way a CSV file can be off, each with the one finding or the rows that were expected by hand."""

from __future__ import annotations

import pytest

from iesi_kg.errors import UnreadableFile
from iesi_kg.ingest.csv import read
from iesi_kg.records import Finding, Row, Severity, SourceFile

KNOWN = {"name", "country", "start_year"}


def rows(content: bytes) -> list[tuple[int, tuple[str, ...]]]:
    return [(row.number, row.texts) for row in read(SourceFile("f.csv", content), KNOWN) if isinstance(row, Row)]


def findings(content: bytes) -> list[Finding]:
    return [item for item in read(SourceFile("f.csv", content), KNOWN) if isinstance(item, Finding)]


def only(content: bytes) -> Finding:
    (finding,) = findings(content)
    return finding


def test_rows_are_numbered_as_a_spreadsheet_shows_them() -> None:
    content = b'name,country\n"two\nlines",FR\n\n , \nB,GR\n'
    assert rows(content) == [(1, ("name", "country")), (2, ("two\nlines", "FR")), (5, ("B", "GR"))]
    assert findings(content) == []


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_every_line_end_is_read(end: bytes) -> None:
    assert rows(b"name,country" + end + b"A,FR" + end) == [(1, ("name", "country")), (2, ("A", "FR"))]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_byte_order_marks_are_understood(encoding: str) -> None:
    content = "name,country\nΒοήθεια,GR\n".encode(encoding)
    assert rows(content) == [(1, ("name", "country")), (2, ("Βοήθεια", "GR"))]
    assert findings(content) == []


@pytest.mark.parametrize(("delimiter", "name"), [(";", "semicolon"), ("\t", "tab")])
def test_another_delimiter_is_read_and_told(delimiter: str, name: str) -> None:
    content = f"name{delimiter}country\nA, the first{delimiter}FR\n".encode()
    assert rows(content) == [(1, ("name", "country")), (2, ("A, the first", "FR"))]
    finding = only(content)
    assert (finding.severity, finding.code, finding.row) == (Severity.INFO, "delimiter", 1)
    assert finding.message == f"The columns are separated by the {name}; the file was read that way."


def test_the_line_that_excel_puts_first_is_no_row() -> None:
    assert rows(b"sep=;\r\nname;country\r\nA;FR\r\n") == [(1, ("name", "country")), (2, ("A", "FR"))]


def test_vertical_bars_between_columns_are_read_and_lists_in_quotation_marks_with_them() -> None:
    content = b'name|country\nA|"FR|ES"\n'
    assert rows(content) == [(1, ("name", "country")), (2, ("A", "FR|ES"))]
    assert (only(content).code, only(content).value) == ("delimiter", "|")


def test_a_delimiter_that_nobody_uses_cannot_be_read() -> None:
    with pytest.raises(UnreadableFile, match="says that '#' separates its columns"):
        findings(b"sep=#\nname#country\nA#FR\n")


def test_a_table_of_something_else_cannot_be_read() -> None:
    with pytest.raises(UnreadableFile, match=r"no column of the template .* first row of f\.csv; it reads: a,b"):
        findings(b"a,b\n1,2\n")


@pytest.mark.parametrize("encoding", ["windows-1252", "latin-1"])
def test_western_letters_are_read_and_told_once(encoding: str) -> None:
    content = "name,country\nA,FR\nCafé social,FR\nÉtude,FR\nHäuser für Ältere,DE\n".encode(encoding)
    assert rows(content)[2:] == [(3, ("Café social", "FR")), (4, ("Étude", "FR")), (5, ("Häuser für Ältere", "DE"))]
    finding = only(content)
    assert (finding.severity, finding.code, finding.row, finding.column) == (
        Severity.INFO,
        "encoding-guessed",
        3,
        "name",
    )
    assert finding.message.endswith("was read as windows-1252: this cell says 'Café social'.")
    assert finding.value == "Café social"


@pytest.mark.parametrize(
    ("text", "encoding", "byte", "shown"),
    [
        ("Łódź społeczna", "windows-1250", "A3", "£ódŸ spo³eczna"),
        ("Βοήθεια στο σπίτι", "iso8859-7", "C2", "ÂïÞèåéá óôï óðßôé"),
        ("Помощь на дому", "windows-1251", "CF", "Ïîìîùü íà äîìó"),
    ],
)
def test_letters_of_another_region_are_not_taken_for_western_ones(
    text: str, encoding: str, byte: str, shown: str
) -> None:
    finding = only(f"name,country\nA,PL\n{text},PL\n".encode(encoding))
    assert (finding.severity, finding.code, finding.row, finding.column) == (Severity.VIOLATION, "encoding", 3, "name")
    assert f"the byte 0x{byte}" in finding.message
    assert (finding.value, "CSV UTF-8" in (finding.suggestion or "")) == (shown, True)


def test_utf_8_with_a_broken_byte_is_not_taken_for_another_encoding() -> None:
    finding = only("name,country\nCafé,FR\nÉtude ".encode() + b"\xe9,FR\n")
    assert (finding.severity, finding.code, finding.row) == (Severity.VIOLATION, "encoding", 3)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_is_read_and_told(encoding: str) -> None:
    content = "name,country\nÉtude,FR\n".encode(encoding)
    assert rows(content) == [(1, ("name", "country")), (2, ("Étude", "FR"))]
    assert (only(content).severity, only(content).code, only(content).row) == (Severity.INFO, "encoding-guessed", 1)
    assert encoding in only(content).message


@pytest.mark.parametrize(
    ("content", "row", "words"),
    [
        (b'name,country\nA,FR\n"B,FR\nC,FR\n', 3, "opens a cell in this row and is never closed"),
        (b'name,country\n"A\n"B",FR\n', 2, "closes a cell of this row, but text follows it"),
        (b'name,country\n"' + b"x" * 140_000 + b"\n", 2, "longer than 131072 characters"),
    ],
)
def test_unbalanced_quote_names_the_row_where_it_began(content: bytes, row: int, words: str) -> None:
    finding = only(content)
    assert (finding.severity, finding.code, finding.row) == (Severity.VIOLATION, "unbalanced-quote", row)
    assert words in finding.message
    assert len(rows(content)) == row - 1


def test_a_row_that_is_too_long_shows_its_first_extra_cell() -> None:
    finding = only(b"name,country\nHelp, at home,FR\nB,FR,,\n")
    assert (finding.code, finding.row, finding.value) == ("ragged-row", 2, "FR")
    assert finding.message.startswith("This row has 3 cells where the header has 2")


def test_a_row_that_is_too_short_is_not_guessed_at() -> None:
    finding = only(b"name,country,start_year\nA,FR\nB,FR,2010\n")
    assert (finding.code, finding.row, finding.value) == ("ragged-row", 2, None)
    assert finding.suggestion == "add the missing cells"


def test_nul_is_left_for_the_cell_that_holds_it() -> None:
    assert rows(b"name,country\nA\x00B,FR\n")[1] == (2, ("A\x00B", "FR"))


def test_header_cells_may_differ_in_case_and_spaces() -> None:
    assert rows(b"Name,Start Year\nA,2010\n")[0] == (1, ("Name", "Start Year"))


def test_titles_and_notes_above_the_header_are_passed_over() -> None:
    content = b"Ministry of Social Affairs\r\nfilled by: Ms Y\r\n\r\nname;country\r\nA;FR\r\n"
    assert rows(content) == [(4, ("name", "country")), (5, ("A", "FR"))]
