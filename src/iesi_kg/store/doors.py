"""Turns an opened store into its door for large loads: a folder's fills a copy, a server's a graph nobody sees yet."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from iesi_kg.settings import Settings
from iesi_kg.store.aside import LOCK, PLAN, Aside
from iesi_kg.store.base import Store
from iesi_kg.store.bulk import BulkDoor, Intent, intent_of
from iesi_kg.store.durable import is_held
from iesi_kg.store.embedded import EmbeddedStore
from iesi_kg.store.versions import Layout


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


@dataclass(frozen=True, slots=True)
class Left:
    """A load that is under way (``held``) or was cut: None for what, where it had not begun; where it stands."""

    intent: Intent | None
    place: Path
    held: bool


def left(settings: Settings) -> Left | None:
    """The load that is not finished, from its files alone."""
    root = settings.state_folder
    if settings.remote:
        from iesi_kg.store.remote.store import FOLDER, LOAD, LOAD_LOCK

        place = plan = root / FOLDER / LOAD
        lock = root / FOLDER / LOAD_LOCK
    else:
        place, lock = Layout(root).aside, root / LOCK
        plan = place / PLAN
    if not place.exists():
        return None
    try:
        return Left(intent_of(json.loads(plan.read_bytes())), place, is_held(lock))
    except (FileNotFoundError, NotADirectoryError, ValueError, KeyError):
        return Left(None, place, is_held(lock))
