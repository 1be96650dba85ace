"""A loader to be killed: loads numbered statements in units of three into a graph and dies at the point that is named.

Points: ``prepare`` (the copy is made, not yet noted), ``unit`` (in the middle of the third unit), ``taken`` (after the
second unit), ``sealed`` (before the marks go), ``publish`` (the live store is away, readers see the old version),
``switched`` (they see the new one, nothing is tidied up), ``end`` (not killed).
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

from store_quads import iri

from iesi_kg.store import aside
from iesi_kg.store.aside import Aside
from iesi_kg.store.base import ChangeSet
from iesi_kg.store.bulk import Intent, marked
from iesi_kg.store.embedded import EmbeddedStore

UNITS = 4
INTENT = Intent("numbers", iri("loaded"))


def lines(unit: int) -> bytes:
    return b"".join(f'{iri(f"n{unit * 3 + n}")} {iri("p")} "{unit}" .\n'.encode() for n in range(3))


class Text:
    """One unit as the engine reads it."""

    def __init__(self, unit: int, die: bool = False) -> None:
        self._rest, self._die = lines(unit) + marked({"unit": unit}), die

    def read(self, size: int = -1, /) -> bytes:
        piece, self._rest = self._rest[:20], self._rest[20:]
        if self._die and len(self._rest) < 100:
            die()
        return piece


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def arm(point: str) -> None:
    """Have one step of a load end the process."""
    noted, published = Aside._note, aside.publish

    def note(self: Aside, plan: dict[str, Any]) -> None:
        if point == "prepare":
            die()
        noted(self, plan)
        if point == "sealed" and "marks" in plan:
            die()

    def publish(*arguments: Any) -> Any:  # noqa: ANN401
        if point == "publish":
            die()
        made = published(*arguments)
        if point == "switched":
            die()
        return made

    Aside._note, aside.publish = note, publish  # type: ignore[assignment, method-assign]


def main(path: str, point: str) -> None:
    arm(point)
    store = EmbeddedStore.open(Path(path))
    with Aside.opened(store) as door:
        for unit in range(len(door.begin(INTENT)), UNITS):
            door.take(Text(unit, die=point == "unit" and unit == 2))
            if point == "taken" and unit == 1:
                die()
        with door.writer() as writer:
            writer.commit(ChangeSet("loaded"))


if __name__ == "__main__":
    main(*sys.argv[1:])
