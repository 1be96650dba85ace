"""A table and the findings on it to the cells around each finding, and to the order in which the sheets have them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from iesi_kg.ingest.csv import name_of
from iesi_kg.publication import workflow
from iesi_kg.records import Finding, Row, SourceFile

_BESIDE = 2
_LONGEST = 120
Place = tuple[str | None, int | None]


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell with the header above it; ``meant`` is the one a finding is about."""

    header: str
    text: str
    meant: bool


@dataclass(frozen=True, slots=True)
class Table:
    """The rows that findings are about, and where each sheet stands in the file."""

    rows: Mapping[Place, Row]
    headers: Mapping[str | None, Row]
    sheets: Sequence[str | None]

    def ordered(self, findings: Iterable[Finding]) -> list[Finding]:
        """The findings in the order of the sheets: sheet, row, column."""
        return sorted(findings, key=lambda found: (self._sheet(found), found.row or 0, self._column(found)))

    def around(self, finding: Finding) -> list[Cell]:
        """The cell of a finding and those beside it; none where the finding is about no cell."""
        row, header = self.rows.get((finding.sheet, finding.row)), self.headers.get(finding.sheet)
        if row is None or header is None or row is header or finding.column is None:
            return []
        place = self._column(finding)
        if place >= len(row.texts):
            return []
        beside = range(max(0, place - _BESIDE), min(len(row.texts), len(header.texts), place + _BESIDE + 1))
        return [Cell(header.texts[n], row.texts[n][:_LONGEST], n == place) for n in beside]

    def _sheet(self, finding: Finding) -> int:
        return self.sheets.index(finding.sheet) if finding.sheet in self.sheets else -1

    def _column(self, finding: Finding) -> int:
        header = self.headers.get(finding.sheet)
        names = [name_of(text) for text in header.texts] if header else []
        meant = workflow.template().by_header
        for place, name in enumerate(names):
            column = meant.get(name)
            if finding.column is not None and finding.column in (name, header and header.texts[place]):
                return place
            if column is not None and column.name == finding.column:
                return place
        return len(names)


def table(source: SourceFile, findings: Iterable[Finding]) -> Table:
    """The rows of a table that some findings are about. A file of statements has none."""
    wanted = {(finding.sheet, finding.row) for finding in findings}
    rows: dict[Place, Row] = {}
    headers: dict[str | None, Row] = {}
    for row in workflow.rows(source):
        headers.setdefault(row.sheet, row)
        if (row.sheet, row.number) in wanted:
            rows[row.sheet, row.number] = row
    return Table(rows, headers, list(headers))
