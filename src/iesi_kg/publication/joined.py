"""Sequences of quads seen as one, without a copy: a change that carries what follows from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import overload

from pyoxigraph import Quad


class Joined(Sequence[Quad]):
    """One sequence after the other."""

    def __init__(self, *parts: Sequence[Quad]) -> None:
        self._parts = parts

    def __len__(self) -> int:
        return sum(map(len, self._parts))

    def __iter__(self) -> Iterator[Quad]:
        for part in self._parts:
            yield from part

    @overload
    def __getitem__(self, index: int) -> Quad: ...
    @overload
    def __getitem__(self, index: slice) -> list[Quad]: ...
    def __getitem__(self, index: int | slice) -> Quad | list[Quad]:
        return list(self)[index]
