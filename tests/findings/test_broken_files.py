"""Named broken files, each with every finding that a steward must get: one mistake, one finding, at its cell.

A folder is named after the mistake. ``expected.txt`` was written by hand before the file was checked: a line for each
finding with severity, code, sheet, row, column, submitted text, suggestion and message (``*`` is any text, ``-`` is
nothing). ``sheets.json`` is a workbook by its sheets and rows.
"""

from __future__ import annotations

import json
from datetime import date
from fnmatch import fnmatchcase
from functools import cache
from io import BytesIO
from pathlib import Path

import openpyxl
import pytest

from iesi_kg.errors import UnreadableFile
from iesi_kg.publication.workflow import check
from iesi_kg.records import Finding, Report, SourceFile
from iesi_kg.vocabulary.told import LANGUAGES, severities, spoken

HERE = Path(__file__).parent
FOLDERS = sorted(path.parent.name for path in HERE.glob("*/expected.txt"))
TODAY = date(2026, 11, 22)


def source(folder: str) -> SourceFile:
    """The broken file of a folder; a workbook is made from its description."""
    sheets = HERE / folder / "sheets.json"
    if not sheets.is_file():
        (path,) = (HERE / folder).glob("file.*")
        return SourceFile(path.name, path.read_bytes())
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for title, rows in json.loads(sheets.read_text(encoding="utf-8")).items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    out = BytesIO()
    book.save(out)
    return SourceFile("file.xlsx", out.getvalue())


@cache
def report(folder: str) -> Report:
    return check(source(folder), today=TODAY)


def expected(folder: str) -> list[list[str]]:
    lines = (HERE / folder / "expected.txt").read_text(encoding="utf-8").splitlines()
    return [line.split(" ¦ ") for line in lines]


def told(finding: Finding) -> list[str]:
    parts = (finding.sheet, finding.row, finding.column, finding.value, finding.suggestion, finding.message)
    return [finding.severity.value, finding.code, *("-" if part is None else str(part) for part in parts)]


def matches(found: list[str], wanted: list[str]) -> bool:
    exact, shaped = (found[:-2], wanted[:-2]), zip(found[-2:], wanted[-2:], strict=True)
    return exact[0] == exact[1] and all(fnmatchcase(text, shape.replace("[", "[[]")) for text, shape in shaped)


def test_there_are_at_least_forty() -> None:
    assert len(FOLDERS) >= 40


@pytest.mark.parametrize("folder", [name for name in FOLDERS if name != "no-header"])
def test_the_findings_are_those_expected(folder: str) -> None:
    found, wanted = [told(finding) for finding in report(folder).findings], expected(folder)
    assert len(found) == len(wanted), found
    assert [pair for pair in zip(found, wanted, strict=True) if not matches(*pair)] == []


def test_a_file_without_header_is_unreadable() -> None:
    with pytest.raises(UnreadableFile, match="no column of the template stands in the first row"):
        check(source("no-header"))


@pytest.mark.parametrize("folder", [name for name in FOLDERS if name != "no-header"])
def test_every_finding_can_be_told_in_every_language_and_has_the_severity_of_its_code(folder: str) -> None:
    for finding in report(folder).findings:
        assert [spoken(finding.message, language) for language in LANGUAGES] == list(LANGUAGES), finding.code
        if finding.shape is None:
            assert severities()[finding.code] == finding.severity
