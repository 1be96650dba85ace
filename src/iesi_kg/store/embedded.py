"""Turns a folder on disk into a Store: readers see checkpoints, one writer at a time changes what is live.

No reader opens the live directory: opening one read-only beside a writer is undefined in the engine.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from iesi_kg.errors import StoreBusy, StoreDamaged, StoreError, StoreFailing, StoreReadOnly
from iesi_kg.store import format as formats
from iesi_kg.store.copied import refuse_on_copy
from iesi_kg.store.durable import locked, make_folder, store_error
from iesi_kg.store.reader import EmbeddedReader, View
from iesi_kg.store.standstill import upgrade
from iesi_kg.store.versions import (
    Checkpoint,
    Layout,
    Version,
    adopt,
    changed_error,
    changed_files,
    current_stamp,
    open_current,
    prune,
    read_current,
)
from iesi_kg.store.writer import EmbeddedWriter, Pace


class EmbeddedStore:
    """One store folder; any number of these, in any number of processes, may stand on the same folder."""

    def __init__(
        self, path: Path, *, lock_timeout: float = 10.0, keep: int = 3, checkpoint_seconds: float = 1.0
    ) -> None:
        self.layout = Layout(Path(path))
        self._lock_timeout = lock_timeout
        self._keep = keep
        self._checkpoint_seconds = checkpoint_seconds
        self._guard = threading.Lock()
        self._view: View | None = None
        self._stamp = (0, 0)
        self._number = 0

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        create: bool = False,
        lock_timeout: float = 10.0,
        keep: int = 3,
        checkpoint_seconds: float = 1.0,
    ) -> EmbeddedStore:
        """Open a store, mending what a crash left; ``create`` makes an empty one where there is none."""
        store = cls(path, lock_timeout=lock_timeout, keep=keep, checkpoint_seconds=checkpoint_seconds)
        if not store.layout.exists() and not create:
            read_current(store.layout)
        if not store._is_sound():
            store._mend(lock_timeout)
        elif store._journal_is_pending() or not formats.read(store.layout.root).is_ours:
            with suppress(StoreBusy, StoreReadOnly):  # a writer at work will publish it; a copy cannot be mended
                store._mend(0.0)
        return store

    def current(self) -> Version:
        """The version that a reader opened now would see."""
        return read_current(self.layout)

    def reader(self) -> EmbeddedReader:
        """A view of the current version."""
        with self._guard:
            stamp = current_stamp(self.layout)
            if self._view is None or stamp != self._stamp:
                checkpoint = self._checkpoint()
                self._stamp, self._view = stamp, View(checkpoint.store, checkpoint)
                self._number = checkpoint.version.number
            return EmbeddedReader(self._view, self._number)

    @contextmanager
    def writer(self) -> Iterator[EmbeddedWriter]:
        """Become the one writer; what was committed is published when the block ends, however it ends.

        Raises OnlyACopy where the store is a copy of another one.
        """
        refuse_on_copy(self.layout)
        with self.copying() as writer:
            yield writer

    @contextmanager
    def copying(self) -> Iterator[EmbeddedWriter]:
        """The same for what keeps a copy of another store up to date."""
        self._make_folder()
        with self._locked(self._lock_timeout):
            writer = self._open_writer()
            try:
                yield writer
            finally:
                writer.close()

    def replace(self, built: Version) -> None:
        """Have a version that was built in another folder of this disk be the current one, and all there is."""
        self._make_folder()
        with self._locked(self._lock_timeout):
            try:
                adopt(self.layout, built, self._keep)
            except OSError as error:
                raise store_error(error, self.layout.root) from error

    @contextmanager
    def settled(self) -> Iterator[Version]:
        """Hold the writer's lock while nothing is open for writing, with every commit in the version handed out.

        Raises OnlyACopy where the store is a copy of another one.
        """
        refuse_on_copy(self.layout)
        self._make_folder()
        with self._locked(self._lock_timeout):
            self._open_writer().close()
            yield self.current()

    def verify(self) -> None:
        """Read every file of the current version, mending it from the live store where that is another copy.

        Raises StoreDamaged naming the files that are not what was written. It takes as long as reading the disk does.
        """
        version = self.current()
        changed = changed_files(version)
        if not changed:
            return
        live = [self.layout.live / name for name in changed]
        if any(file.exists() and file.samefile(version.path / file.name) for file in live if file.suffix == ".sst"):
            raise changed_error(version, changed)
        with suppress(StoreBusy, StoreReadOnly):
            self._mend(self._lock_timeout)
        if changed := changed_files(self.current()):
            raise changed_error(version, changed)

    def let_go(self) -> None:
        """Let go of the open version where there is a newer one, so that it can be deleted; without waiting."""
        if self._guard.acquire(blocking=False):
            try:
                if current_stamp(self.layout) != self._stamp:
                    self._view = None
            finally:
                self._guard.release()

    def forget_older(self) -> list[int]:
        """Delete every version but the current one; says which remain because a reader holds them."""
        with self._locked(self._lock_timeout):
            number = self.current().number
            prune(self.layout, 1, number)
            return [known for known in self.layout.numbers() if known != number]

    def forget_kept(self) -> None:
        """Delete what was kept of older formats: it holds what was taken out since."""
        shutil.rmtree(self.layout.root / formats.KEPT, ignore_errors=True)

    def close(self) -> None:
        """Let go of the open version."""
        with self._guard:
            self._view = None

    def _open_writer(self, *, verify: bool = False) -> EmbeddedWriter:
        upgrade(self.layout)
        pace = Pace(self._keep, self._checkpoint_seconds)
        return EmbeddedWriter.open(self.layout, pace, patience=self._lock_timeout, verify=verify)

    def _checkpoint(self) -> Checkpoint:
        try:
            return open_current(self.layout)
        except StoreDamaged as damage:
            try:
                self._mend(self._lock_timeout)
            except StoreError as obstacle:
                raise damage from obstacle
            return open_current(self.layout)

    def _is_sound(self) -> bool:
        try:
            open_current(self.layout)
        except StoreFailing:  # nothing is mended on a disk that fails
            raise
        except StoreError:
            return False
        return True

    def _journal_is_pending(self) -> bool:
        return any(file.stat().st_size for file in self.layout.journal.glob("*"))

    def _mend(self, timeout: float) -> None:
        self._make_folder()
        with self._locked(timeout):
            self._open_writer(verify=True).close()

    @contextmanager
    def _locked(self, timeout: float) -> Iterator[None]:
        with ExitStack() as stack:
            try:
                stack.enter_context(locked(self.layout.lock, timeout))
            except OSError as error:
                raise store_error(error, self.layout.root) from error
            yield

    def _make_folder(self) -> None:
        try:
            for folder in (self.layout.root, self.layout.journal, self.layout.versions):
                make_folder(folder)
        except OSError as error:
            raise store_error(error, self.layout.root) from error
        if not os.access(self.layout.root, os.W_OK):
            raise store_error(PermissionError(13, "Permission denied"), self.layout.root)
