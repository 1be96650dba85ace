"""Turns a store folder into a copy that stands still, at the price of hard links, while others go on writing.

The copy is what kill -9 at that moment would have left, and opens like that: a checkpoint, the journal after it, and
everything else of the folder. What several files of the folder say together is kept true by the locks of those who
write it: the desk holds its lock until what it decided is published.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from iesi_kg.errors import StoreBusy, StoreError
from iesi_kg.store import format as formats
from iesi_kg.store.durable import locked, store_error, sync_directory
from iesi_kg.store.journal import copy_tail
from iesi_kg.store.versions import Layout, Version, leased, read_current, write_current

T = TypeVar("T")
LOCKS = ("desk/LOCK", "releases/.LOCK", "operations/LOCK", "operations/audit.LOCK")
REMADE = frozenset({"live", "versions", "journal", "current", "aside", "snapshots", formats.NAME, formats.KEPT})
LINKED = ("desk", "releases")  # files that are written once, or replaced whole: others are copied
_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Standstill:
    """What stands still: the version of the checkpoint, and the one that the journal leads to."""

    folder: Path
    version: Version
    last: int


def take(layout: Layout, folder: Path, patience: float | None) -> Standstill:
    """Make the folder, and the copy in it; without patience, as if everybody were killed now.

    Raises StoreError; then the folder is gone again.
    """
    try:
        with nullcontext() if patience is None else held(layout.root, patience):
            version, last = _quads(layout, folder)
            _others(layout.root, folder)
        sync_directory(folder)
    except (OSError, RuntimeError, StoreError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise store_error(error, layout.root) from error
    return Standstill(folder, version, last)


def take_beside(root: Path, folder: Path, patience: float, look: Callable[[], T]) -> T:
    """Make the folder with what stands beside the quads, and say what ``look`` sees of these at the same moment."""
    try:
        folder.mkdir(mode=0o700)
        with held(root, patience):
            seen = look()
            _others(root, folder)
        sync_directory(folder)
    except (OSError, StoreError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise store_error(error, root) from error
    return seen


@contextmanager
def held(root: Path, patience: float) -> Iterator[None]:
    """Nobody else changes what stands beside the quads. Raises StoreBusy, which says who is at it."""
    with ExitStack() as stack:
        for name in LOCKS:
            if not (root / name).parent.is_dir():
                continue
            try:
                stack.enter_context(locked(root / name, patience))
            except StoreBusy as busy:
                busy.detail = f"{(root / name).parent.name} of {root}: {busy.detail}"
                raise
        yield


def is_part(name: str) -> bool:
    """Whether a file or folder of this name belongs to a store: no lock, no draft, nothing that can be made again.

    >>> is_part("audit.log"), is_part("audit.LOCK"), is_part(".open")
    (True, False, False)
    """
    return not name.startswith(".") and not name.endswith("LOCK")


def link(source: Path, target: Path) -> None:
    """Give a file a second name, or copy it where the file system has no hard links."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _quads(layout: Layout, folder: Path) -> tuple[Version, int]:
    """A checkpoint and the commits after it, none between missing: a writer may publish between our two looks."""
    for _ in range(_ATTEMPTS):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        with leased(layout) as version:
            copy = folder / "versions" / version.path.name
            copy.mkdir(parents=True)
            for file in version.path.iterdir():
                link(file, copy / file.name)
        (folder / "journal").mkdir()
        last = copy_tail(layout.journal, version.number, folder / "journal")
        if last is None:
            continue
        write_current(Layout(folder), version)
        if (layout.root / formats.NAME).exists():
            shutil.copy2(layout.root / formats.NAME, folder)
        return version, last
    raise StoreBusy(f"the store at {layout.root} changed faster than it could be looked at", hint="try again")


def _others(root: Path, folder: Path) -> None:
    for path in sorted(root.iterdir()):
        if path.name in REMADE or not is_part(path.name):
            continue
        if path.is_dir():
            _tree(path, folder / path.name, linked=path.name in LINKED)
        else:
            shutil.copy2(path, folder / path.name)


def _tree(source: Path, target: Path, *, linked: bool) -> None:
    target.mkdir(mode=0o700)
    for path in sorted(source.iterdir()):
        if not is_part(path.name):
            continue
        if path.is_dir() and not path.is_symlink():
            _tree(path, target / path.name, linked=linked)
        elif linked:
            link(path, target / path.name)
        else:
            shutil.copy2(path, target / path.name)


def upgrade(layout: Layout) -> None:
    """Bring the folder to this software's format, an older state kept as it was; the writer's lock is held.

    Raises StoreTooNew, StoreError with the folder as it was.
    """
    written = formats.read(layout.root)
    if written.is_ours:
        return
    try:
        if written.is_older and layout.exists():
            _keep(layout, layout.root / formats.KEPT / written.name)
        formats.write(layout.root)
    except OSError as error:
        raise store_error(error, layout.root) from error


def _keep(layout: Layout, kept: Path) -> None:
    try:
        read_current(layout)
    except StoreError:
        return  # nothing that could be opened: there is no state to go back to, and mending comes first
    if kept.exists():
        return
    kept.parent.mkdir(mode=0o700, exist_ok=True)
    draft = kept.with_name(f".{kept.name}.new")
    shutil.rmtree(draft, ignore_errors=True)
    take(layout, draft, None)
    draft.rename(kept)
    sync_directory(kept.parent)
