"""A backup to a store folder: checked while it is written, put in its place whole or not at all, what stood there kept.

A store that is put back while the world has seen later versions of it must not give their numbers to other content: a
cache would take the one for the other. Restored over a store that had gone on, it therefore counts on from there.
"""

from __future__ import annotations

import errno
import itertools
import os
import shutil
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from iesi_kg.errors import StoreError, UsageError
from iesi_kg.operations import backup, backup_files
from iesi_kg.operations import backup_manifest as manifest
from iesi_kg.operations.audit import Act, AuditLog
from iesi_kg.operations.backup_manifest import Manifest, Origin
from iesi_kg.operations.tokens import Tokens
from iesi_kg.store import format as formats
from iesi_kg.store.durable import exchange, locked, make_folder, store_error, sync_directory
from iesi_kg.store.embedded import EmbeddedStore
from iesi_kg.store.frozen import freeze
from iesi_kg.store.journal import Journal
from iesi_kg.store.versions import Layout, read_current, write_current

_REMAINS = ".restore"


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for: whose place it takes, who asks and when, and the version that the world has seen of it."""

    store: Path
    who: str
    at: datetime
    replace: bool = False
    seen: int = 0
    patience: float = 10.0


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put back: its version now, where the former store stands, and what that one had decided since.

    ``revoked`` are tokens that were revoked since, and are so again; ``erased`` was erased since, and is back.
    """

    manifest: Manifest
    version: int
    aside: Path | None
    revoked: tuple[str, ...]
    erased: tuple[str, ...]


def restore(place: Path, wish: Wish) -> Restored:
    """Put a backup in the place of the store. Raises BackupUnusable, StoreError, UsageError with nothing changed."""
    source = backup.found(place)
    content = backup_files.read(source)
    _refuse_newer(source, content)
    with ExitStack() as stack:
        there = is_there(wish.store)
        if there and not wish.replace:
            raise UsageError(
                f"{wish.store} is not empty", hint="--replace puts what is there aside, or name another folder"
            )
        if there and Layout(wish.store).lock.exists():
            stack.enter_context(locked(Layout(wish.store).lock, wish.patience))
        draft = wish.store.absolute().with_name(f".{wish.store.absolute().name}{_REMAINS}")
        try:
            _fill(source, content, draft)
            version = _opened(draft, content, _number(wish, content.origin, there=there))
            revoked, erased = caught_up(draft, wish, content) if there else ((), ())
            act = Act(wish.who, "command", "restore", wish.at, {"backup": source.name, "version": content.origin.last})
            if (draft / "operations").is_dir():
                AuditLog(draft).append(act, version if version != content.origin.last else None)
            backup.note(draft, content.origin)
            _own(draft, wish.store.absolute())
            aside = put(draft, wish)
        except OSError as error:
            raise store_error(error, wish.store) from error
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    return Restored(content, version, aside, revoked, erased)


def is_there(store: Path) -> bool:
    """Whether anything stands at a place. Raises UsageError for a file."""
    try:
        return any(store.iterdir())
    except FileNotFoundError:
        return False
    except NotADirectoryError:
        raise UsageError(f"{store} is a file", hint="name a folder that is empty or not there yet") from None
    except OSError as error:
        raise store_error(error, store) from error


def _refuse_newer(source: Path, content: Manifest) -> None:
    origin = content.origin
    engine = origin.engine if origin.kind == manifest.CHECKPOINT else ""
    formats.refuse_newer(source, formats.Format(origin.store_format, engine, origin.software))


def _fill(source: Path, content: Manifest, draft: Path) -> None:
    """Write every file of the backup, each held against its digest."""
    make_folder(draft.parent)
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    missing = {item.path for item in content.items}
    folders = {draft}
    for item, stream in backup_files.streams(source, content):
        path = draft / item.path
        path.parent.mkdir(parents=True, exist_ok=True)
        folders.update(parent for parent in path.parents if draft in parent.parents)
        if backup_files.written(stream, path, item.mode) != item.sha256:
            raise manifest.damaged(str(source), f"{item.path} is not what was backed up")
        missing.discard(item.path)
    if missing:
        raise manifest.damaged(str(source), f"{min(missing)} is missing in it, or cannot be read")
    for private in (draft / "desk", draft / "operations"):
        if private.is_dir():
            private.chmod(0o700)
    for folder in folders:
        sync_directory(folder)


def _opened(draft: Path, content: Manifest, number: int) -> int:
    """Open what was written, its journal carried out, under the number that it is to have; the version it has then."""
    layout, origin = Layout(draft), content.origin
    if origin.kind == manifest.QUADS:
        quads = draft / backup.QUADS_FILE
        freeze(quads, draft / ".frozen", origin.version)
        for part in (draft / ".frozen").iterdir():
            part.rename(draft / part.name)
        (draft / ".frozen").rmdir()
        quads.unlink()
    layout.journal.mkdir(exist_ok=True)
    store = EmbeddedStore.open(draft)
    store.verify()
    store.forget_kept()  # of an older format: the backup itself is the copy
    version = store.current()
    store.close()
    del store
    if version.number != origin.last or (origin.last == origin.version and version.triples != origin.triples):
        raise manifest.damaged(
            str(draft), f"it holds version {version.number}, not the {origin.last} that was backed up"
        )
    if number == version.number:
        return number
    above = replace(version, number=number, path=layout.version(number))
    version.path.rename(above.path)
    write_current(layout, above)
    return above.number


def _number(wish: Wish, origin: Origin, *, there: bool) -> int:
    """The number for what is restored: its own, unless the world has seen that one, or later ones, of other content."""
    seen = [wish.seen + 1] if wish.seen > origin.last else []
    if there:
        last, published = _last(wish.store)
        if last > origin.last or (last == origin.last and published != origin.published):
            seen.append(last + 1)
    return max(seen, default=origin.last)


def _last(store: Path) -> tuple[int, datetime | None]:
    """The last version of the store that is put aside, and when it was published; 0 where it cannot tell."""
    layout = Layout(store)
    number, published = max(layout.numbers(), default=0), None
    with suppress(StoreError):
        current = read_current(layout)
        number, published = current.number, current.created
    with suppress(StoreError, OSError):
        number = max(number, Journal(layout.journal).last_number())
    return number, published


def caught_up(draft: Path, wish: Wish, content: Manifest) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Revoke again what was revoked since; say what was erased since."""
    erased = tuple(backup.erased(AuditLog(wish.store), content.origin.made))
    revoked: list[str] = []
    try:
        known = {token.id: token for token in Tokens(draft).all()}
        for token in Tokens(wish.store).all():
            if token.revoked is not None and token.id in known and known[token.id].revoked is None:
                Tokens(draft).revoke(token.id, token.revoked)
                revoked.append(token.name)
    except StoreError:  # the tokens that are put aside cannot be read: nothing is known of them
        return (), erased
    return tuple(revoked), erased


def _own(draft: Path, store: Path) -> None:
    """Give the files to whom the place belongs, where root restores for the user of a service."""
    if os.geteuid() != 0:
        return
    owner = (store if store.exists() else store.parent).stat()
    for path in (draft, *draft.rglob("*")):
        os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


def _free(path: Path) -> Path:
    """The path, or the first with a number behind it that nothing stands at: two restores may begin in one second."""
    numbered = (path.with_name(f"{path.name}-{number}") for number in itertools.count(2))
    return next(found for found in itertools.chain([path], numbered) if not found.exists())


def put(draft: Path, wish: Wish) -> Path | None:
    """Put the draft in its place, what stood there beside it; killed in between, one of both is there, and whole."""
    store = wish.store.absolute()
    try:
        if not is_there(store):
            draft.rename(store)  # an empty folder gives way
            aside = None
        else:
            aside = _free(store.with_name(f"{store.name}.before-{wish.at.astimezone(UTC):%Y-%m-%dT%H-%M-%SZ}"))
            exchange(draft.rename(aside), store)
    except OSError as error:
        if error.errno in (errno.EBUSY, errno.EXDEV):
            raise StoreError(
                f"{store} is a mount point, in whose place no other folder can be put",
                hint="name a folder below it: --store DIR, or IESI_KG_STORE",
            ) from None
        raise
    sync_directory(store.parent)
    return aside
