"""Reads a store folder, changing nothing, and says which of its files are not what was written, and what to do.

Opening a store mends what can be mended from another copy; here somebody wants to know before anything is touched.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pyoxigraph import Store

from iesi_kg.errors import StoreError
from iesi_kg.store import format as formats
from iesi_kg.store import seal
from iesi_kg.store.durable import store_error
from iesi_kg.store.journal import Journal
from iesi_kg.store.versions import Layout, Version, leased, read_current

MEND = "`iesi-kg verify --mend` makes it anew from the live store, where that is sound; else restore a backup"
RESTORE = "look at the disk, then `iesi-kg restore BACKUP --replace`"
OTHERS = 0o077
PRIVATE = ("operations", "desk")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: where, what, what to do; a slight one does no harm yet."""

    place: str
    what: str
    remedy: str
    slight: bool = False


def faults(root: Path) -> Iterator[Fault]:
    """What is wrong with the quads of a store folder and with the rights on its files. Raises StoreError for none."""
    layout = Layout(root)
    yield from rights(root)
    try:
        written = formats.read(root)
    except StoreError as error:
        yield Fault(formats.NAME, error.detail, error.hint or RESTORE)
        return
    if written.is_older:
        yield Fault(
            formats.NAME,
            f"the store is of format {written.number}, this software writes {formats.FORMAT}",
            "the next start or writer brings it up to date, and keeps the state before under kept/",
            slight=True,
        )
    try:
        current = read_current(layout)
    except StoreError as error:
        if not layout.exists():
            raise
        yield Fault("current", error.detail, MEND)
    else:
        yield from _of_current(layout, current)
    yield from _of_older(layout)
    yield from _of_journal(layout)


def rights(root: Path) -> Iterator[Fault]:
    """Files that this user cannot read, files of another owner than the folder, secrets that others may read."""
    owner = root.stat().st_uid
    strange: list[str] = []
    for path in _everything(root):
        facts = path.lstat()
        name = path.relative_to(root).as_posix()
        if not os.access(path, os.R_OK, effective_ids=True):
            yield Fault(name, "cannot be read by this user", f"run it as the user of the service, or chown {path}")
        if facts.st_uid != owner:
            strange.append(name)
        private = name.partition("/")[0] in PRIVATE and stat.S_ISREG(facts.st_mode) and not name.endswith("LOCK")
        if private and facts.st_mode & OTHERS:
            yield Fault(name, "others than its owner may read or change it", f"chmod 600 {path}")
    if strange:
        yield Fault(
            strange[0],
            f"{len(strange):,} files belong to another user than the folder",
            f"chown -R --reference={root} {root}",
        )


def unwritable(root: Path) -> Path | None:
    """The folder of a store, or the first thing right in it, that this user cannot write."""
    for path in (root, *sorted(root.iterdir())):
        if not os.access(path, os.W_OK, effective_ids=True):
            return path
    return None


def _everything(root: Path) -> Iterator[Path]:
    for folder, _, names in os.walk(root):
        yield Path(folder)
        yield from (Path(folder) / name for name in names)


def _of_current(layout: Layout, current: Version) -> Iterator[Fault]:
    if not current.path.is_dir():
        yield Fault("current", f"it names version {current.number}, which is not there", MEND)
        return
    try:
        with leased(layout) as version:
            wrong = seal.broken(version.path)
            if not seal.sealed(version.path):
                yield Fault(_name(version), "it was never sealed: nobody can say whether it changed", MEND, slight=True)
            yield from (_broken(layout, version, name) for name in wrong)
            if not wrong:
                yield from _counted(version)
    except OSError as error:
        yield Fault(_name(current), store_error(error, current.path).detail, RESTORE)


def _broken(layout: Layout, version: Version, name: str) -> Fault:
    """What is shared with the live store has no other copy; what is not can be made anew."""
    file, live = version.path / name, layout.live / name
    missing = not file.exists()
    shared = live.exists() and (not missing) and live.samefile(file)
    there = "is missing" if missing else "is not what was written"
    return Fault(f"{_name(version)}/{name}", there, RESTORE if shared or not layout.live.is_dir() else MEND)


def _counted(version: Version) -> Iterator[Fault]:
    try:
        count = len(Store.read_only(str(version.path)))
    except (OSError, RuntimeError) as error:
        yield Fault(_name(version), store_error(error, version.path).detail, MEND)
        return
    if count != version.triples:
        yield Fault(_name(version), f"it holds {count:,} statements, {version.triples:,} were counted", RESTORE)


def _of_older(layout: Layout) -> Iterator[Fault]:
    """Versions before the current one serve nobody but who still reads them: they can go."""
    try:
        current = read_current(layout).number
    except StoreError:
        return
    for number in layout.numbers():
        if number == current:
            continue
        try:
            wrong = seal.broken(layout.version(number))
        except OSError as error:
            wrong = [str(error)]
        if wrong and layout.version(number).is_dir():
            what = f"{len(wrong)} of its files are not what was written"
            yield Fault(f"versions/{number:08d}", what, "`iesi-kg compact` deletes versions that passed", slight=True)


def _of_journal(layout: Layout) -> Iterator[Fault]:
    try:
        current = read_current(layout).number
        numbers = [entry.number for entry in Journal(layout.journal).entries(after=current)]
    except StoreError as error:
        if "journal" in error.detail:
            yield Fault("journal", error.detail, "restore a backup; what was acknowledged after it is in the audit log")
        return
    except OSError as error:
        yield Fault("journal", store_error(error, layout.journal).detail, RESTORE)
        return
    if numbers != list(range(current + 1, current + 1 + len(numbers))):
        yield Fault("journal", f"between version {current} and {max(numbers)} a commit is missing", RESTORE)


def _name(version: Version) -> str:
    return f"versions/{version.path.name}"
