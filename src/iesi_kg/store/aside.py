"""Fills a hard-linked copy of a version beside the store and makes it the next version (decision record 051).

Readers and writers of the store are not disturbed meanwhile: what is committed is journalled as ever, the journal's
segments are kept in ``aside/journal``, and what they say is done to the copy before it takes its place.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import Any

from pyoxigraph import DefaultGraph, Literal, NamedNode, RdfFormat, Store

from iesi_kg.errors import StoreBusy, StoreError, UsageError
from iesi_kg.store import seal
from iesi_kg.store.base import DEFAULT_GRAPH, ChangeSet, GraphName
from iesi_kg.store.bulk import MARK, MARKED, Intent, Mark, Unit, intent_of, plan_of
from iesi_kg.store.changes import apply
from iesi_kg.store.durable import (
    link_files,
    locked,
    make_folder,
    store_error,
    sync_directory,
    sync_file,
    sync_tree,
    write_atomically,
)
from iesi_kg.store.embedded import EmbeddedStore
from iesi_kg.store.journal import Journal
from iesi_kg.store.reader import EmbeddedReader, View
from iesi_kg.store.versions import Version, open_current, prune, publish
from iesi_kg.store.writer import OLD

PLAN, LOCK = "plan.json", "aside.LOCK"


class Aside:
    """A large load into a store folder; ``opened`` makes one."""

    unit = 4_000_000  # the engine sorts a million at a time beside reading, so larger ones are no faster
    whole_units = True

    def __init__(self, store: EmbeddedStore, keep: int = 3) -> None:
        self._store = store
        self._layout = store.layout
        self._keep = keep
        self._engine: Store | None = None

    @classmethod
    @contextmanager
    def opened(cls, store: EmbeddedStore, *, keep: int = 3) -> Iterator[Aside]:
        """The door of a store, for one process at a time. Raises StoreBusy while another one holds it."""
        door = cls(store, keep)
        with ExitStack() as stack:
            try:
                stack.enter_context(locked(store.layout.root / LOCK, 0.0))
            except StoreBusy as busy:
                who = f"process {busy.members['holder']}" if "holder" in busy.members else "another process"
                raise StoreBusy(f"{who} loads into the store", hint="wait until it has ended") from None
            except OSError as error:
                raise store_error(error, store.layout.root) from error
            if door._plan() is None:
                door.abandon()  # what is left of one that died before it had begun
            try:
                yield door
            finally:
                door._engine = None

    def pending(self) -> Intent | None:
        """The load that was cut here."""
        plan = self._plan()
        return None if plan is None else intent_of(plan)

    def begin(self, intent: Intent) -> list[Mark]:
        """Begin, or go on where the same load was cut: the marks of the units that are in."""
        there = self.pending()
        if there is not None and there != intent:
            raise UsageError("another load was cut here and is not finished", hint="finish it, or give it up")
        with self._guarded():
            if there is None:
                self._prepare(intent)
            self._engine = Store(str(self._folder))
            return self._marks(intent.graph)

    def take(self, unit: Unit) -> None:
        """Take a unit in, durably. Raises StoreError, and what reading it raises."""
        intent = self._intended()
        with self._guarded():
            self._copy.bulk_load(unit, RdfFormat.N_TRIPLES, to_graph=intent.graph)  # type: ignore[arg-type]  # it reads only
            _sync(self._folder)

    @contextmanager
    def writer(self) -> Iterator[AsideWriter]:
        """Become the one writer, whose one commit switches to what was prepared."""
        self._intended()
        with self._store.settled() as version, self._guarded():
            self._follow(version)
            yield AsideWriter(self, version)

    def abandon(self) -> None:
        """Give up what was prepared, and the space it takes."""
        self._engine = None
        shutil.rmtree(self._layout.aside, ignore_errors=True)

    def _prepare(self, intent: Intent) -> None:
        self.abandon()
        with self._store.settled() as version:
            make_folder(self._layout.kept)
            checkpoint = open_current(self._layout)  # holds its files while the rest of the store goes on
        if intent.instead:
            _copy_without(checkpoint.store, intent.graph, self._folder)
        else:
            make_folder(self._folder)
            link_files(version.path, self._folder)
            (self._folder / seal.NAME).unlink(missing_ok=True)
        sync_tree(self._folder)
        self._note({**plan_of(intent), "base": version.number})

    def _follow(self, version: Version) -> None:
        """Do to the copy what was committed since it was made."""
        plan = self._plan() or {}
        expected = int(plan["base"])
        for entry in Journal(self._layout.kept).entries(after=expected):
            expected += 1
            if entry.number == expected <= version.number:
                apply(self._copy, entry.change)
        if expected != version.number:
            self.abandon()
            raise StoreError(
                f"the store is at version {version.number} by a way that a load begun at {plan['base']} cannot follow; "
                "nothing was loaded",
                hint="load the files again",
            )

    def view(self) -> View:
        """What stands in the copy."""
        return View(self._copy)

    def switch(self, change: ChangeSet, version: Version) -> int:
        """Make what was prepared, and a change, the version after ``version``; the lock is held.

        The live store goes first: it is made anew from the current version whenever it is missing, so that at no
        moment one that lacks the load is taken for the newest.
        """
        graph = self._intended().graph
        self._note({**(self._plan() or {}), "marks": self._marks(graph)})  # before they go
        for quad in list(self._copy.quads_for_pattern(MARKED, MARK, None, graph)):
            self._copy.remove(quad)
        apply(self._copy, change)
        number, old = version.number + 1, self._layout.root / OLD
        shutil.rmtree(old, ignore_errors=True)
        self._layout.live.rename(old)
        sync_directory(self._layout.root)
        try:
            publish(self._layout, self._copy, number, len(self._copy))
        except (OSError, RuntimeError):
            old.rename(self._layout.live)
            raise
        prune(self._layout, self._keep, number)
        shutil.rmtree(old, ignore_errors=True)
        return number

    @property
    def _copy(self) -> Store:
        """The copy; no frame of a call may hold it, since those of an error outlive the call, and it its folder."""
        if self._engine is None:
            raise self._taken_away()
        return self._engine

    def _intended(self) -> Intent:
        intent = self.pending()
        if self._engine is None or intent is None:
            raise self._taken_away()
        return intent

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if self._engine is not None and self._plan() is None:
                raise self._taken_away() from None
            raise store_error(error, self._layout.root) from error

    def _taken_away(self) -> StoreError:
        return StoreError(
            "what was prepared is gone, because something was erased from the store meanwhile; nothing was loaded",
            hint="load the files again",
        )

    def _marks(self, graph: GraphName) -> list[Mark]:
        if (kept := (self._plan() or {}).get("marks")) is not None:
            return list(kept)
        found = (quad.object for quad in self._copy.quads_for_pattern(MARKED, MARK, None, graph))
        marks = (json.loads(value.value) for value in found if isinstance(value, Literal))
        return sorted(marks, key=lambda mark: int(mark["unit"]))

    @property
    def _folder(self) -> Path:
        return self._layout.aside / "store"

    def _plan(self) -> dict[str, Any] | None:
        with suppress(FileNotFoundError, NotADirectoryError, ValueError):
            plan: dict[str, Any] = json.loads((self._layout.aside / PLAN).read_bytes())
            return plan
        return None

    def _note(self, plan: dict[str, Any]) -> None:
        write_atomically(self._layout.aside / PLAN, json.dumps(plan).encode() + b"\n")


class AsideWriter:
    """A Writer for one commit."""

    def __init__(self, door: Aside, version: Version) -> None:
        self._door, self._version = door, version
        self._view = door.view()

    @property
    def reader(self) -> EmbeddedReader:
        """What stands after the load, under the number of the version before it."""
        return EmbeddedReader(self._view, self._version.number)

    def commit(self, change: ChangeSet) -> int:
        """Show the load and the change to readers."""
        number = self._door.switch(change, self._version)
        self._view.close()
        self._door.abandon()
        return number


def _sync(folder: Path) -> None:
    """Make durable what stands there, beside an engine that merges its files."""
    for file in folder.iterdir():
        with suppress(FileNotFoundError):
            sync_file(file)
    sync_directory(folder)


def _copy_without(source: Store, graph: GraphName, folder: Path) -> None:
    """A new store of everything but one graph: the engine takes a large graph out far slower than it loads the rest."""
    copy = Store(str(folder))
    others: list[GraphName] = [name for name in source.named_graphs() if isinstance(name, NamedNode) and name != graph]
    rest = [*others] if isinstance(graph, DefaultGraph) else [DEFAULT_GRAPH, *others]
    copy.bulk_extend(chain.from_iterable(source.quads_for_pattern(None, None, None, name) for name in rest))
    for name in others:
        copy.add_graph(name)
    copy.flush()
