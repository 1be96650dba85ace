"""What was fetched of one version of a store on a server, and what of it holds for a later version, too.

A version never changes, and the diary tells, quad by quad, what the next one changes: what was fetched once is carried
on instead of being fetched again. Bounded; what was not used for longest goes first.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence

from pyoxigraph import NamedNode, Quad

from iesi_kg.store.base import ChangeSet
from iesi_kg.store.remote.diary import Diary, Entry
from iesi_kg.store.remote.fetching import Pattern
from iesi_kg.store.remote.standing import Standing

MOST_QUADS = 200_000

Sorted = Mapping[NamedNode, Sequence[Quad]]  # by predicate


class Memory:
    """What is known of one version: the quads of some patterns; None for those that have too many."""

    def __init__(self, now: Standing) -> None:
        self.now = now
        self._known: OrderedDict[Pattern, Sorted | None] = OrderedDict()
        self._size = 0
        self._guard = threading.Lock()

    def knows(self, pattern: Pattern) -> bool:
        """Whether a pattern was asked for."""
        with self._guard:
            return pattern in self._known

    def quads(self, pattern: Pattern) -> Sorted | None:
        """The quads of a pattern that was asked for; None where they are too many, or nothing is known."""
        with self._guard:
            if pattern not in self._known:
                return None
            self._known.move_to_end(pattern)
            return self._known[pattern]

    def keep(self, pattern: Pattern, found: Iterable[Quad] | None) -> Sorted | None:
        """Keep what a pattern has."""
        sorted_ = None if found is None else _sorted(found)
        with self._guard:
            self._put(pattern, sorted_)
            while self._size > MOST_QUADS:
                self._size -= _weight(self._known.popitem(last=False)[1])
        return sorted_

    def after(self, entry: Entry) -> Memory:
        """What is known of the version that a change makes: nothing where more changes than it names."""
        following = Memory(entry.after)
        change = entry.change
        if change.forget or change.create or change.drop:  # a graph that was made may hold something already
            return following
        with self._guard:
            following._known, following._size = self._known.copy(), self._size
        for pattern, (leaving, entering) in _by_pattern(change).items():
            if (standing := following._known.get(pattern)) is not None:
                place = dict(standing)
                for predicate in {quad.predicate for quad in (*leaving, *entering)}:
                    kept = [quad for quad in place.get(predicate, ()) if quad not in leaving]
                    place[predicate] = [*kept, *(quad for quad in entering if quad.predicate == predicate)]
                following._put(pattern, place)
        return following

    def at(self, now: Standing, diary: Diary) -> Memory:
        """What is known of another version: what is known of this one, where the diary leads from here to there."""
        if now == self.now:
            return self
        memory = self
        for entry in diary.since(self.now):
            memory = memory.after(entry)
            if memory.now == now:
                return memory
        return Memory(now)

    def _put(self, pattern: Pattern, found: Sorted | None) -> None:
        if pattern in self._known:
            self._size -= _weight(self._known[pattern])
        self._known[pattern] = found
        self._size += _weight(found)


def _by_pattern(change: ChangeSet) -> dict[Pattern, tuple[set[Quad], dict[Quad, None]]]:
    """What leaves and enters, by every pattern that may be known of it."""
    found: dict[Pattern, tuple[set[Quad], dict[Quad, None]]] = {}
    for quad in change.remove:
        for pattern in _patterns(quad):
            found.setdefault(pattern, (set(), {}))[0].add(quad)
    for quad in change.add:
        for pattern in _patterns(quad):
            found.setdefault(pattern, (set(), {}))[1][quad] = None
    return found


def _patterns(quad: Quad) -> tuple[Pattern, ...]:
    graph = quad.graph_name
    return (
        Pattern(subject=quad.subject),
        Pattern(object=quad.object),
        Pattern(graph=graph),  # type: ignore[arg-type]  # none has a blank name
        Pattern(predicate=quad.predicate, graph=graph),  # type: ignore[arg-type]
    )


def _sorted(quads: Iterable[Quad]) -> Sorted:
    found: dict[NamedNode, list[Quad]] = {}
    for quad in quads:
        found.setdefault(quad.predicate, []).append(quad)
    return found


def _weight(found: Sorted | None) -> int:
    return 1 + sum(map(len, found.values())) if found else 1
