"""Turns a store folder into numbered versions: which one is current, who still reads it, which may go.

Layout: ``live/`` (the writer's RocksDB directory), ``journal/``, ``versions/NNNNNNNN/`` (hard-linked checkpoints that
are only ever opened read-only), ``current`` (JSON, replaced atomically), ``LOCK``, ``snapshots/`` for who copies it,
and ``aside/`` while a large load is prepared.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pyoxigraph import Store

from iesi_kg.errors import StoreDamaged, StoreError
from iesi_kg.store import format as formats
from iesi_kg.store.durable import store_error, sync_directory, sync_tree, write_atomically
from iesi_kg.store.seal import broken, seal

OPEN_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Version:
    """One published state: its number is the count of commits since the store was made."""

    number: int
    path: Path
    created: datetime
    triples: int


@dataclass(frozen=True, slots=True)
class Layout:
    """The paths inside a store folder."""

    root: Path

    @property
    def live(self) -> Path:
        return self.root / "live"

    @property
    def journal(self) -> Path:
        return self.root / "journal"

    @property
    def versions(self) -> Path:
        return self.root / "versions"

    @property
    def current(self) -> Path:
        return self.root / "current"

    @property
    def lock(self) -> Path:
        return self.root / "LOCK"

    @property
    def scratch(self) -> Path:
        """Stands in the folder of a scratch store, which holds whatever its users write, blank nodes included."""
        return self.root / "scratch"

    @property
    def copied(self) -> Path:
        """Stands in the folder of a copy of another store (JSON), which only what makes the copy changes."""
        return self.root / "mirror.json"

    @property
    def snapshots(self) -> Path:
        """Versions as blocks of text, for those who copy the store; made when they are asked for."""
        return self.root / "snapshots"

    @property
    def forgotten(self) -> Path:
        """Holds the number of the last version that had statements leave every file."""
        return self.root / "forgotten"

    @property
    def aside(self) -> Path:
        """Where a large load is prepared beside what readers see, if one is under way or was cut."""
        return self.root / "aside"

    @property
    def kept(self) -> Path:
        """Where the journal's segments since the beginning of that load are kept, while this folder exists."""
        return self.aside / "journal"

    def version(self, number: int) -> Path:
        """Where the checkpoint of a version stands."""
        return self.versions / f"{number:08d}"

    def numbers(self) -> list[int]:
        """Checkpoints on disk, oldest first."""
        if not self.versions.is_dir():
            return []
        return sorted(int(path.name) for path in self.versions.iterdir() if path.name.isdigit())

    def exists(self) -> bool:
        """Whether anything of a store is here."""
        return self.current.exists() or self.live.exists() or bool(self.numbers())


def read_current(layout: Layout) -> Version:
    """The current version; raises StoreDamaged when ``current`` is missing or makes no sense, StoreTooNew."""
    formats.read(layout.root)
    try:
        facts = json.loads(layout.current.read_bytes())
        number = int(facts["number"])
        created = datetime.fromisoformat(facts["created"])
        return Version(number, layout.version(number), created, int(facts["triples"]))
    except FileNotFoundError:
        if layout.exists():
            raise StoreDamaged(f"{layout.current} is missing", hint="the next start or submission repairs it") from None
        raise StoreError(f"there is no store at {layout.root}", hint="`iesi-kg serve` makes one") from None
    except OSError as error:
        raise store_error(error, layout.root) from error
    except (ValueError, KeyError, TypeError):
        raise StoreDamaged(f"{layout.current} is damaged", hint="the next start or submission repairs it") from None


def current_stamp(layout: Layout) -> tuple[int, int]:
    """What changes whenever ``current`` is replaced: one stat, cheap enough for every request."""
    try:
        facts = layout.current.stat()
    except (FileNotFoundError, NotADirectoryError):
        return (0, 0)
    return (facts.st_ino, facts.st_mtime_ns)


def publish(layout: Layout, live: Store, number: int, triples: int) -> Version:
    """Checkpoint the live store and make it the current version; readers see it from the next open on."""
    target = layout.version(number)
    draft = layout.versions / f".{number:08d}.new"
    shutil.rmtree(draft, ignore_errors=True)
    try:
        live.flush()
        live.backup(str(draft))
        seal(draft, newest_before(layout, number))
        sync_tree(draft)
        if target.exists():
            discard(target)
        draft.rename(target)
    except (OSError, RuntimeError):
        shutil.rmtree(draft, ignore_errors=True)
        raise
    sync_directory(layout.versions)
    created = datetime.now(UTC)
    _point_at(layout, number, triples, created)
    return Version(number, target, created, triples)


def _point_at(layout: Layout, number: int, triples: int, created: datetime) -> None:
    facts = {"number": number, "created": created.isoformat(timespec="milliseconds"), "triples": triples}
    write_atomically(layout.current, json.dumps(facts).encode() + b"\n")


def adopt(layout: Layout, built: Version, keep: int) -> None:
    """Have a version that was built in another folder be the current one; the writer's lock is held.

    What is left of the live store and its journal goes before the switch: the next writer begins with what is current.
    """
    target = layout.version(built.number)
    if target.exists():
        discard(target)
    built.path.rename(target)
    sync_directory(layout.versions)
    for segment in layout.journal.glob("*"):
        segment.unlink()
    shutil.rmtree(layout.live, ignore_errors=True)
    shutil.rmtree(layout.root / formats.KEPT, ignore_errors=True)
    formats.write(layout.root)
    _point_at(layout, built.number, built.triples, built.created)
    prune(layout, keep, built.number)


def last_forgotten(layout: Layout) -> int:
    """The last version that had statements leave every file: no copy may keep anything of an earlier one."""
    try:
        return int(layout.forgotten.read_text("ascii"))
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise store_error(error, layout.root) from error
    except ValueError:
        raise StoreDamaged(f"{layout.forgotten} is damaged", hint="restore the folder from a backup") from None


def forget_before(layout: Layout, number: int) -> None:
    """Write down, before it is done, that a version has statements leave every file; snapshots leave at once."""
    write_atomically(layout.forgotten, b"%d\n" % number)
    shutil.rmtree(layout.snapshots, ignore_errors=True)


def newest_before(layout: Layout, number: int) -> Path:
    """The newest checkpoint up to a version: what a new one most likely shares its files with."""
    return layout.version(max((known for known in layout.numbers() if known <= number), default=0))


def prune(layout: Layout, keep: int, current: int) -> None:
    """Delete all but the last ``keep`` checkpoints, sparing the current one and those a reader holds."""
    numbers = layout.numbers()
    for number in numbers[: max(0, len(numbers) - max(1, keep))]:
        if number != current:
            _discard_unless_held(layout.version(number))
    for leftover in layout.versions.glob(".*"):
        shutil.rmtree(leftover, ignore_errors=True)


def discard(path: Path) -> None:
    """Delete a checkpoint in a way that no reader ever finds half of it."""
    trash = path.with_name(f".{path.name}.old")
    shutil.rmtree(trash, ignore_errors=True)
    path.rename(trash)
    shutil.rmtree(trash, ignore_errors=True)


def _discard_unless_held(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        discard(path)  # still locked: who waits for the lease finds the name gone and looks again
    except BlockingIOError:
        return
    finally:
        os.close(handle)


class Checkpoint:
    """A version opened read-only; while this object lives no writer deletes the files below it."""

    def __init__(self, version: Version) -> None:
        self.version = version
        self._lease = os.open(version.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        weakref.finalize(self, os.close, self._lease)
        fcntl.flock(self._lease, fcntl.LOCK_SH)
        if not os.path.samestat(os.fstat(self._lease), version.path.stat()):
            raise FileNotFoundError(version.path)
        self.store = Store.read_only(str(version.path))


def write_current(layout: Layout, version: Version) -> None:
    """Make a version that stands in the folder its current one."""
    _point_at(layout, version.number, version.triples, version.created)


@contextmanager
def leased(layout: Layout) -> Iterator[Version]:
    """The current version, whose files no writer deletes meanwhile, not opened. Raises StoreDamaged."""
    for _ in range(OPEN_ATTEMPTS):
        version = read_current(layout)
        try:
            handle = os.open(version.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(handle, fcntl.LOCK_SH)
            if version.path.exists() and os.path.samestat(os.fstat(handle), version.path.stat()):
                yield version
                return
        finally:
            os.close(handle)
    raise _missing(version)


def changed_files(version: Version) -> list[str]:
    """The files of a version that are not what was sealed, every one read for it."""
    try:
        return broken(version.path)
    except OSError as error:
        raise store_error(error, version.path) from error


def changed_error(version: Version, changed: list[str]) -> StoreDamaged:
    """What to say of them."""
    return StoreDamaged(
        f"{', '.join(changed[:3])} of {version.path} {'is' if len(changed) == 1 else 'are'} not what was written",
        hint="look at the disk; restore the folder from a backup, or move it away and load the data again",
    )


def open_current(layout: Layout) -> Checkpoint:
    """Open the current version read-only; raises StoreDamaged when it cannot be read."""
    for _ in range(OPEN_ATTEMPTS):
        version = read_current(layout)
        try:
            return Checkpoint(version)
        except FileNotFoundError:  # a writer switched and pruned between our two steps
            continue
        except (OSError, RuntimeError) as error:
            raise store_error(error, version.path) from error
    raise _missing(version)


def _missing(version: Version) -> StoreDamaged:
    return StoreDamaged(f"{version.path} is missing", hint="the next start or submission repairs it")
