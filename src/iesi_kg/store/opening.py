"""Turns the settings into the store that they name: the one place that decides between a folder and a server."""

from __future__ import annotations

from pathlib import Path

from iesi_kg.errors import StoreError
from iesi_kg.settings import Settings
from iesi_kg.store.base import Reader, VersionedStore
from iesi_kg.store.embedded import EmbeddedStore
from iesi_kg.store.pools import QueryPool

_PARALLEL = 4  # requests to another server for each of the processes that a folder would have


def open_store(settings: Settings, *, create: bool = False, keep: int | None = None) -> VersionedStore:
    """The store of the settings, what a crash left of it mended; ``create`` makes an empty one where there is none.

    ``keep`` is how many versions stay. Raises StoreError.
    """
    kept = settings.keep_versions if keep is None else keep
    if isinstance(settings.store, Path):
        return EmbeddedStore.open(settings.store, create=create, lock_timeout=settings.lock_seconds, keep=kept)
    from iesi_kg.store.remote.store import RemoteStore

    return RemoteStore.open(settings, create=create, keep=kept)


def exists(settings: Settings) -> bool:
    """Whether there is a store where the settings say. Raises StoreError for a server that does not answer."""
    if isinstance(settings.store, Path):
        return EmbeddedStore(settings.store).layout.exists()
    from iesi_kg.store.remote.store import RemoteStore

    return RemoteStore.of(settings).exists()


def refuse_missing(settings: Settings) -> None:
    """Raise StoreError where the folder of the settings is not there; a server is asked nothing."""
    if isinstance(settings.store, Path) and not settings.store.is_dir():
        raise StoreError(f"there is no store at {settings.store}", hint="--store DIR, or `iesi-kg serve` makes one")


def existing(settings: Settings, *, keep: int | None = None) -> VersionedStore:
    """The store of the settings, which must be there. Raises StoreError."""
    refuse_missing(settings)
    return open_store(settings, keep=keep)


def read(settings: Settings) -> Reader:
    """A reader of the store of the settings, which must be there and is not mended first. Raises StoreError."""
    refuse_missing(settings)
    if isinstance(settings.store, Path):
        return EmbeddedStore(settings.store).reader()
    from iesi_kg.store.remote.store import RemoteStore

    return RemoteStore.of(settings).reader()


def open_pool(settings: Settings, store: VersionedStore) -> QueryPool:
    """What evaluates the queries of others on an opened store of these settings; it is started by its user."""
    from iesi_kg.store.workers import Pool

    if isinstance(settings.store, Path):
        memory = max(settings.query_memory, settings.token_memory)
        pool = Pool(settings.store, workers=settings.workers, memory=memory, queue=settings.query_queue)
        pool.keep_copy(settings.express_triples)
        return pool
    from iesi_kg.store.remote.pool import RemotePool
    from iesi_kg.store.remote.store import RemoteStore

    assert isinstance(store, RemoteStore)
    return RemotePool(store, parallel=_PARALLEL * settings.workers, queue=settings.query_queue)


def asking(settings: Settings) -> QueryPool:
    """What answers one query after the other on the store of the settings, for a command; not started yet."""
    from iesi_kg.store.workers import Pool

    if isinstance(settings.store, Path):
        return Pool(settings.store, workers=1, memory=settings.query_memory)
    return open_pool(settings, open_store(settings))
