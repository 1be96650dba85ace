"""Workbooks as openpyxl reads them again: text stays text, numbers stay numbers, and nothing is cut."""

from __future__ import annotations

import zipfile
from io import BytesIO

import pytest
from openpyxl import load_workbook

from iesi_kg.errors import ResultTooLarge
from iesi_kg.validation.workbook import MOST_ROWS, Sheet, Value, workbook

DANGEROUS = ["=1+1", '=HYPERLINK("http://example.org")', "+1", "-1+cmd|' /C calc'!A0", "@SUM(A1)", "\t=1", "=cmd|x"]


def test_what_looks_like_a_formula_is_text_and_marked_as_text() -> None:
    content = workbook(Sheet("Result", ["x"], [[text] for text in DANGEROUS]))
    cells = [row[0] for row in load_workbook(BytesIO(content))["Result"].iter_rows(min_row=2)]
    assert [(cell.value, cell.data_type) for cell in cells] == [(text, "s") for text in DANGEROUS]
    assert all(cell.quotePrefix for cell in cells)
    assert b"<f>" not in zipfile.ZipFile(BytesIO(content)).read("xl/worksheets/sheet1.xml")


def test_a_column_name_cannot_be_a_formula_either() -> None:
    cell = load_workbook(BytesIO(workbook(Sheet("Result", ["=1"], []))))["Result"]["A1"]
    assert (cell.value, cell.data_type, cell.font.bold) == ("=1", "s", True)


def test_numbers_and_truth_keep_their_kind_and_nothing_stays_nothing() -> None:
    row: list[Value] = [7, 2.5, True, None, "7"]
    read = load_workbook(BytesIO(workbook(Sheet("Result", list("abcde"), [row]))))["Result"]
    assert [cell.value for cell in read[2]] == row


def test_characters_that_no_workbook_can_hold_are_replaced() -> None:
    read = load_workbook(BytesIO(workbook(Sheet("Result", ["a"], [["x\x00y\x0bz\ufffe\ud800\n"]]))))["Result"]
    assert read["A2"].value == "x\ufffdy\ufffdz\ufffd\ufffd\n"


def test_what_does_not_fit_is_refused_whole() -> None:
    with pytest.raises(ResultTooLarge, match="32,768 characters"):
        workbook(Sheet("Result", ["a"], [["x" * 32_768]]))
    with pytest.raises(ResultTooLarge, match="more than 100,000 rows"):
        workbook(Sheet("Result", ["a"], ([None] for _ in range(MOST_ROWS + 1))))
