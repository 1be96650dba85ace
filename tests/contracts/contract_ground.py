"""Where a store of the contract stands."""

from __future__ import annotations

from dataclasses import dataclass, replace

from iesi_kg.settings import Settings
from iesi_kg.store import opening
from iesi_kg.store.base import VersionedStore

NAMES = ("folder", "oxigraph", "virtuoso", "iesi-kg")
MOST_ROWS = 2_000  # that the Virtuoso here ever sends: far below what is asked of it


@dataclass(frozen=True)
class Ground:
    """Where a store stands, empty when a test begins."""

    name: str
    settings: Settings

    @property
    def remote(self) -> bool:
        return self.settings.remote

    @property
    def atomic(self) -> bool:
        """Whether a commit is one request."""
        return self.name in ("oxigraph", "iesi-kg")

    def open(self, **other: object) -> VersionedStore:
        """The store; ``other`` are settings of another machine."""
        return opening.open_store(replace(self.settings, **other), create=True)  # type: ignore[arg-type]
