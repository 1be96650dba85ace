"""Loads into a graph of a server that readers do not know yet, in parts by the Graph Store Protocol, then shows it.

https://www.w3.org/TR/sparql11-http-rdf-update/#http-post. What a product's loader reads from its own disk goes past
this door: it knows neither our marks nor who may write, and is taken in afterwards. A graph that is there already is
not loaded into, since it would be seen half full; on the way out a graph leaves in one change.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

from pyoxigraph import NamedNode, RdfFormat, parse

from iesi_kg.errors import BackendLost, StoreError, UsageError
from iesi_kg.store.base import ChangeSet
from iesi_kg.store.bulk import MARK, MARKED, Intent, Mark, Unit, intent_of, plan_of
from iesi_kg.store.durable import locked, make_folder, write_atomically
from iesi_kg.store.remote.channel import Bounds, Content
from iesi_kg.store.remote.reader import RemoteReader
from iesi_kg.store.remote.store import LOAD_LOCK, RemoteStore
from iesi_kg.store.remote.writer import RemoteWriter

_PART = 4_000_000  # bytes
_LONG = Bounds(seconds=600.0)


class RemoteDoor:
    """A large load into a store on a server; ``opened`` makes one."""

    unit = 200_000
    whole_units = False

    def __init__(self, store: RemoteStore) -> None:
        self._store = store
        self._plan = store.load_plan

    @classmethod
    @contextmanager
    def opened(cls, store: RemoteStore) -> Iterator[RemoteDoor]:
        """The door of a store, for one process of this machine at a time. Raises StoreBusy."""
        make_folder(store.load_plan.parent)
        with locked(store.load_plan.with_name(LOAD_LOCK), 0.0):
            yield cls(store)

    def pending(self) -> Intent | None:
        """The load that was cut here."""
        with suppress(FileNotFoundError, ValueError, KeyError):
            return intent_of(json.loads(self._plan.read_bytes()))
        return None

    def begin(self, intent: Intent) -> list[Mark]:
        """Begin, or go on where the same load was cut: the marks of the units that are in."""
        there = self.pending()
        if there is None:
            self._refuse_seen(intent)
            self._note(plan_of(intent))
        elif there != intent:
            raise UsageError("another load was cut here and is not finished", hint="finish it, or give it up")
        return self._marks(intent)

    def take(self, unit: Unit) -> None:
        """Send a unit in parts. Raises StoreError, and what reading it raises."""
        graph, last, lines = self._graph(self._intended()), b"", 0
        for part in _parts(unit):
            _check(part, lines)
            self._store.client.post_graph(graph.value, Content(part), _LONG)
            lines += part.count(b"\n")
            last = part
        mark = last.rstrip(b"\n").rpartition(b"\n")[2].decode().removesuffix(" .")
        if not self._store.client.ask(f"ASK {{ GRAPH {graph} {{ {mark} }} }}", bounds=_LONG):
            title = self._store.client.where.profile.title
            raise BackendLost(f"{title} acknowledged a part of the load and does not have it", backend=title)

    @contextmanager
    def writer(self) -> Iterator[DoorWriter]:
        """Become the one writer, whose one commit has readers know the graph."""
        with self._store.writer() as writer:
            yield DoorWriter(self, writer)

    def abandon(self) -> None:
        """Give up what was sent, unless readers see it by now."""
        intent = self.pending()
        if intent is None:
            return
        graph = self._graph(intent)
        if not intent.instead and graph not in self._store.reader().graphs():
            self._store.client.update(f"CLEAR SILENT GRAPH {graph}", _LONG)
        self._plan.unlink(missing_ok=True)

    def land(self, writer: RemoteWriter, change: ChangeSet) -> int:
        """Take the marks out and make the change, with the graph among those of the store."""
        intent = self._intended()
        graph = self._graph(intent)
        if intent.instead:
            number = writer.commit(replace(change, drop=(*change.drop, graph)))
        else:
            self._note({**plan_of(intent), "marks": self._marks(intent)})  # before they go
            self._store.client.update(f"DELETE WHERE {{ GRAPH {graph} {{ {MARKED} {MARK} ?mark }} }}", _LONG)
            number = writer.commit(replace(change, create=(*change.create, graph)))
        self._plan.unlink(missing_ok=True)
        return number

    def _refuse_seen(self, intent: Intent) -> None:
        graph = self._graph(intent)
        known = graph in self._store.reader().graphs()
        if intent.instead and not intent.removes:
            raise UsageError(
                "a graph on a server cannot be replaced in one step",
                hint="take it out with --remove first, or load into another graph",
            )
        if intent.removes:
            return
        if known or self._store.client.ask(f"ASK {{ GRAPH {graph} {{ ?s ?p ?o }} }}", bounds=_LONG):
            whose = "this store" if known else "somebody else"
            raise UsageError(
                f"{graph} holds something on that server already, of {whose}: what is added would be seen half loaded",
                hint="load all files at once into a graph that holds nothing",
            )

    def _marks(self, intent: Intent) -> list[Mark]:
        plan = json.loads(self._plan.read_bytes())
        if "marks" in plan:
            return list(plan["marks"])
        text = f"SELECT ?mark {{ GRAPH {self._graph(intent)} {{ {MARKED} {MARK} ?mark }} }}"
        rows = self._store.client.select(text, bounds=_LONG)
        marks = (json.loads(str(getattr(row["mark"], "value", "{}"))) for row in rows)
        return sorted(marks, key=lambda mark: int(mark["unit"]))

    def _intended(self) -> Intent:
        intent = self.pending()
        if intent is None:
            raise StoreError("the load was given up meanwhile; nothing was loaded", hint="load the files again")
        return intent

    def _graph(self, intent: Intent) -> NamedNode:
        if isinstance(intent.graph, NamedNode):
            return intent.graph
        raise UsageError("the default graph of a store on a server is what is published", hint="name a graph: --graph")

    def _note(self, plan: dict[str, object]) -> None:
        write_atomically(self._plan, json.dumps(plan).encode() + b"\n")


class DoorWriter:
    """A Writer for one commit."""

    def __init__(self, door: RemoteDoor, writer: RemoteWriter) -> None:
        self._door, self._writer = door, writer

    @property
    def reader(self) -> RemoteReader:
        """What stands before the load is seen."""
        return self._writer.reader

    def commit(self, change: ChangeSet) -> int:
        """Show the load and the change to readers."""
        return self._door.land(self._writer, change)


def _parts(unit: Unit) -> Iterator[bytes]:
    """The text of a unit in whole lines, a request's worth at a time."""
    part = bytearray()
    while block := unit.read(_PART):
        part += block
        if len(part) >= _PART:
            cut = part.rfind(b"\n") + 1
            yield bytes(part[:cut])
            del part[:cut]
    yield bytes(part)


def _check(part: bytes, before: int) -> None:
    """Raise the SyntaxError of a part, at its line of the unit: nothing ill-formed is sent."""
    try:
        for _ in parse(part, RdfFormat.N_TRIPLES):
            pass
    except SyntaxError as error:
        error.lineno = (error.lineno or 1) + before
        raise
