"""Counts to the geometry of two small charts: bars, and a tile map of Europe."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from iesi_kg.analysis.listing import Value

_GRID = Path(__file__).resolve().parent / "templates" / "europe.json"
_STEPS = 5


@dataclass(frozen=True, slots=True)
class Bar:
    """A value with its count and its length in hundredths of the longest."""

    value: Value
    count: int
    length: float


@dataclass(frozen=True, slots=True)
class Tile:
    """A country on the grid; step 0 stands for none, 1 to 5 for more and more."""

    code: str
    name: str
    column: int
    row: int
    count: int
    step: int


def bars(counts: Iterable[tuple[Value, int]]) -> list[Bar]:
    """One bar for each value."""
    given = list(counts)
    longest = max((count for _, count in given), default=0) or 1
    return [Bar(value, count, round(100 * count / longest, 1)) for value, count in given]


def tiles(counts: Iterable[tuple[Value, int]]) -> list[Tile]:
    """The tile map; a country outside the grid is left to the table beside it."""
    known = {value.code: (value, count) for value, count in counts}
    limits = _limits([count for _, count in known.values()])
    placed = []
    for code, (column, row) in _grid().items():
        value, count = known.get(code, (None, 0))
        step = bisect_left(limits, count) + 1 if count else 0
        placed.append(Tile(code, value.label if value else code, column, row, count, step))
    return placed


def _limits(counts: Sequence[int]) -> list[int]:
    """Four limits that part the counts into five steps of about equal size."""
    ordered = sorted(counts)
    return [ordered[len(ordered) * step // _STEPS] for step in range(1, _STEPS)] if ordered else []


@cache
def _grid() -> dict[str, tuple[int, int]]:
    return {code: (place[0], place[1]) for code, place in json.loads(_GRID.read_text("utf-8")).items()}
