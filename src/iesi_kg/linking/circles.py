"""What is part of what to what is, over any number of steps, part of itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping


def circles(parts: Iterable[tuple[str, str]]) -> Iterator[tuple[str, ...]]:
    """Each circle once, by its shortest way; a pair is a part and its whole.

    >>> list(circles([("a", "b"), ("b", "c"), ("c", "a"), ("d", "a")]))
    [('a', 'b', 'c')]
    """
    wholes: dict[str, set[str]] = defaultdict(set)
    for part, whole in parts:
        wholes[part].add(whole)
    seen: set[frozenset[str]] = set()
    for start in sorted(wholes):
        circle = _circle(start, wholes)
        if circle and frozenset(circle) not in seen:
            seen.add(frozenset(circle))
            yield circle


def _circle(start: str, wholes: Mapping[str, set[str]]) -> tuple[str, ...]:
    """The shortest way from a thing through its wholes back to itself; empty where there is none."""
    came: dict[str, str] = {}
    waiting = [start]
    for node in waiting:
        for whole in sorted(wholes.get(node, ())):
            if whole == start:
                way = [node]
                while way[-1] != start:
                    way.append(came[way[-1]])
                return tuple(reversed(way))
            if whole not in came:
                came[whole] = node
                waiting.append(whole)
    return ()
