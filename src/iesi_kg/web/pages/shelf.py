"""What is computed once per version of the graph and kept for the pages of one app: the list, the figures."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Lock
from typing import TypeVar, cast

from fastapi import Request
from starlette.datastructures import State

from iesi_kg.analysis import browse, listing
from iesi_kg.analysis.browse import ENGLISH
from iesi_kg.errors import IesiKgError
from iesi_kg.store.base import Reader
from iesi_kg.web.pages.language import spoken
from iesi_kg.web.pages.rendering import reader

T = TypeVar("T")


@dataclass(slots=True)
class Shelf:
    """Values by name for the version asked last; a new version begins with an empty shelf."""

    version: int = -1
    kept: dict[str, object] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    def get(self, name: str, source: Reader, compute: Callable[[Reader], T]) -> T:
        """The value of this name for the version that the reader sees."""
        with self.lock:
            if source.version != self.version:
                self.version, self.kept = source.version, {}
            if name not in self.kept:
                self.kept[name] = compute(source)
            return cast(T, self.kept[name])


def shelf(request: Request) -> Shelf:
    """The shelf of this app."""
    return _of(request.app.state)


def _of(state: State) -> Shelf:
    if not hasattr(state, "shelf"):
        state.shelf = Shelf()
    return cast(Shelf, state.shelf)


@dataclass(slots=True)
class Beforehand:
    """Has what pages count counted once a version has stayed for a look, so that no reader waits for it."""

    state: State
    seen: int = 0
    counted: int = 0

    async def look(self) -> None:
        """Count what is new and calm; called now and then."""
        version = self.state.site.version
        calm, self.seen = version == self.seen, version
        if calm and version != self.counted:
            self.counted = version
            with suppress(IesiKgError):  # whoever asks for a page is told
                await asyncio.to_thread(self._count)

    def _count(self) -> None:
        source, kept = self.state.site.store.reader(), _of(self.state)
        kept.get("index", source, listing.build)
        kept.get("counts", source, _counts)


def _counts(source: Reader) -> browse.PageRow:
    return browse.rows(source, "counts")[0]


def index(request: Request) -> listing.Index:
    """The list of initiatives of the current version, its codes labelled in the reader's language."""
    language, kept, source = spoken(request).code, shelf(request), reader(request)
    made = kept.get("index", source, listing.build)
    if language == ENGLISH:
        return made
    return kept.get(f"index {language}", source, lambda same: listing.spoken(made, same, language))


def counts(request: Request) -> browse.PageRow:
    """The figures of the landing page."""
    return shelf(request).get("counts", reader(request), _counts)


def inhabitants(request: Request) -> dict[str, int]:
    """How many people live in each country, by its code."""
    found = shelf(request).get("inhabitants", reader(request), lambda source: browse.rows(source, "inhabitants"))
    return {row["code"]: int(row["inhabitants"]) for row in found}
