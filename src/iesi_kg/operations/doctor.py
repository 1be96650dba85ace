"""Looks at an installation from outside, changing nothing, and says on one page what is wrong or unwise."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from datetime import datetime, timedelta
from pathlib import Path

from iesi_kg.errors import StoreError, UsageError
from iesi_kg.operations import backup, doctor_loads, doctor_machine, doctor_settings
from iesi_kg.operations.diagnosis import Diagnosis, Finding, Weight, first_or_ok
from iesi_kg.settings import Settings
from iesi_kg.store import format as formats
from iesi_kg.store import soundness
from iesi_kg.store.soundness import Fault
from iesi_kg.store.versions import Layout, open_current, read_current

_LEAST_FREE = 100_000_000
_LITTLE_FREE = 1_000_000_000
_LEAST_NAMES = 10_000
_AHEAD = timedelta(minutes=5)


def diagnose(
    settings: Settings, at: datetime, *, backup_days: float, faults: Sequence[Fault] | None = None
) -> Diagnosis:
    """Look at everything; ``faults`` is what a reading of the whole store has found, where there was one."""
    root = settings.state_folder
    version, triples, files = _size(root)
    found = [doctor_machine.python()]
    found += first_or_ok("packages", doctor_machine.packages(), "every package is of a version that was tested")
    found += [
        doctor_machine.confinement(),
        doctor_machine.memory(settings, triples),
        doctor_machine.descriptors(settings, files),
        doctor_machine.port(settings, version),
    ]
    found += first_or_ok("settings", doctor_settings.contradictions(settings), "no setting contradicts another")
    if settings.remote:
        found.append(_of_server(settings))
        disk = _of_disk(root) if root.is_dir() else ()
        return Diagnosis(at, (*found, *disk, _of_backup(root, at, backup_days), *doctor_loads.unfinished(settings)))
    if not root.is_dir():
        what = f"there is no store at {root.absolute()}"
        found.append(Finding("store", Weight.WARNING, what, "`iesi-kg serve` makes one; IESI_KG_STORE names another"))
        return Diagnosis(at, tuple(found))
    found += [*_of_store(root, faults), *_of_disk(root), *_of_clock(root, at), _of_backup(root, at, backup_days)]
    return Diagnosis(at, (*found, *doctor_loads.unfinished(settings), *_leftovers(root)))


def _size(root: Path) -> tuple[int, int, int]:
    """Version, statements and files of the store; zeros where there is none that can be read."""
    try:
        version = read_current(Layout(root))
        return version.number, version.triples, sum(1 for _ in version.path.iterdir())
    except (StoreError, OSError):
        return 0, 0, 0


def _of_store(root: Path, faults: Sequence[Fault] | None) -> Iterator[Finding]:
    layout = Layout(root)
    told = list(soundness.rights(root)) if faults is None else faults
    for fault in told:
        weight = Weight.NOTE if fault.slight else Weight.FAILURE
        yield Finding("store", weight, f"{fault.place}: {fault.what}", fault.remedy)
    try:
        written = formats.read(root)
        version = read_current(layout)
        open_current(layout)
    except StoreError as error:
        if error.detail not in {fault.what for fault in told}:
            remedy = error.hint or "`iesi-kg verify` says what is damaged"
            yield Finding("store", Weight.FAILURE, error.detail, remedy)
        return
    if written.is_older:
        what = f"the store is of format {written.number}, this software writes {formats.FORMAT}"
        yield Finding("store", Weight.NOTE, what, "the next start brings it up to date and keeps a copy under kept/")
    if (closed := soundness.unwritable(root)) is not None:
        what = f"{closed} cannot be written by this user"
        yield Finding("store", Weight.FAILURE, what, "chown it, or run as its owner")
    if not told:
        yield Finding("store", Weight.OK, f"version {version.number}, {version.triples:,} statements, can be opened")


def _of_server(settings: Settings) -> Finding:
    """Whether the address names a server, which answers, lets us read, and has a store."""
    from iesi_kg.store.remote.store import RemoteStore

    try:
        with closing(RemoteStore.of(settings)) as store:
            product, standing = store.client.where.profile.title, store.standing()
    except (StoreError, UsageError) as error:
        remedy = error.hint or "`iesi-kg peers probe ADDRESS` asks the server what it can do"
        return Finding("store", Weight.FAILURE, error.detail, remedy)
    if standing is None:
        what = f"{product} answers, and no store was begun there"
        return Finding("store", Weight.WARNING, what, "`iesi-kg serve` begins one; IESI_KG_STORE names another server")
    what = f"{product} answers: version {standing.number}, {standing.triples:,} statements"
    return Finding("store", Weight.OK, f"{what}; `iesi-kg peers probe` asks what it can do")


def _weight(layout: Layout) -> int:
    """Bytes of the engine's files, those that versions share counted once."""
    sizes = {}
    for folder in (layout.live, layout.versions):
        for file in folder.glob("**/*"):
            with suppress(FileNotFoundError):  # a version that passed meanwhile
                facts = file.lstat()
                sizes[facts.st_ino] = 0 if file.is_dir() else facts.st_size
    return sum(sizes.values())


def _of_disk(root: Path) -> Iterator[Finding]:
    free = shutil.disk_usage(root).free
    size = _weight(Layout(root))
    what = f"{free:,} bytes free, the statements of the store take {size:,}"
    if free < _LEAST_FREE:
        yield Finding("disk", Weight.FAILURE, what, "make room: `iesi-kg compact`, older backups, another disk")
    elif free < max(_LITTLE_FREE, 2 * size):
        yield Finding(
            "disk", Weight.WARNING, what, "a compaction, an erasure or a restore needs as much again: make room"
        )
    else:
        yield Finding("disk", Weight.OK, what)
    names = os.statvfs(root)
    if names.f_files and names.f_favail < _LEAST_NAMES:
        yield Finding(
            "disk", Weight.WARNING, f"{names.f_favail:,} names of files left", "delete files, or another disk"
        )


def _of_clock(root: Path, at: datetime) -> Iterator[Finding]:
    try:
        created = read_current(Layout(root)).created
    except StoreError:
        return
    if created > at + _AHEAD:
        what = f"the clock says {at:%Y-%m-%d %H:%M} UTC; the store was written on {created:%Y-%m-%d %H:%M}"
        yield Finding("clock", Weight.FAILURE, what, "set the clock (timedatectl set-ntp true): tokens end by it")
    else:
        yield Finding("clock", Weight.OK, f"{at:%Y-%m-%d %H:%M} UTC, not before the last change of the store")


def _of_backup(root: Path, at: datetime, days: float) -> Finding:
    made = backup.last(root)
    if made is None:
        return Finding("backup", Weight.WARNING, "the store was never backed up", "`iesi-kg backup FOLDER`, every day")
    age = (at - made).total_seconds() / 86_400
    what = f"the last backup was made {age:.1f} days ago"
    if age > days:
        return Finding("backup", Weight.WARNING, what, "`iesi-kg backup FOLDER`; look why the timer did not run it")
    return Finding("backup", Weight.OK, what)


def _leftovers(root: Path) -> Iterator[Finding]:
    for kept in sorted((root / formats.KEPT).glob("[!.]*")):
        remedy = "delete it when the upgrade has proven itself: it holds what is erased from the store later"
        yield Finding("leftovers", Weight.NOTE, f"{kept} is the store before an upgrade", remedy)
    for aside in sorted(root.absolute().parent.glob(f"{root.absolute().name}.before-*")):
        yield Finding(
            "leftovers", Weight.NOTE, f"{aside} was put aside by a restore", "delete it when it is not needed"
        )
