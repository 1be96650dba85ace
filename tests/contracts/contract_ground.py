"""Where a store of the contract stands."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace

from pyoxigraph import DefaultGraph, NamedNode

from iesi_kg.errors import StoreError
from iesi_kg.settings import Settings
from iesi_kg.store import opening
from iesi_kg.store.base import VersionedStore
from iesi_kg.store.remote import standing
from iesi_kg.store.remote.store import RemoteStore

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


def emptied(settings: Settings) -> None:
    """Take everything of ours off a server."""
    store = RemoteStore.of(settings)
    places, client = store.places, store.client
    verb = "DROP" if client.where.profile.transaction == "request" else "CLEAR"
    with suppress(StoreError):
        found = [*standing.named(client, places), places.state]
        found += [places.default] if isinstance(places.default, NamedNode) else []
        client.update(" ;\n".join(f"{verb} SILENT GRAPH {graph}" for graph in found))
    if isinstance(places.stored(DefaultGraph()), DefaultGraph):
        client.update("DROP ALL")
    store.close()
