"""One version of a store on a server, shared by readers: its graphs, what was asked about it, what changed since.

Whoever asks for one statement of a thing asks for more of them, and rules ask a graph for one predicate after another:
what belongs to a thing, or to a small graph, is fetched once and looked through here. A version never changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from pyoxigraph import NamedNode, Quad

from iesi_kg.errors import VersionPassed
from iesi_kg.store.remote import standing
from iesi_kg.store.remote.client import Client
from iesi_kg.store.remote.diary import Diary
from iesi_kg.store.remote.fetching import Fetcher, Pattern
from iesi_kg.store.remote.memory import Memory, Sorted
from iesi_kg.store.remote.places import Places

_SMALL_GRAPH = 20_000
_WIDE = 2_000  # quads that point at one thing, beyond which each question is asked by itself
_OF_ONE_PROPERTY = 50_000  # quads of a large graph that are kept


class View:
    """What readers of one version share; a ``settled`` one is the writer's: beside him nobody changes anything."""

    def __init__(self, client: Client, places: Places, diary: Diary, memory: Memory, *, settled: bool = False) -> None:
        self.client, self.places, self.now = client, places, memory.now
        self.memory = memory
        self._diary, self._settled = diary, settled
        self.names = tuple(graph.value for graph in standing.named(client, places))
        self._fetcher = Fetcher(client, places, self.names, self._gone)

    def quads(self, pattern: Pattern) -> Iterator[Quad]:
        """The quads of a pattern as they stood at this version. Raises VersionPassed."""
        if isinstance(pattern.graph, NamedNode) and pattern.graph.value not in self.names:
            return
        near = self._near(pattern)
        if near is None:
            yield from self._kept_on_the_way(pattern)
            return
        found = chain.from_iterable(near.values()) if pattern.predicate is None else near.get(pattern.predicate, ())
        yield from (quad for quad in found if pattern.holds(quad))

    def check(self) -> None:
        """Raise VersionPassed where another version stands by now."""
        if not self._settled and standing.read(self.client, self.places) != self.now:
            raise self._passed()

    def _near(self, pattern: Pattern) -> Sorted | None:
        """What belongs together with what is asked; None where that is too much to fetch."""
        if isinstance(pattern.subject, NamedNode):
            return self._remembered(Pattern(subject=pattern.subject))
        if isinstance(pattern.object, NamedNode):
            return self._remembered(Pattern(object=pattern.object), _WIDE)
        if pattern.graph is None:
            return None
        near = self._remembered(Pattern(graph=pattern.graph), _SMALL_GRAPH)
        return self.memory.quads(_of_property(pattern)) if near is None else near

    def _remembered(self, pattern: Pattern, most: int | None = None) -> Sorted | None:
        if self.memory.knows(pattern):
            return self.memory.quads(pattern)
        if most is not None and self._fetcher.is_over(pattern, most):
            return self.memory.keep(pattern, None)
        return self.memory.keep(pattern, self._fetched(pattern))

    def _kept_on_the_way(self, pattern: Pattern) -> Iterator[Quad]:
        """The quads of a pattern; those of one property of a graph are kept, if they are not too many."""
        found: list[Quad] | None = [] if pattern.predicate and pattern == _of_property(pattern) else None
        for quad in self._fetched(pattern):
            if found is not None:
                found.append(quad)
                found = found if len(found) <= _OF_ONE_PROPERTY else None
            yield quad
        if found is not None:
            self.memory.keep(pattern, found)

    def _fetched(self, pattern: Pattern) -> Iterator[Quad]:
        for part, found in self._fetcher.parts(pattern):
            yield from self._as_it_was(part, found)

    def _as_it_was(self, part: Pattern, found: list[Quad]) -> Iterable[Quad]:
        touched = self._touched()
        if not touched:
            return found
        seen = set(found)
        back = [quad for quad, stood in touched.items() if stood and part.holds(quad) and quad not in seen]
        return [quad for quad in found if touched.get(quad, True)] + back

    def _gone(self) -> Iterable[Quad]:
        """What stood at this version and was taken away since."""
        return (quad for quad, stood in self._touched().items() if stood)

    def _touched(self) -> dict[Quad, bool]:
        """Which quads stood at this version, of those that were touched since. Raises VersionPassed where unknown.

        Whether what was just fetched is of this version, a later one or between two makes no difference.
        """
        if self._settled:
            return {}
        found = standing.read(self.client, self.places)
        if found == self.now:
            return {}
        touched: dict[Quad, bool] = {}
        last = self.now.change
        for entry in self._diary.since(self.now):
            touched = dict.fromkeys(entry.change.add, False) | dict.fromkeys(entry.change.remove, True) | touched
            last = entry.after.change
        if found is None or last != (found.pending or found.change):
            raise self._passed()
        return touched

    def _passed(self) -> VersionPassed:
        number = self.now.number
        return VersionPassed(f"version {number} was replaced while it was read", version=number)


def _of_property(pattern: Pattern) -> Pattern:
    return Pattern(predicate=pattern.predicate, graph=pattern.graph)
