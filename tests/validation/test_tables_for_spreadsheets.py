"""Every table that we write for spreadsheets holds texts, never formulas; results of queries stay as they are."""

from __future__ import annotations

import csv
from io import BytesIO, StringIO

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iesi_kg.ingest import csv as reader
from iesi_kg.records import Row, SourceFile
from iesi_kg.validation.tables import as_csv, for_spreadsheets
from iesi_kg.validation.workbook import Sheet, workbook
from iesi_kg.vocabulary.formulas import neutral, restored

ATTACKS = ("=cmd|' /C calc'!A0", "+SUM(A1)", "-2+3+cmd", "@A1", "\t=1", "\r=1", "＝1+1", "'=1")


@pytest.mark.parametrize("text", ATTACKS)
def test_what_would_run_is_written_as_text(text: str) -> None:
    ((_, cell),) = list(csv.reader(StringIO(as_csv([("name", text)]).decode(), newline="")))
    assert cell == f"'{text}"


@pytest.mark.parametrize("text", ["-3.5", "+49", "1e-9", "a=b", "'s-Hertogenbosch", "", "Café"])
def test_what_would_not_run_stays_as_it_is(text: str) -> None:
    assert neutral(text) == text


@pytest.mark.parametrize("text", ATTACKS)
def test_a_workbook_holds_it_as_text(text: str) -> None:
    content = workbook(Sheet("Data", ("name",), [(text,)]))
    cell = openpyxl.load_workbook(BytesIO(content)).worksheets[0]["A2"]
    assert (cell.data_type, cell.quotePrefix) == ("s", True)


@pytest.mark.parametrize("text", [attack for attack in ATTACKS if attack[0] not in "\t\r"])
def test_what_we_wrote_is_read_back_as_it_was(text: str) -> None:
    source = SourceFile("f.csv", as_csv([("name", "country"), (text, "ES")]))
    assert list(reader.read(source, {"name", "country"}))[1] == Row(None, 2, (text, "ES"))


@given(st.text())
def test_nothing_is_lost_on_the_way(text: str) -> None:
    assert restored(neutral(text)) == text
    assert not neutral(text).startswith(("=", "@", "\t", "\r", "\n"))


def test_a_result_without_formulas_is_not_touched() -> None:
    assert for_spreadsheets(b'a,b\r\n1,"x\r\ny"\r\n') == b'a,b\r\n1,"x\r\ny"\r\n'
    assert for_spreadsheets(b"a,b\r\n1,=x\r\n") == b"a,b\r\n1,'=x\r\n"
