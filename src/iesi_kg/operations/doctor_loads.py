"""Names a large load that is under way, or was cut and waits, and what it takes: nothing else tells while it does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from iesi_kg.operations.diagnosis import Finding, Weight
from iesi_kg.operations.load import graph_name
from iesi_kg.settings import Settings
from iesi_kg.store import doors

_GIVE_UP = "run the same command again: it goes on where it was cut; or give it up: `iesi-kg load --abandon`"


def unfinished(settings: Settings) -> Iterator[Finding]:
    """The load that is not finished, where there is one."""
    left = doors.left(settings)
    if left is None:
        return
    what, held = left.intent, left.held
    taken = sum(_own(file) for file in left.place.rglob("*")) if left.place.is_dir() else 0
    room = f"; it takes {taken:,} bytes in {left.place}" if taken else ""
    if what is None:
        if not held:
            clear = "the next `iesi-kg load` clears it away"
            yield Finding("load", Weight.WARNING, f"{left.place} is left of a load that died as it began{room}", clear)
        return
    named = f"a {'removal of' if what.removes else 'load into'} {graph_name(what.graph)}"
    if held:
        yield Finding("load", Weight.NOTE, f"{named} is under way{room}")
    else:
        yield Finding("load", Weight.WARNING, f"{named} was cut and is not finished{room}", _GIVE_UP)


def _own(file: Path) -> int:
    """The bytes of a file that nothing else shares."""
    facts = file.lstat()
    return facts.st_size if facts.st_nlink == 1 and not file.is_dir() else 0
