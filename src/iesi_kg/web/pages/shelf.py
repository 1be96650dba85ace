"""What is computed once per version of the graph and kept for the pages of one app: the list, the figures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import TypeVar, cast

from fastapi import Request

from iesi_kg.analysis import browse, listing
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
    state = request.app.state
    if not hasattr(state, "shelf"):
        state.shelf = Shelf()
    return cast(Shelf, state.shelf)


def index(request: Request) -> listing.Index:
    """The list of initiatives of the current version, its codes labelled in the reader's language."""
    language = spoken(request).code
    return shelf(request).get(f"index {language}", reader(request), lambda source: listing.build(source, language))


def counts(request: Request) -> browse.PageRow:
    """The figures of the landing page."""
    return shelf(request).get("counts", reader(request), lambda source: browse.rows(source, "counts")[0])


def inhabitants(request: Request) -> dict[str, int]:
    """How many people live in each country, by its code."""
    found = shelf(request).get("inhabitants", reader(request), lambda source: browse.rows(source, "inhabitants"))
    return {row["code"]: int(row["inhabitants"]) for row in found}
