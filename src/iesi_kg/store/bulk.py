"""The door of a backend for loads too large for a change set: taken in unit by unit, seen by readers all at once.

A unit is N-Triples (https://www.w3.org/TR/n-triples/) that goes in whole or not at all, and the last statement of it is
its mark: whatever a crash leaves, the marks that are there tell exactly what is in.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from pyoxigraph import DefaultGraph, Literal, NamedNode, Triple

from iesi_kg.store.base import DEFAULT_GRAPH, GraphName, Writer

MARKED = NamedNode("urn:x-iesi-kg:load")
MARK = NamedNode("urn:x-iesi-kg:unit")

REMOVAL = "remove"

Mark = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Intent:
    """What is to be loaded where; the same ``key`` means the same load. ``instead``: what the graph holds goes."""

    key: str
    graph: GraphName
    instead: bool = False

    @property
    def removes(self) -> bool:
        """Whether nothing takes the place of what goes."""
        return self.key == REMOVAL


class Unit(Protocol):
    """The text of one unit, its mark included."""

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes, none at the end."""
        ...


class BulkDoor(Protocol):
    """One load under way; only one at a time can hold it.

    ``unit`` is how many statements a unit best has. Where ``whole_units`` is false, one that was cut may be there in
    part: it does no harm where the same statements come again.
    """

    @property
    def unit(self) -> int: ...

    @property
    def whole_units(self) -> bool: ...

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


def plan_of(intent: Intent) -> dict[str, Any]:
    """An intent as it is written down."""
    name = "" if isinstance(intent.graph, DefaultGraph) else intent.graph.value
    return {"key": intent.key, "graph": name, "instead": intent.instead}


def intent_of(plan: Mapping[str, Any]) -> Intent:
    """The intent that was written down."""
    name = str(plan["graph"])
    return Intent(str(plan["key"]), NamedNode(name) if name else DEFAULT_GRAPH, bool(plan["instead"]))
