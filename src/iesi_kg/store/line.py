"""Queries that wait for a process: first come first served, those whose caller has long queries under way come last."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Generic, TypeVar

from iesi_kg.errors import ServiceBusy

T = TypeVar("T")


class Line(Generic[T]):
    """A bounded line; each place is a future that brings a process."""

    def __init__(self, room: int, wanted: str) -> None:
        self._room = room
        self._wanted = wanted
        self._places: dict[asyncio.Future[T], str] = {}

    def __len__(self) -> int:
        return len(self._places)

    def join(self, caller: str) -> asyncio.Future[T]:
        """A new place at the end. Raises ServiceBusy when the line is full."""
        if len(self) >= self._room:
            raise ServiceBusy(f"{len(self)} queries are waiting already", queue=self._room)
        place: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._places[place] = caller
        return place

    def leave(self, place: asyncio.Future[T]) -> None:
        """Give a place up."""
        self._places.pop(place, None)

    def give_up(self, place: asyncio.Future[T], seconds: float) -> None:
        """The time of a place is over."""
        if not place.done():
            place.set_exception(ServiceBusy(f"no {self._wanted} within {seconds:.1f} seconds"))

    def others(self, callers: Collection[str]) -> bool:
        """Whether anybody waits who is not one of these."""
        return any(caller not in callers for place, caller in self._places.items() if not place.done())

    def next(self, last: Collection[str]) -> asyncio.Future[T] | None:
        """The place whose turn it is; the callers named come last."""
        first = None
        for place, caller in self._places.items():
            if not place.done():
                if caller not in last:
                    return place
                first = first or place
        return first

    def caller(self, place: asyncio.Future[T]) -> str:
        """Who waits there."""
        return self._places[place]

    def dissolve(self, error: Exception) -> None:
        """Tell all who wait that it was in vain."""
        for place in self._places:
            if not place.done():
                place.set_exception(error)
