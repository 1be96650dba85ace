"""Turns change sets into commits: journal first, then one engine transaction, then now and then a checkpoint.

The state is held twice: as ``live/``, and as the current checkpoint plus the journal. Each mends the other, and because
a change set is two sets of quads, replaying the journal over a state that already has some of it changes nothing.
"""

from __future__ import annotations

import math
import shutil
import time
import traceback
from dataclasses import dataclass
from pathlib import Path

from pyoxigraph import Store

from iesi_kg.errors import StoreBusy, StoreDamaged, StoreError, StoreFailing
from iesi_kg.store import format as formats
from iesi_kg.store import seal
from iesi_kg.store.base import ChangeSet
from iesi_kg.store.changes import apply, in_steps, refuse_blank_nodes
from iesi_kg.store.durable import LOCK_POLL, link_files, store_error, sync_directory, sync_tree
from iesi_kg.store.frozen import renewed
from iesi_kg.store.journal import Journal
from iesi_kg.store.reader import EmbeddedReader, View
from iesi_kg.store.versions import (
    Layout,
    changed_files,
    forget_before,
    open_current,
    prune,
    publish,
    read_current,
)

WORN_CHECKPOINTS = 200
OLD, NEW = ".live.old", ".live.new"
_WORTH_IT = 0.95  # of the bytes before


@dataclass(frozen=True, slots=True)
class Pace:
    """How many checkpoints a store keeps, and how many seconds a writer leaves between two of them."""

    keep: int = 3
    seconds: float = 1.0


class EmbeddedWriter:
    """The one writer of a store folder; whoever makes it holds the folder's lock."""

    def __init__(self, layout: Layout, live: Store, number: int, triples: int, pace: Pace) -> None:
        self._layout = layout
        self._view: View | None = View(live)
        self._journal = Journal(layout.journal, layout.kept)
        self._number = self._published = number
        self._triples = triples
        self._pace = pace
        self._applying = False  # stays true when a signal interrupts: then the next open replays, as after a crash
        self._checkpointed = -math.inf
        self._checkpoints = 0  # since the live store was opened

    @classmethod
    def open(cls, layout: Layout, pace: Pace, *, patience: float, verify: bool = False) -> EmbeddedWriter:
        """Open the live store, replaying or repairing first; ``verify`` also tries the current checkpoint."""
        try:
            return _recover(layout, pace, patience, verify=verify)
        except (OSError, RuntimeError) as error:
            raise store_error(error, layout.root) from error

    @property
    def reader(self) -> EmbeddedReader:
        """What stands now, uncheckpointed commits included."""
        return EmbeddedReader(self._open_view(), self._number)

    @property
    def published(self) -> int:
        """The version that the last checkpoint holds."""
        return self._published

    @property
    def triples(self) -> int:
        """How many quads stand now."""
        return self._triples

    @property
    def worn(self) -> bool:
        """Whether the engine instance has made so many checkpoints that what it keeps of each weighs: kilobytes."""
        return self._checkpoints >= WORN_CHECKPOINTS and self._published == self._number

    def refresh(self) -> None:
        """Open the live store anew; readers handed out before have ended."""
        self._checkpoints = 0
        self._drop_view()
        self._open_view()

    def commit(self, change: ChangeSet) -> int:
        """Apply all of the change or none, durably; returns the new version number."""
        return self.commit_as(self._number + 1, change)

    def commit_as(self, number: int, change: ChangeSet) -> int:
        """The same under a number of the caller's, later than the one that stands: a copy follows its source."""
        if not self._layout.scratch.exists():
            refuse_blank_nodes(change)
        live = self._open_view().store
        try:
            if change.forget:
                forget_before(self._layout, number)
            mark = self._journal.append(number, change)
        except OSError as error:
            raise store_error(error, self._layout.root) from error
        self._applying = True
        try:
            self._triples += apply(live, change)
        except (OSError, RuntimeError) as error:
            del live
            traceback.clear_frames(error.__traceback__)  # they hold the engine instance that must close now
            self._undo(mark, change)
            self._applying = False
            raise store_error(error, self._layout.root) from error
        self._number = number
        self._applying = False
        if change.forget:
            del live
            self._renew()
        else:
            self._checkpoint_if_due()
        return self._number

    def _renew(self) -> None:
        """Make the live store anew from its quads, for the engine keeps the texts of those that left; checkpoint that.

        Cut in the middle, the live store comes from the checkpoint before and the journal: true, but not yet renewed.
        """
        try:
            shutil.rmtree(self._layout.root / formats.KEPT, ignore_errors=True)  # of older formats, with the texts
            shutil.rmtree(self._layout.aside, ignore_errors=True)  # a load that is prepared there began with the texts
            self._take_over(renewed(self._open_view().store, self._layout))
        except (OSError, RuntimeError) as error:
            found = store_error(error, self._layout.root)
            found.detail = f"version {self._number} is safe, but files still hold what left it: {found.detail}"
            raise found from error
        self.checkpoint()

    def _take_over(self, draft: Path) -> None:
        """Put a folder with the same statements in the place of the live one."""
        self._drop_view()
        old = self._layout.root / OLD  # at no moment is half a store where the live one is looked for
        shutil.rmtree(old, ignore_errors=True)
        self._layout.live.rename(old)
        draft.rename(self._layout.live)
        sync_directory(self._layout.root)
        shutil.rmtree(old)
        self._view = View(_open_patiently(self._layout.live, 0.0))  # no replay: it would bring the texts back

    def checkpoint(self) -> None:
        """Publish what is committed: from here on new readers see it, and the journal forgets it."""
        try:
            publish(self._layout, self._open_view().store, self._number, self._triples)
        except (OSError, RuntimeError) as error:
            traceback.clear_frames(error.__traceback__)  # they hold the engine instance, which must close with us
            raise store_error(error, self._layout.root) from error
        self._published = self._number
        self._checkpointed = time.monotonic()
        self._checkpoints += 1
        try:
            self._journal.cover(self._number)
            prune(self._layout, self._pace.keep, self._number)
        except OSError as error:
            raise store_error(error, self._layout.root) from error

    def compacted(self) -> Path | None:
        """The same statements in fresh files beside the live ones; None where that gains nothing."""
        try:
            draft = renewed(self._open_view().store, self._layout)
        except (OSError, RuntimeError) as error:
            shutil.rmtree(self._layout.root / NEW, ignore_errors=True)
            raise store_error(error, self._layout.root) from error
        if _weight(draft) < _weight(self._layout.live) * _WORTH_IT:
            return draft
        shutil.rmtree(draft, ignore_errors=True)
        return None

    def publish_compacted(self, draft: Path) -> int:
        """Go on with what ``compacted`` made, as one more version: who reads the one before finds its files."""
        self._number += 1
        try:
            self._take_over(draft)
            self.checkpoint()
        except (OSError, RuntimeError) as error:
            raise store_error(error, self._layout.root) from error
        finally:
            self._number = max(self._published, self._number - 1)
        return self._number

    def close(self) -> None:
        """Publish the last commit and let go of the live directory."""
        try:
            if self._published != self._number and not self._applying:
                self._publish_at_end()
        finally:
            self._drop_view()

    def _drop_view(self) -> None:
        if self._view is not None:
            self._view.close()
            self._view = None

    def _publish_at_end(self) -> None:
        try:
            self.checkpoint()
        except StoreError as error:
            if self._published == self._number:  # only what it makes superfluous is still there
                raise
            error.detail = f"version {self._number} is safe in the journal but not yet visible: {error.detail}"
            raise

    def _checkpoint_if_due(self) -> None:
        if time.monotonic() - self._checkpointed < self._pace.seconds:
            return
        try:
            self.checkpoint()
        except StoreError:  # the commit itself is durable; the checkpoint is tried again, at the latest on close
            self._checkpointed = time.monotonic()

    def _undo(self, mark: int, change: ChangeSet) -> None:
        """Take the journal entry back and drop the failed engine instance, which may refuse any further write."""
        self._journal.retract(mark)
        self._drop_view()
        if in_steps(change):  # not a single transaction: go back to checkpoint plus journal
            shutil.rmtree(self._layout.live, ignore_errors=True)

    def _open_view(self) -> View:
        if self._view is None:
            try:
                self._view = View(_open_live(self._layout, 0.0, self._published))
                for entry in self._journal.entries(after=self._published):
                    apply(self._view.store, entry.change)
            except (OSError, RuntimeError) as error:
                self._view = None
                raise store_error(error, self._layout.root) from error
        return self._view


def _recover(layout: Layout, pace: Pace, patience: float, *, verify: bool) -> EmbeddedWriter:
    journal = Journal(layout.journal, layout.kept)
    published, triples, sound = _published(layout, verify=verify)
    last = max(published, journal.last_number())
    live = _open_live(layout, patience, published)
    shutil.rmtree(layout.root / OLD, ignore_errors=True)  # a change that was to be forgotten was cut at its end
    for entry in journal.entries(after=published):
        apply(live, entry.change)
    fresh = sound and last == published
    if fresh:
        journal.cover(published)
    writer = EmbeddedWriter(layout, live, last, triples if fresh else len(live), pace)
    if not fresh:
        try:
            writer.checkpoint()
        except StoreError:
            writer._drop_view()
            raise
    return writer


def _published(layout: Layout, *, verify: bool) -> tuple[int, int, bool]:
    """Number and size of the current version, and whether its checkpoint and ``current`` are sound."""
    try:
        version = read_current(layout)
    except StoreFailing:
        raise
    except StoreError:
        return max(layout.numbers(), default=0), 0, False
    sound = version.path.is_dir()
    if sound and verify:
        try:
            open_current(layout)
            sound = not changed_files(version)
        except StoreFailing:
            raise
        except StoreError:
            sound = False
    return version.number, version.triples, sound


def _weight(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.glob("*.sst"))


def _open_live(layout: Layout, patience: float, published: int) -> Store:
    """The live store; made anew from the checkpoint ``published`` when it is missing or damaged."""
    for log in layout.live.glob("LOG.old.*"):
        log.unlink()  # the engine keeps a thousand of its own logs
    if not layout.live.exists():
        _rebuild(layout, published)
        return _open_patiently(layout.live, patience)
    try:
        return _open_patiently(layout.live, patience)
    except (OSError, RuntimeError) as error:
        if not isinstance(store_error(error, layout.live), StoreDamaged):
            raise
        _rebuild(layout, published)
        return _open_patiently(layout.live, patience)


def _open_patiently(live: Path, patience: float) -> Store:
    """Open read-write; a writer that just ended may still be closing its files."""
    deadline = time.monotonic() + patience
    while True:
        try:
            return Store(str(live))
        except OSError as error:
            if not isinstance(store_error(error, live), StoreBusy) or time.monotonic() >= deadline:
                raise
        time.sleep(LOCK_POLL)


def _rebuild(layout: Layout, published: int) -> None:
    source = layout.version(published)
    if not source.is_dir():
        if published == 0 and not layout.numbers() and not layout.live.exists():
            return  # a new store
        raise StoreDamaged(
            f"the live store of {layout.root} is damaged, and so is the checkpoint it could be made from",
            hint="restore the folder from a backup, or move it away and load the data again",
        )
    draft = layout.root / NEW
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    link_files(source, draft)
    (draft / seal.NAME).unlink(missing_ok=True)
    sync_tree(draft)
    Store.read_only(str(draft))  # raises before anything is replaced
    if layout.live.exists():
        shutil.rmtree(layout.live)
    draft.rename(layout.live)
    sync_directory(layout.root)
