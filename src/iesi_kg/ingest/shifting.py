"""A row of which many cells cannot be read to the place where it slipped, if one cell more or less explains it all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from iesi_kg.ingest.template import Column
from iesi_kg.ingest.values import ValueReader
from iesi_kg.records import Finding, Row, Severity
from iesi_kg.vocabulary.told import say

_MANY = 4  # fewer wrong cells in one row are mistakes of their own
_BEFORE = 8  # how far before the first wrong cell the row may have slipped

Placed = Sequence[tuple[Column, int, str]]


@dataclass(frozen=True, slots=True)
class _Reading:
    """How many cells of a row are wrong, how many that only certain texts fit are right, and the first wrong place."""

    wrong: int
    right: int
    first: int


def slipped(row: Row, columns: Placed, reader: ValueReader, wrong: int) -> Finding | None:
    """The one finding for a row whose cells stand a column too far right or left from somewhere on; else None."""
    if wrong < _MANY:
        return None
    own = _read(row.texts, columns, reader)
    guesses = [(_read(texts, columns, reader), side, place) for side, place, texts in _guesses(row.texts, own.first)]
    fitting = [guess for guess in guesses if guess[0].wrong == 0]
    if not fitting:
        return None
    best, side, place = max(fitting, key=lambda guess: guess[0].right)
    return _finding(row, side, columns, place) if best.right > own.right else None


def _guesses(texts: Sequence[str], wrong: int) -> list[tuple[str, int, Sequence[str]]]:
    """The row without an empty cell before the first wrong one, and with one more empty cell at each place there."""
    near = range(max(0, wrong - _BEFORE), min(wrong + 1, len(texts)))
    without = [("right", at, (*texts[:at], *texts[at + 1 :], "")) for at in near if not texts[at].strip()]
    free = not texts[-1].strip()
    more = [("left", at, (*texts[:at], "", *texts[at:-1])) for at in near] if free else []
    return [*without, *more]


def _read(texts: Sequence[str], columns: Placed, reader: ValueReader) -> _Reading:
    wrong, right, first = 0, 0, len(texts)
    for column, place, _ in columns:
        text = texts[place] if place < len(texts) else ""
        parts = text.split(column.separator) if column.separator else [text]
        problems = [reader.read(column, part.strip())[1] for part in parts if part.strip()]
        failed = any(problem is not None and problem.severity is Severity.VIOLATION for problem in problems)
        bad = failed or (column.required and not text.strip())
        wrong, first = wrong + bad, min(first, place) if bad else first
        strict = column.code_list is not None or column.format is not None or column.base != "string"
        right += bool(problems) and not failed and strict
    return _Reading(wrong, right, first)


def _finding(row: Row, side: str, columns: Placed, place: int) -> Finding:
    title = next((title for _, at, title in columns if at == place), None)
    return Finding(
        Severity.VIOLATION,
        "shifted-row",
        say(f"shifted-row.{side}", column=title or ""),
        sheet=row.sheet,
        row=row.number,
        column=title,
        suggestion=say(f"shifted-row.remedy.{side}", column=title or ""),
    )
