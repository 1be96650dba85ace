"""A checked file to what goes back to its sender: the workbook with its findings, or the file with safe mends."""

from __future__ import annotations

import re

from iesi_kg.errors import UsageError
from iesi_kg.ingest.kinds import Kind, detect
from iesi_kg.publication import workflow
from iesi_kg.records import Report, Row, SourceFile
from iesi_kg.validation import annotation, mending
from iesi_kg.validation.delimited import Delimited
from iesi_kg.validation.mending import Mended
from iesi_kg.validation.openxml import Package

_NO_TITLE = re.compile(r"[\[\]:*?/\\']")  # what the name of a sheet may not hold


def annotated(source: SourceFile, report: Report, language: str = "en") -> bytes:
    """The sender's workbook with the findings at their cells; a CSV file becomes one. Raises UsageError for RDF."""
    rows = _rows_of(source, "annotated")
    content = source.content
    if detect(source) is Kind.CSV:
        read = Delimited.read(content, rows[0].texts, rows[0].number)
        title = _NO_TITLE.sub(" ", source.name.rsplit(".", 1)[0])[:31].strip()
        content = annotation.table(title or "Sheet1", read.texts())
    return annotation.annotated(content, report, rows, language)


def holds_macros(source: SourceFile) -> bool:
    """Whether the file is a workbook with macros, which spreadsheet programs open under the name .xlsm only."""
    return detect(source) is Kind.XLSX and "xl/vbaProject.bin" in Package.read(source.content).parts


def mended(source: SourceFile, report: Report) -> tuple[bytes, list[Mended]]:
    """The file with the safe suggestions in place, and what was changed. Raises UsageError for RDF."""
    rows = _rows_of(source, "mended")
    found, headers = mending.changes(report, rows)
    write = mending.csv if detect(source) is Kind.CSV else mending.workbook
    return (write(source.content, found, headers) if found else source.content), found


def _rows_of(source: SourceFile, what: str) -> list[Row]:
    kind = detect(source)
    if kind is Kind.ZIP:
        raise UsageError(f"{source.name}: of several files none can be {what}", hint="give one table at a time")
    if not kind.tabular:
        raise UsageError(f"{source.name} is RDF: only a table can be {what}", hint="take --format html or ttl")
    rows = list(workflow.rows(source))
    if not rows:
        raise UsageError(f"{source.name} has no rows that could be {what}")
    return rows
