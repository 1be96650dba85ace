"""A report and its file to the findings in sheet order, each in words of one language with the cells around it.

``in_sheet_order`` is what pages and files are made of: the page that is mailed and the upload page show the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from iesi_kg.records import Finding, Report, Row, Severity
from iesi_kg.vocabulary.told import in_language, say, spoken

_AROUND = 2
_CELL_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A cell beside a finding: the name of its column, its text, and whether the finding is about it."""

    column: str
    text: str
    wrong: bool


@dataclass(frozen=True, slots=True)
class Listed:
    """A finding in one language.

    ``language`` is the one that ``message`` is in: English where the asked one has no text. ``around`` is empty for
    findings without a row.
    """

    finding: Finding
    place: str
    message: str
    suggestion: str | None
    language: str
    around: tuple[Neighbour, ...] = ()


def in_sheet_order(report: Report, language: str = "en", rows: Iterable[Row] = ()) -> list[Listed]:
    """Every finding by file, sheet and row, worst first in a row, with the cells around where ``rows`` has them.

    ``rows`` are the rows of the tables, the header of each first, as ``workflow.rows(source)`` reads them.
    """
    tables = _tables(rows)
    sheets = {sheet: place for place, sheet in enumerate(dict.fromkeys((f.file, f.sheet) for f in report.findings))}
    order = list(Severity)
    ordered = sorted(
        report.findings, key=lambda f: (sheets[f.file, f.sheet], f.row or f.line or 0, order.index(f.severity))
    )
    return [_listed(finding, language, tables.get((finding.file, finding.sheet))) for finding in ordered]


def place(finding: Finding, language: str = "en") -> str:
    """Where a finding is, in words: ``Sheet1, row 4, country``; the focus node where there is no cell."""
    row = in_language(say("word.row", n=finding.row), language) if finding.row else None
    line = in_language(say("word.line", n=finding.line), language) if finding.line else None
    parts = [finding.file, finding.sheet, row, finding.column, line, finding.focus_node if line else None]
    nowhere = finding.focus_node or in_language(say("word.file"), language)
    return ", ".join(part for part in parts if part) or nowhere


@dataclass(frozen=True, slots=True)
class _Table:
    header: Sequence[str]
    rows: Mapping[int, Sequence[str]]


def _tables(rows: Iterable[Row]) -> dict[tuple[str | None, str | None], _Table]:
    """The tables by file, where there are several, and sheet."""
    found: dict[tuple[str | None, str | None], list[Row]] = {}
    for row in rows:
        found.setdefault((row.file, row.sheet), []).append(row)
    return {where: _Table(read[0].texts, {row.number: row.texts for row in read}) for where, read in found.items()}


def _listed(finding: Finding, language: str, table: _Table | None) -> Listed:
    suggestion = finding.suggestion and in_language(finding.suggestion, language)
    return Listed(
        finding,
        place(finding, language),
        in_language(finding.message, language),
        suggestion,
        spoken(finding.message, language),
        tuple(_around(finding, table)) if table else (),
    )


def _around(finding: Finding, table: _Table) -> Iterable[Neighbour]:
    texts = table.rows.get(finding.row or 0)
    if texts is None:
        return
    names = [*table.header, *[""] * (len(texts) - len(table.header))]
    at = names.index(finding.column) if finding.column in names else None
    middle = _AROUND if at is None else at
    first = max(0, min(middle - _AROUND, len(names) - 2 * _AROUND - 1))
    for position in range(first, min(first + 2 * _AROUND + 1, len(names))):
        text = texts[position].strip() if position < len(texts) else ""
        cut = text if len(text) <= _CELL_SHOWN else f"{text[:_CELL_SHOWN]}..."
        yield Neighbour(names[position].strip(), cut, wrong=position == at)
