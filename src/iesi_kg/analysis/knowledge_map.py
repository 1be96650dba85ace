"""The list of initiatives to the knowledge map: potential against level of integration, start years, counts of codes.

The axes are those of IESI's map (Misuraca et al., IESI project, 2015-2017); every initiative stands in it, those that
are not coded in a row or column of their own.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO

from iesi_kg.analysis.browse import ENGLISH
from iesi_kg.analysis.listing import NONE, Choice, Index, Value
from iesi_kg.vocabulary.codelists import CodeLists

DOWN, ACROSS = "ict-potential", "integration-level"


@dataclass(frozen=True, slots=True)
class Cell:
    """How many initiatives stand here, and which share of those in the map that is (0 to 1)."""

    count: int
    share: float


@dataclass(frozen=True, slots=True)
class Matrix:
    """The map: its axes from low to high, ``NONE`` last, and the cell of each pair of codes."""

    down: tuple[Value, ...]
    across: tuple[Value, ...]
    cells: Mapping[tuple[str, str], Cell]
    total: int

    def row(self, code: str) -> int:
        """How many stand in a row."""
        return sum(self.cells[code, column.code].count for column in self.across)

    def column(self, code: str) -> int:
        """How many stand in a column."""
        return sum(self.cells[row.code, code].count for row in self.down)

    @property
    def most(self) -> int:
        """The highest count of a cell."""
        return max((cell.count for cell in self.cells.values()), default=0)


def matrix(index: Index, choice: Choice, lang: str = ENGLISH) -> Matrix:
    """The map of the initiatives that meet the choice."""
    down, across = (
        [(value, index.tallies.with_code(facet, value.code, NONE)) for value in axis(facet, lang)]
        for facet in (DOWN, ACROSS)
    )
    return crossed(index.met(choice), down, across)


def crossed(met: int, down: Sequence[tuple[Value, int]], across: Sequence[tuple[Value, int]]) -> Matrix:
    """How many of the initiatives met stand in each row and column, from those that have the code of each."""
    total = met.bit_count()
    cells = {
        (row.code, column.code): Cell(number, number / total if total else 0.0)
        for row, in_row in down
        for column, in_column in across
        for number in [(met & in_row & in_column).bit_count()]
    }
    return Matrix(tuple(row for row, _ in down), tuple(column for column, _ in across), cells, total)


def axis(scheme: str, lang: str = ENGLISH) -> tuple[Value, ...]:
    """The codes of a scheme in its order, and after them that of no code."""
    concepts = CodeLists.load().concepts(scheme)
    named = (
        Value(concept.iri.value, concept.notation, concept.labels.get(lang) or concept.labels[ENGLISH])
        for concept in sorted(concepts, key=lambda concept: concept.rank or 0)
    )
    return (*named, Value("", NONE, NONE))


def tally(index: Index, choice: Choice, facet: str, lang: str = ENGLISH) -> list[tuple[Value, int]]:
    """How many initiatives that meet the choice have each code of a scheme, those without any at the end."""
    met, tallies = index.met(choice), index.tallies
    return [(value, (met & tallies.with_code(facet, value.code, NONE)).bit_count()) for value in axis(facet, lang)]


def timeline(index: Index, choice: Choice) -> list[tuple[int, int]]:
    """How many initiatives that meet the choice began in each year, from the first to the last."""
    met = index.met(choice)
    counted = {year: number for year, bits in index.tallies.years.items() if (number := (met & bits).bit_count())}
    return [(year, counted.get(year, 0)) for year in range(min(counted), max(counted) + 1)] if counted else []


_HEAD = ("potential", "potential_label", "integration_level", "integration_label", "initiatives", "share")


def as_csv(found: Matrix, head: Sequence[str] = _HEAD) -> str:
    """One line for each cell: both codes with their labels, count and share."""
    cells = ((row, column, found.cells[row.code, column.code]) for row in found.down for column in found.across)
    return written(
        head,
        (
            (row.code, row.label, column.code, column.label, cell.count, f"{cell.share:.3f}")
            for row, column, cell in cells
        ),
    )


def written(head: Sequence[str], lines: Iterable[Sequence[object]]) -> str:
    """Lines as CSV (RFC 4180)."""
    out = StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(head)
    writer.writerows(lines)
    return out.getvalue()


def as_table(found: Matrix, words: Mapping[str, str]) -> str:
    """The map for a terminal, with the words of the drawing."""
    uncoded, both = words["none"], words["both"]
    head = [words["down"], *(uncoded if column.code == NONE else column.code for column in found.across), both]
    lines = [head]
    for row in found.down:
        numbers = [found.cells[row.code, column.code].count for column in found.across]
        label = uncoded if row.code == NONE else f"{row.code} {row.label}"
        lines.append([label, *map(str, numbers), str(sum(numbers))])
    lines.append([both, *(str(found.column(column.code)) for column in found.across), str(found.total)])
    first = max(len(line[0]) for line in lines)
    rest = max(len(text) for line in lines for text in line[1:]) + 2
    return "\n".join(line[0].ljust(first) + "".join(text.rjust(rest) for text in line[1:]) for line in lines)
