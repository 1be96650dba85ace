"""A table and its report to the same table with the safe suggestions in place: the only candidate, and nothing lost.

Safe is what a finding says in ``fix``: an unambiguous spelling of a code, an address with its scheme, a date or number
in the form that is wanted. The file stays what it was: kind, encoding, delimiter, styles, all but those cells.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from iesi_kg.errors import UsageError
from iesi_kg.records import Finding, Report, Row
from iesi_kg.validation.delimited import Delimited
from iesi_kg.validation.grid import Grid
from iesi_kg.validation.openxml import Package

SEPARATOR = "|"


@dataclass(frozen=True, slots=True)
class Mended:
    """One change: the finding, the whole cell before and after."""

    finding: Finding
    before: str
    after: str


def changes(report: Report, rows: Iterable[Row]) -> tuple[list[Mended], Mapping[str | None, Row]]:
    """What may be changed without asking, and the header of each sheet."""
    headers: dict[str | None, Row] = {}
    cells: dict[tuple[str | None, int], Row] = {}
    for row in rows:
        headers.setdefault(row.sheet, row)
        cells[row.sheet, row.number] = row
    found: dict[tuple[str | None, int, int], Mended] = {}
    for finding in report.findings:
        line, place = cells.get((finding.sheet, finding.row or 0)), _place(finding, headers)
        if finding.fix is None or finding.value is None or line is None or place is None or place >= len(line.texts):
            continue
        key = line.sheet, line.number, place
        before = found[key].after if key in found else line.texts[place]
        after = _replaced(before, finding.value, finding.fix)
        if after != before:
            found[key] = Mended(finding, found[key].before if key in found else before, after)
    return list(found.values()), headers


def workbook(content: bytes, mended: Sequence[Mended], headers: Mapping[str | None, Row]) -> bytes:
    """The workbook with these changes."""
    package = Package.read(content)
    titles = package.sheets()
    for sheet in dict.fromkeys(item.finding.sheet for item in mended):
        part = titles[sheet or ""]
        texts = {_cell(item, headers): item.after for item in mended if item.finding.sheet == sheet}
        package.parts[part] = Grid(package.parts[part]).filled(texts)
    return package.content()


def csv(content: bytes, mended: Sequence[Mended], headers: Mapping[str | None, Row]) -> bytes:
    """The CSV file with these changes."""
    header = next(iter(headers.values()), None)
    if header is None:
        raise UsageError("the file has no row of column names, so that nothing can be changed in it")
    read = Delimited.read(content, header.texts, header.number)
    return read.filled({_cell(item, headers): item.after for item in mended})


def _place(finding: Finding, headers: Mapping[str | None, Row]) -> int | None:
    header = headers.get(finding.sheet)
    return header.texts.index(finding.column) if header and finding.column in header.texts else None


def _cell(item: Mended, headers: Mapping[str | None, Row]) -> tuple[int, int]:
    place = _place(item.finding, headers)
    assert place is not None and item.finding.row is not None
    return item.finding.row, place


def _replaced(cell: str, value: str, fix: str) -> str:
    """A cell with one of its values replaced, wherever that stands in the list."""
    if cell.strip() == value:
        return fix
    parts = cell.split(SEPARATOR)
    return SEPARATOR.join(part.replace(value, fix) if part.strip() == value else part for part in parts)
