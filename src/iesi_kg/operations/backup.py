"""A store, while it is written to, to a backup of one version with everything that belongs to it, checked, complete.

The folder stands still for as long as its small files are copied and the others get a second name; all that follows
reads the copy. A backup is finished when it bears its name: what was cut before is a hidden draft, deleted by the next.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from iesi_kg import __version__
from iesi_kg.errors import BackupUnusable, StoreDamaged, StoreError, StoreReadOnly, UsageError
from iesi_kg.operations import backup_files
from iesi_kg.operations import backup_manifest as manifest
from iesi_kg.operations.audit import AuditLog
from iesi_kg.operations.backup_manifest import Item, Manifest, Origin
from iesi_kg.operations.tokens import FOLDER, Tokens
from iesi_kg.store import format as formats
from iesi_kg.store import seal
from iesi_kg.store.base import Reader
from iesi_kg.store.durable import locked, make_folder, store_error, sync_directory, write_atomically
from iesi_kg.store.standstill import Standstill, take, take_beside
from iesi_kg.store.versions import Layout, Version

RECORD = f"{FOLDER}/backups.json"
ERASURE = "erasure"
QUADS_FILE = "quads.nq"
_NAME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}Z-v\d+")
Export = Callable[[Reader, Path], int]


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that was made and checked: how many of its files it shares with the one before, which were deleted.

    ``older`` are backups that were made before something was erased: they still hold it.
    """

    place: Path
    manifest: Manifest
    linked: int
    deleted: tuple[str, ...]
    older: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for: a folder of backups or one new file, when, how many to keep, how long to wait for writers."""

    target: Path
    at: datetime
    keep: int = 0
    patience: float = 60.0


def make(store: Path, wish: Wish) -> Made:
    """Back up a store folder as it stands. Raises StoreError with nothing left behind."""
    layout = Layout(store)
    with _staged(store, wish) as folder:
        still = take(layout, folder, wish.patience)
        items = backup_files.listed(folder)
        _refuse_damage(still, items)
        origin = _origin(still, manifest.CHECKPOINT, wish.at, store)
        return _write(store, folder, Manifest(origin, items), wish)


def make_of_quads(look: Callable[[], Reader], state: Path, export: Export, wish: Wish) -> Made:
    """Back up what any store holds, as N-Quads that ``export`` writes, with the folder of its state beside it.

    It needs no engine to be read, and is for stores on other servers too. Graphs without quads are not in it.
    """
    with _staged(state, wish) as folder:
        reader = take_beside(state, folder, wish.patience, look)
        count = export(reader, folder / QUADS_FILE)
        still = Standstill(folder, Version(reader.version, folder, wish.at, count), reader.version)
        origin = _origin(still, manifest.QUADS, wish.at, state)
        return _write(state, folder, Manifest(origin, backup_files.listed(folder)), wish)


def finished(target: Path) -> list[Path]:
    """The backups in a folder, oldest first."""
    if not target.is_dir():
        return []
    return sorted(path for path in target.iterdir() if _NAME.fullmatch(path.name) and path.is_dir())


def found(place: Path) -> Path:
    """The backup that a place is, or the newest in it. Raises BackupUnusable."""
    if place.is_dir() and not (place / manifest.NAME).exists():
        backups = finished(place)
        if backups:
            return backups[-1]
        raise BackupUnusable(f"there is no finished backup in {place}", hint="`iesi-kg backup` makes one")
    return place


def last(store: Path) -> datetime | None:
    """When the newest backup of a store was made, as far as the store knows."""
    try:
        return datetime.fromisoformat(json.loads((store / RECORD).read_bytes())["made"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def erased(log: AuditLog, after: datetime) -> list[str]:
    """What was erased after a moment, in the words of the log; nothing where the log cannot be read."""
    try:
        entries = [entry.act for entry in log.entries() if entry.act.what == ERASURE and entry.act.at > after]
    except StoreError:
        return []
    return [f"{act.at:%Y-%m-%d}: {act.detail.get('reason', '')} ({act.detail.get('mark', '')})" for act in entries]


@contextmanager
def _staged(store: Path, wish: Wish) -> Iterator[Path]:
    """Where the copy that stands still is made; one backup of a store at a time, and what an earlier one left goes."""
    if not store.is_dir():
        raise StoreError(f"there is no store at {store}", hint="--store DIR, or `iesi-kg serve` makes one")
    if wish.target.resolve().is_relative_to(store.resolve()):
        raise UsageError(f"{wish.target} is inside the store", hint="name a place outside, on another disk")
    folder = store / ".backup"
    try:
        with locked(store / "backup.LOCK", 0.0):
            shutil.rmtree(folder, ignore_errors=True)
            try:
                yield folder
            finally:
                shutil.rmtree(folder, ignore_errors=True)
    except PermissionError as error:
        raise StoreReadOnly(
            f"{store} cannot be backed up by this user: {error.strerror}", hint="run it as the user of the service"
        ) from None


def _refuse_damage(still: Standstill, items: Sequence[Item]) -> None:
    """A backup of what is damaged would drive out the good ones."""
    folder = f"versions/{still.version.path.name}/"
    there = {item.path: item.sha256 for item in items}
    sealed = seal.sealed(still.folder / folder)
    wrong = sorted(name for name, digest in sealed.items() if there.get(folder + name) != digest)
    if wrong:
        raise StoreDamaged(
            f"{', '.join(wrong[:3])} of {still.version.path} {'is' if len(wrong) == 1 else 'are'} not what was written",
            hint="nothing was backed up; `iesi-kg verify` says what is damaged and what to do",
        )


def _origin(still: Standstill, kind: str, at: datetime, store: Path) -> Origin:
    """What the copy holds. Raises StoreError where its log or its tokens are damaged, in the words of the store."""
    version, folder = still.version, still.folder
    written = formats.read(folder)
    names = sorted(path.name for path in (folder / "releases").glob("[0-9]*"))
    desk = [path for path in (folder / "desk").glob("*") if path.is_dir()]
    try:
        audit, tokens = AuditLog(folder).verify(), Tokens(folder).all()
    except StoreError as error:
        error.detail = error.detail.replace(str(folder), str(store))
        raise
    counts = {
        "releases": len(names),
        "submissions at the desk": len(desk),
        "tokens": len(tokens),
        "entries of the log": audit.entries,
    }
    return Origin(
        kind=kind,
        made=at.astimezone(UTC),
        version=version.number,
        last=still.last,
        published=version.created,
        triples=version.triples,
        counts=counts,
        releases=names,
        audit_head=audit.head,
        software=__version__,
        engine=formats.ENGINE,
        store_format=written.number,
    )


def _write(store: Path, folder: Path, content: Manifest, wish: Wish) -> Made:
    try:
        if backup_files.is_archive(wish.target):
            made = Made(_archive(folder, content, wish.target), content, 0, (), ())
        else:
            made = _folder(store, folder, content, wish)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise UsageError(
            f"no backup can be made at {wish.target}: {error.strerror}", hint="name a place on a disk that takes files"
        ) from error
    except OSError as error:
        raise store_error(error, wish.target) from error
    note(store, content.origin)
    return made


def _archive(folder: Path, content: Manifest, target: Path) -> Path:
    if target.exists():
        raise UsageError(f"{target} is there already", hint="name a new file; a backup is never written over another")
    make_folder(target.parent.absolute())
    draft = target.with_name(f".{target.name}.new")
    draft.unlink(missing_ok=True)
    try:
        backup_files.write_archive(folder, content, draft)
        _checked(draft, content)
        draft.rename(target)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    sync_directory(target.parent)
    return target


def _folder(store: Path, folder: Path, content: Manifest, wish: Wish) -> Made:
    origin, target = content.origin, wish.target
    if target.exists() and not target.is_dir():
        raise UsageError(
            f"{target} is a file", hint="name a folder for backups, or a new file ending in .tar or .tar.gz"
        )
    make_folder(target.absolute())
    with locked(target / ".LOCK", wish.patience):
        for leftover in target.glob(".*.new"):
            shutil.rmtree(leftover, ignore_errors=True)
        place = target / f"{origin.made:%Y-%m-%dT%H-%M-%SZ}-v{origin.last}"
        if place.exists():
            raise UsageError(f"{place} is there already", hint="two backups within a second need two folders")
        draft = place.with_name(f".{place.name}.new")
        try:
            linked = backup_files.write_folder(folder, content, draft, _usable(finished(target)))
            _checked(draft, content)
            draft.rename(place)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise
        sync_directory(target)
        deleted = _prune(target, wish.keep)
    older = tuple(path.name for path in finished(target)[:-1] if erased(AuditLog(store), _made(path)))
    return Made(place, content, linked, deleted, older)


def _usable(backups: list[Path]) -> Path | None:
    """The newest backup whose manifest can be read."""
    for path in reversed(backups):
        try:
            backup_files.read(path)
        except StoreError:
            continue
        return path
    return None


def _made(backup: Path) -> datetime:
    return datetime.strptime(backup.name.partition("Z")[0], "%Y-%m-%dT%H-%M-%S").replace(tzinfo=UTC)


def _checked(draft: Path, content: Manifest) -> None:
    wrong = backup_files.check(draft, content)
    if wrong:
        raise manifest.damaged(str(draft), f"{wrong[0]} is not what was written to it: the disk fails")


def _prune(target: Path, keep: int) -> tuple[str, ...]:
    """Delete all but the newest ``keep`` backups, each by its name first: nobody restores half of one."""
    backups = finished(target)
    deleted = backups[: max(0, len(backups) - keep)] if keep else []
    for path in deleted:
        trash = path.with_name(f".{path.name}.new")
        path.rename(trash)
        shutil.rmtree(trash)
    return tuple(path.name for path in deleted)


def note(store: Path, origin: Origin) -> None:
    """Tell the store when it was backed up, for `iesi-kg doctor` and /metrics."""
    facts = {"made": origin.made.isoformat(), "version": origin.last}
    try:
        make_folder((store / RECORD).parent)
        write_atomically(store / RECORD, json.dumps(facts).encode() + b"\n", mode=0o600)
    except OSError as error:
        raise store_error(error, store) from error
