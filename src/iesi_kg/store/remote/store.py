"""Turns a SPARQL 1.1 server of another product, and a folder for what is not quads, into a Store."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pyoxigraph import NamedNode

from iesi_kg.errors import BackendError, StoreBusy, StoreDamaged, StoreError, UsageError
from iesi_kg.settings import Settings
from iesi_kg.store.base import DEFAULT_GRAPH
from iesi_kg.store.durable import locked, make_folder, store_error
from iesi_kg.store.remote import standing
from iesi_kg.store.remote.client import Client, Credentials
from iesi_kg.store.remote.diary import Diary
from iesi_kg.store.remote.fetching import LARGE
from iesi_kg.store.remote.memory import Memory
from iesi_kg.store.remote.places import GRAPH, Places
from iesi_kg.store.remote.presence import number
from iesi_kg.store.remote.reader import RemoteReader
from iesi_kg.store.remote.standing import Standing
from iesi_kg.store.remote.view import View
from iesi_kg.store.remote.writer import RemoteWriter, begun
from iesi_kg.vocabulary import iris

FOLDER = "server"  # in the state folder
LOAD, LOAD_LOCK = "load.json", "load.LOCK"  # in that
_POLL = 0.05


class RemoteStore:
    """A store on a server; any number of these, on any number of machines, may read it, and one may write."""

    def __init__(self, client: Client, diary: Diary, *, lock_timeout: float = 10.0, keep: int = 3) -> None:
        self.client, self.places = client, Places.of(client.where)
        self._diary, self._lock_timeout, self._keep = diary, lock_timeout, keep
        self._guard = threading.Lock()
        self._view: View | None = None
        self._memory: Memory | None = None
        weakref.finalize(self, client.let_go)

    @classmethod
    def of(cls, settings: Settings, *, keep: int | None = None) -> RemoteStore:
        """The store of the settings, not looked at yet. Raises UsageError for an address that is none."""
        client = Client(str(settings.store), Credentials(settings.store_user, settings.store_password))
        diary = Diary(settings.state_folder / FOLDER)
        kept = settings.keep_versions if keep is None else keep
        return cls(client, diary, lock_timeout=settings.lock_seconds, keep=kept)

    @classmethod
    def open(cls, settings: Settings, *, create: bool = False, keep: int | None = None) -> RemoteStore:
        """Open a store, finishing what a crash left; ``create`` begins one where there is none."""
        store = cls.of(settings, keep=keep)
        now = standing.read(store.client, store.places)
        if now is None and not create:
            raise store._missing()
        if now is None:
            now = store._begun()
        store._diary.prepare(now.store, store.client.where.base)
        if store._diary.pending() is not None:
            with suppress(StoreBusy, BackendError), store.writer():  # a writer is at work, or the server is not well
                pass
        return store

    @property
    def load_plan(self) -> Path:
        """Where a large load is written down while it is under way."""
        return self._diary.folder / LOAD

    def exists(self) -> bool:
        """Whether a store was begun on the server."""
        return self.standing() is not None

    def standing(self) -> Standing | None:
        """The record on the server as it is, whatever is under way; None where no store was begun there."""
        return standing.read(self.client, self.places)

    def current(self) -> Standing:
        """The version that a reader opened now would see."""
        return self._settled()

    def reader(self) -> RemoteReader:
        """A view of the current version."""
        now = self._settled()
        with self._guard:
            while self._view is None or self._view.now != now:
                view = View(self.client, self.places, self._diary, self._remembered(now))
                if (now := self._settled()) == view.now:  # else the names of its graphs may be of another one
                    self._view, self._memory = view, view.memory
            return RemoteReader(self._view, self)

    @contextmanager
    def writer(self) -> Iterator[RemoteWriter]:
        """Become the one writer of this machine; one of another machine is met when its version shows."""
        try:
            make_folder(self._diary.folder)
        except OSError as error:
            raise store_error(error, self._diary.folder) from error
        with locked(self._diary.lock, self._lock_timeout):
            writer = RemoteWriter(self.client, self.places, self._diary, self._keep, self._memory)
            try:
                yield writer
            finally:
                self._memory = writer.memory

    def verify(self) -> None:
        """Count the quads. Raises StoreDamaged where the server has fewer than were written."""
        now = self._settled()
        found = self._count(standing.named(self.client, self.places))
        if found < now.triples and self._settled() == now:
            raise StoreDamaged(
                f"{self.client.where.base} holds {found:,} quads, and {now.triples:,} were written",
                hint="somebody else took some away there: restore the server from a backup",
            )

    def finish_left(self) -> None:
        """Finish a change of this machine that was cut, or take it back, where nobody is at it. Raises StoreError."""
        if self._diary.is_pending():
            with suppress(StoreBusy), locked(self._diary.lock, 0.0):
                RemoteWriter(self.client, self.places, self._diary, self._keep)

    def let_go(self) -> None:
        """Nothing of a version that has passed is held open here."""

    def forget_older(self) -> list[int]:
        """Forget the last changes, from which an earlier version could be read."""
        with locked(self._diary.lock, self._lock_timeout):
            self._diary.forget()
            self._memory = None
        return []

    def close(self) -> None:
        """End the connections."""
        self.client.close()

    def _remembered(self, now: Standing) -> Memory:
        return Memory(now) if self._memory is None else self._memory.at(now, self._diary)

    def _settled(self) -> Standing:
        """The record, once no change is being made. Raises StoreBusy, TwoWriters."""
        deadline = time.monotonic() + self._lock_timeout
        while True:
            now = standing.read(self.client, self.places)
            if now is None:
                raise self._missing()
            if not now.pending:
                return now
            if time.monotonic() >= deadline:
                raise StoreBusy(f"a change of version {now.number} is being made", hint="try again in a few seconds")
            self._finish(now)  # whatever it takes, it is looked at once more
            time.sleep(_POLL)

    def _finish(self, now: Standing) -> None:
        """Finish a change whose writer is gone, if it was made on this machine."""
        entry = self._diary.pending()
        if entry is None or entry.after.change != now.pending:
            return
        self.finish_left()

    def held(self, graph: NamedNode) -> int:
        """How many statements the server has in a graph, whether readers know it or not."""
        return number(self.client, f"GRAPH {graph} {{ ?s ?p ?o }}")

    def has_blank(self, graph: NamedNode) -> bool:
        """Whether blank nodes stand in a graph on the server."""
        blank = "FILTER(isBlank(?s) || isBlank(?o))"
        return self.client.ask(f"ASK {{ GRAPH {graph} {{ ?s ?p ?o {blank} }} }}", bounds=LARGE)

    def refuse_held(self) -> None:
        """Raise UsageError where the server holds a store, or statements in the places of one."""
        if self.exists() or self._count(self._ours()):
            raise UsageError(
                f"{self.client.where.base} is not empty",
                hint="empty it by its own means, or name a server, or a data set on it, that holds nothing",
            )

    def begin_at(self, number: int) -> None:
        """Begin a store on a server that holds nothing, which counts on from a version. Raises UsageError."""
        self.refuse_held()
        now = begun(self.client, self.places, [], 0, number=max(0, number))
        self._diary.prepare(now.store, self.client.where.base)

    def end(self) -> None:
        """Have the server forget that a store was begun there."""
        self.client.update(f"CLEAR SILENT GRAPH {self.places.state}")

    def _begun(self) -> Standing:
        graphs = self._ours()
        return begun(self.client, self.places, graphs, self._count(graphs))

    def _ours(self) -> list[NamedNode]:
        """The named graphs on the server whose names are ours, of a store that is not begun."""
        prefix = iris.graph("").value
        rows = self.client.select(
            f'SELECT DISTINCT ?g {{ GRAPH ?g {{ ?s ?p ?o }} FILTER(STRSTARTS(STR(?g), "{prefix}")) }}', bounds=LARGE
        )
        own = {self.places.default, self.places.state}
        found = sorted({row["g"] for row in rows if isinstance(row["g"], NamedNode)} - own, key=str)
        return [graph for graph in found if not graph.value.startswith(self.places.state.value + "/")]

    def _count(self, graphs: list[NamedNode]) -> int:
        total = number(self.client, self.places.block(DEFAULT_GRAPH, "?s ?p ?o"))
        if graphs and self.exists():
            known = f"GRAPH {self.places.state} {{ {self.places.state} {GRAPH} ?g }}"
            return total + number(self.client, f"{known} GRAPH ?g {{ ?s ?p ?o }}")
        return total + sum(number(self.client, f"GRAPH {graph} {{ ?s ?p ?o }}") for graph in graphs)

    def _missing(self) -> StoreError:
        return StoreError(f"there is no store of ours at {self.client.where.base}", hint="`iesi-kg serve` begins one")
