"""The door of a backend for loads too large for a change set: taken in unit by unit, seen by readers all at once.

A unit is N-Triples (https://www.w3.org/TR/n-triples/) that goes in whole or not at all, and the last statement of it is
its mark: whatever a crash leaves, the marks that are there tell exactly what is in.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from pyoxigraph import Literal, NamedNode, Triple

from iesi_kg.store.base import GraphName, Writer

MARKED = NamedNode("urn:x-iesi-kg:load")
MARK = NamedNode("urn:x-iesi-kg:unit")

Mark = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Intent:
    """What is to be loaded where; the same ``key`` means the same load. ``instead``: what the graph holds goes."""

    key: str
    graph: GraphName
    instead: bool = False


class Unit(Protocol):
    """The text of one unit, its mark included."""

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes, none at the end."""
        ...


class BulkDoor(Protocol):
    """One load under way; only one at a time can hold it."""

    def pending(self) -> Intent | None:
        """The load that was begun here and not brought to its end."""
        ...

    def begin(self, intent: Intent) -> list[Mark]:
        """Begin, or go on where the same load was cut; returns the marks of the units that are in, in order."""
        ...

    def take(self, unit: Unit) -> None:
        """Take all of a unit or nothing of it, durably. What reading it raises comes through."""
        ...

    def writer(self) -> AbstractContextManager[Writer]:
        """Become the one writer; one commit then shows readers the load and the change together, as one version."""
        ...

    def abandon(self) -> None:
        """Give up what was prepared and the space it takes."""
        ...


def marked(mark: Mark) -> bytes:
    """The line that ends a unit."""
    return f"{Triple(MARKED, MARK, Literal(json.dumps(mark)))} .\n".encode()
