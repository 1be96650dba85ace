"""Three states of a record's cells, the one taken, the one sent and the one published, merged to one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from iesi_kg.ingest.cells import Cells, Place
from iesi_kg.ingest.template import Template

Told = tuple[Place, str | None, str | None, str | None]


@dataclass(frozen=True, slots=True)
class Merged:
    """The merged cells, and the places where both sides changed: the value taken, sent and published."""

    cells: Cells
    conflicts: list[Told]


def merge(template: Template, base: Cells, mine: Cells, theirs: Cells, take: str | None = None) -> Merged:
    """What was changed in ``mine`` applied to ``theirs``; ``take`` settles what both changed for one side."""
    mine = _moved(template, base, mine, theirs)
    cells, conflicts = dict(theirs), list[Told]()
    for place in sorted({*base, *mine, *theirs}):
        old, new, now = base.get(place), mine.get(place), theirs.get(place)
        if new in (old, now):
            continue
        column = template.by_name[place[0]]
        if column.separator and column.group is None:
            _put(cells, place, _list(column.separator, old, new, now))
        elif now == old or take == "mine":
            _put(cells, place, new)
        elif take is None:
            conflicts.append((place, old, new, now))
    return Merged(cells, conflicts)


def _put(cells: dict[Place, str], place: Place, text: str | None) -> None:
    if text:
        cells[place] = text
    else:
        cells.pop(place, None)


def _list(separator: str, old: str | None, new: str | None, now: str | None) -> str:
    """A list to which what each side added is added, and without what either took out."""
    before, sent, there = (set(text.split(separator)) if text else set() for text in (old, new, now))
    return separator.join(sorted((there - (before - sent)) | (sent - before)))


def _moved(template: Template, base: Cells, mine: Cells, theirs: Cells) -> Cells:
    """New rows of a group at positions that other new rows took meanwhile, moved behind them."""
    moved: dict[Place, Place] = {}
    for group in {column.group for column in template.columns if column.group}:
        names = {column.name for column in template.columns if column.group == group}
        old, sent, there = (_positions(cells, names) for cells in (base, mine, theirs))
        free = max(sent | there, default=-1) + 1
        for position in sorted((sent & there) - old):
            if any(mine.get((name, position)) != theirs.get((name, position)) for name in names):
                moved |= {(name, position): (name, free) for name in names}
                free += 1
    return {moved.get(place, place): text for place, text in mine.items()} if moved else mine


def _positions(cells: Iterable[Place], names: Iterable[str]) -> set[int]:
    return {position for name, position in cells if name in names}
