"""A directed graph to its strongly connected components, leaves first (Tarjan 1972), without calling itself."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)


def components(edges: Mapping[T, Sequence[T]]) -> list[list[T]]:
    """Nodes that can reach one another stand together; those that others lead to come first.

    >>> components({"a": ["b"], "b": ["c"], "c": ["b"]})
    [['c', 'b'], ['a']]
    """
    return _Search(edges).run()


class _Search(Generic[T]):
    """The walk in depth: numbers in the order of entry, and the lowest number that each node leads back to."""

    def __init__(self, edges: Mapping[T, Sequence[T]]) -> None:
        self._edges = edges
        self._number: dict[T, int] = {}
        self._low: dict[T, int] = {}
        self._open: dict[T, None] = {}
        self._work: list[tuple[T, Iterator[T]]] = []
        self._found: list[list[T]] = []

    def run(self) -> list[list[T]]:
        for root in self._edges:
            if root not in self._number:
                self._enter(root)
            while self._work:
                self._step()
        return self._found

    def _enter(self, node: T) -> None:
        self._number[node] = self._low[node] = len(self._number)
        self._open[node] = None
        self._work.append((node, iter(self._edges.get(node, ()))))

    def _step(self) -> None:
        node, others = self._work[-1]
        other = next(others, None)
        if other is None:
            self._leave(node)
        elif other not in self._number:
            self._enter(other)
        elif other in self._open:
            self._low[node] = min(self._low[node], self._number[other])

    def _leave(self, node: T) -> None:
        self._work.pop()
        if self._work:
            above = self._work[-1][0]
            self._low[above] = min(self._low[above], self._low[node])
        if self._low[node] != self._number[node]:
            return
        component: list[T] = []
        while node not in component[-1:]:
            component.append(self._open.popitem()[0])
        self._found.append(component)
