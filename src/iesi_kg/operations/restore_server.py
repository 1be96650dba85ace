"""A backup to a server that holds nothing of ours: checked in a folder first, then its quads in one commit.

What is not quads takes its place as the state folder before, since the commit is written down there: killed in the
middle of it, the next opening finishes it.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from iesi_kg.errors import StoreError, UsageError
from iesi_kg.operations import restore
from iesi_kg.operations.restore import Restored, Wish
from iesi_kg.settings import Settings
from iesi_kg.store.base import ChangeSet
from iesi_kg.store.durable import make_folder, store_error, sync_directory
from iesi_kg.store.embedded import EmbeddedStore
from iesi_kg.store.remote.diary import Diary
from iesi_kg.store.remote.store import FOLDER, RemoteStore
from iesi_kg.store.standstill import REMADE, is_part


def restored(place: Path, settings: Settings, wish: Wish) -> Restored:
    """Put a backup on the server of the settings, ``wish.store`` being the state folder.

    Raises BackupUnusable, StoreError and UsageError with nothing changed, but for an error whose members hold
    ``pending``: then the next opening of the store finishes it.
    """
    server = RemoteStore.of(settings, keep=1)
    draft = wish.store.absolute().with_name(f".{wish.store.absolute().name}.restored")
    try:
        server.refuse_held()
        if restore.is_there(wish.store) and not wish.replace:
            hint = "--replace puts what is there aside, or name another folder: IESI_KG_STATE"
            raise UsageError(f"{wish.store} is not empty", hint=hint)
        shutil.rmtree(draft, ignore_errors=True)
        seen = max(wish.seen, Diary(wish.store / FOLDER).last_number())
        done = restore.restore(place, replace(wish, store=draft, replace=False, seen=seen))
        if restore.is_there(wish.store):
            revoked, erased = restore.caught_up(draft, wish, done.manifest)
            done = replace(done, revoked=revoked, erased=erased)
        aside = _filled(server, draft, wish, done.version)
    except OSError as error:
        raise store_error(error, wish.store) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
        server.close()
    return replace(done, aside=aside)


def _filled(server: RemoteStore, draft: Path, wish: Wish, version: int) -> Path | None:
    """Move what is not quads to the state folder, and the quads to the server; says where the former state is."""
    quads = [*EmbeddedStore(draft).reader().quads()]
    beside = draft.with_name(f"{draft.name}-state")
    shutil.rmtree(beside, ignore_errors=True)
    make_folder(beside)
    for part in draft.iterdir():
        if part.name not in {*REMADE, FOLDER} and is_part(part.name):
            part.rename(beside / part.name)
    aside = restore.put(beside, wish)
    sync_directory(wish.store.absolute().parent)
    try:
        server.begin_at(version - 1)
        with server.writer() as writer:
            writer.commit(ChangeSet("restore", add=quads))
    except StoreError as error:
        if "pending" not in error.members:
            server.end()
            shutil.rmtree(wish.store, ignore_errors=True)
            if aside is not None:
                aside.rename(wish.store)
        raise
    return aside
