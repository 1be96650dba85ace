"""Turns an opened store into its door for large loads: a folder's fills a copy, a server's a graph nobody sees yet."""

from __future__ import annotations

from contextlib import AbstractContextManager

from iesi_kg.store.aside import Aside
from iesi_kg.store.base import Store
from iesi_kg.store.bulk import BulkDoor, Intent
from iesi_kg.store.embedded import EmbeddedStore


def opened(store: Store, *, keep: int) -> AbstractContextManager[BulkDoor]:
    """The door, for one process at a time. Raises StoreBusy while another one holds it."""
    if isinstance(store, EmbeddedStore):
        return Aside.opened(store, keep=keep)
    from iesi_kg.store.remote.door import RemoteDoor
    from iesi_kg.store.remote.store import RemoteStore

    assert isinstance(store, RemoteStore)
    return RemoteDoor.opened(store)


def pending(store: Store) -> Intent | None:
    """The load that is under way or was cut, looked at from beside."""
    if isinstance(store, EmbeddedStore):
        return Aside(store).pending()
    from iesi_kg.store.remote.door import RemoteDoor
    from iesi_kg.store.remote.store import RemoteStore

    assert isinstance(store, RemoteStore)
    return RemoteDoor(store).pending()
