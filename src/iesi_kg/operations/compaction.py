"""A store folder to one of as few files as the engine needs, with what that gained, measured before and after."""

from __future__ import annotations

import time
from contextlib import nullcontext
from dataclasses import dataclass

from iesi_kg.errors import StoreBusy
from iesi_kg.operations.audit import Act, AuditLog
from iesi_kg.operations.audited import audited
from iesi_kg.store.embedded import EmbeddedStore
from iesi_kg.store.versions import open_current

LOADING = "aside"  # where a load that is too large for one change is prepared
_LOOK_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Measured:
    """A folder at one moment: files, bytes on disk (each file once), versions, seconds to read all statements."""

    files: int
    bytes: int
    versions: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Compacted:
    """What was gained; ``renewed`` says whether fresh files are smaller, ``held`` are versions still read."""

    before: Measured
    after: Measured
    version: int
    renewed: bool
    held: list[int]


def compact(store: EmbeddedStore, log: AuditLog | None, act: Act, patience: float) -> Compacted:
    """Write the statements into fresh files and delete the versions before, waiting for who still reads them.

    The engine's own merging keeps every text that ever stood there. Raises StoreBusy while somebody writes, StoreFull
    where there is no room for the fresh files beside the others.
    """
    before = measured(store)
    with store.writer() as writer:
        if (store.layout.root / LOADING).is_dir():
            raise StoreBusy(
                f"a large load is under way beside {store.layout.root}, or was cut there",
                hint="let it finish, or finish it: its base must not be exchanged meanwhile",
            )
        draft = writer.compacted()
        if draft is not None:
            with nullcontext() if log is None else audited(log, act, writer.reader.version + 1):
                writer.publish_compacted(draft)
    deadline = time.monotonic() + patience
    while (held := store.forget_older()) and time.monotonic() < deadline:
        time.sleep(_LOOK_SECONDS)
    return Compacted(before, measured(store), store.current().number, draft is not None, held)


def measured(store: EmbeddedStore) -> Measured:
    """What a folder weighs now, and how long reading every statement of its current version takes."""
    sizes = {}
    count = 0
    for folder in (store.layout.live, store.layout.versions):
        for file in folder.rglob("*"):
            facts = file.lstat()
            if not file.is_dir():
                sizes[facts.st_ino] = facts.st_blocks * 512
                count += 1
    return Measured(count, sum(sizes.values()), len(store.layout.numbers()), _scan(store))


def _scan(store: EmbeddedStore) -> float:
    checkpoint = open_current(store.layout)
    begun = time.perf_counter()
    for _ in checkpoint.store:
        pass
    return time.perf_counter() - begun
