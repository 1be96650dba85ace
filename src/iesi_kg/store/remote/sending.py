"""Turns one entry of the diary into requests that make it on a server, each of bounded size.

Each can be sent again without harm: data leaves and enters by DELETE DATA, INSERT DATA or the Graph Store Protocol, and
the record of the version goes on only from the record that was found.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from pyoxigraph import DefaultGraph, NamedNode, Quad, RdfFormat, serialize

from iesi_kg.errors import BackendLost, TwoWriters
from iesi_kg.store.base import ChangeSet, GraphName
from iesi_kg.store.changes import data
from iesi_kg.store.remote import standing
from iesi_kg.store.remote.channel import Bounds, Content
from iesi_kg.store.remote.client import Client
from iesi_kg.store.remote.diary import Entry
from iesi_kg.store.remote.places import Places
from iesi_kg.store.remote.presence import number, refuse_lost
from iesi_kg.store.remote.standing import Standing

PART_BYTES = 4_000_000
PART_QUADS = 20_000
_LONG = Bounds(seconds=600.0)
_WHOLE = "request"


class Sender:
    """Sends changes to one server."""

    def __init__(self, client: Client, places: Places) -> None:
        self.client, self.places = client, places
        self._profile = client.where.profile

    def make(self, entry: Entry) -> None:
        """Make a change that stands on the record that was found. Raises StoreError."""
        if self._profile.transaction != _WHOLE:
            self._step_by_step(entry)
            return
        leaving, entering = self._data("DELETE", _left(entry.change)), self._data("INSERT", entry.change.add)
        short = len(leaving) < 2 and len(entering) < 2
        moves, waiting = ([*leaving, *entering], ()) if short else self._staged(entry)
        self._update(
            standing.guard(self.places, entry.before, entry.after.change),
            *_cleared(entry.change),
            *moves,
            self._naming(entry.change),
            standing.switch(self.places, entry.before, entry.after),
            *(f"DROP SILENT GRAPH {graph}" for graph in waiting),
        )

    def take_back(self, entry: Entry, found: Standing) -> None:
        """Undo what was made of a change that is not to be. Raises StoreError."""
        if self._profile.transaction == _WHOLE:
            for graph, _, _ in self._waiting(entry):
                self.end(graph)
        elif found.pending:
            change = entry.change  # no graph is emptied for it: one that was taken in held what others had put there
            self._apply(ChangeSet(change.label, add=change.remove, remove=change.add))
            self._update(standing.switch(self.places, found, replace(found, pending="")))

    def add(self, quads: Sequence[Quad]) -> None:
        """Have quads enter, as those of a change do."""
        if self._profile.transaction == _WHOLE or not self.client.where.graph_store:
            for text in self._data("INSERT", quads):
                self._update(text)
            return
        for graph, own in _by_graph(self.places.put(quads)):
            for content in _contents(own):
                self.client.post_graph(_name(graph), content, _LONG)

    def end(self, graph: NamedNode) -> None:
        """Empty a graph of ours that served its purpose; some products drop only what was explicitly created."""
        verb = "DROP" if self._profile.transaction == _WHOLE else "CLEAR"
        self.client.update(f"{verb} SILENT GRAPH {graph}")

    def _step_by_step(self, entry: Entry) -> None:
        announced = replace(entry.before, pending=entry.after.change)
        if entry.before != announced:
            self._update(standing.announce(self.places, entry.before, entry.after.change))
        if standing.read(self.client, self.places) != announced:
            raise TwoWriters(f"another machine writes to the store: it goes on from version {entry.before.number}")
        self._apply(entry.change)
        refuse_lost(self.client, self.places, entry.change)
        self._update(self._naming(entry.change))
        self._update(standing.switch(self.places, announced, entry.after))

    def _apply(self, change: ChangeSet) -> None:
        self._update(*_cleared(change))
        for text in self._data("DELETE", _left(change)):
            self._update(text)
        self.add(change.add)

    def _staged(self, entry: Entry) -> tuple[list[str], Sequence[NamedNode]]:
        """Bring the quads into graphs where they wait, in parts; the operations that move them, and these graphs."""
        moves, graphs = list[str](), list[NamedNode]()
        for graph, own, (verb, target) in self._waiting(entry):
            self._fill(graph, own)
            inside = "?s ?p ?o" if isinstance(target, DefaultGraph) else f"GRAPH {target} {{ ?s ?p ?o }}"
            moves.append(f"{verb} {{ {inside} }} WHERE {{ GRAPH {graph} {{ ?s ?p ?o }} }}")
            graphs.append(graph)
        return moves, graphs

    def _fill(self, graph: NamedNode, own: Sequence[Quad]) -> None:
        self.end(graph)
        waiting = [Quad(quad.subject, quad.predicate, quad.object, graph) for quad in own]
        if self.client.where.graph_store:
            for content in _contents(waiting):
                self.client.post_graph(graph.value, content, _LONG)
        else:
            for text in self._data("INSERT", waiting):
                self._update(text)
        found = number(self.client, f"GRAPH {graph} {{ ?s ?p ?o }}")
        if found != len(own):
            raise BackendLost(f"{self._profile.title} took {len(own):,} statements and has {found:,} of them")

    def _waiting(self, entry: Entry) -> Iterator[tuple[NamedNode, list[Quad], tuple[str, GraphName]]]:
        """The graphs in which the parts of a long change wait: their quads, and what becomes of them where."""
        number = 0
        for verb, quads in (("DELETE", _left(entry.change)), ("INSERT", entry.change.add)):
            for graph, own in _by_graph(self.places.put(quads)):
                number += 1
                yield self.places.part(entry.after.change, number), own, (verb, graph)

    def _naming(self, change: ChangeSet) -> str:
        graphs = {quad.graph_name for quad in change.add if isinstance(quad.graph_name, NamedNode)}
        gone = set(change.drop) - graphs
        return standing.naming(self.places, sorted(graphs | set(change.create), key=str), sorted(gone, key=str))

    def _data(self, verb: str, quads: Sequence[Quad]) -> list[str]:
        """Operations that name quads, each of a size that the product takes."""
        stored = self.places.put(quads)
        if self._profile.transaction == _WHOLE:
            return self._parts(verb, stored)
        # Virtuoso leaves long texts where one operation deletes from several graphs.
        return [text for _, own in _by_graph(stored) for text in self._parts(verb, own)]

    def _parts(self, verb: str, stored: Sequence[Quad]) -> list[str]:
        most = self._profile.update_triples or PART_QUADS
        room = self._profile.update_bytes or PART_BYTES
        texts = list[str]()
        while stored:
            part = stored[:most]
            while len(text := data(verb, part)) > room and len(part) > 1:
                part = part[: len(part) // 2]
            texts.append(text)
            stored = stored[len(part) :]
        return texts

    def _update(self, *operations: str) -> None:
        text = " ;\n".join(operation for operation in operations if operation)
        if text:
            self.client.update(text, _LONG)


def _cleared(change: ChangeSet) -> list[str]:
    return [f"CLEAR SILENT GRAPH {graph}" for graph in change.drop]


def _left(change: ChangeSet) -> Sequence[Quad]:
    """What leaves one by one: not what stands in a graph that ends."""
    dropped = set(change.drop)
    return [quad for quad in change.remove if quad.graph_name not in dropped] if dropped else change.remove


def _by_graph(quads: Iterable[Quad]) -> Iterator[tuple[GraphName, list[Quad]]]:
    graphs: dict[GraphName, list[Quad]] = {}
    for quad in quads:
        graphs.setdefault(quad.graph_name, []).append(quad)  # type: ignore[arg-type]  # none has a blank name
    yield from graphs.items()


def _name(graph: GraphName) -> str | None:
    return graph.value if isinstance(graph, NamedNode) else None


def _contents(quads: Sequence[Quad]) -> Iterator[Content]:
    """Quads as N-Triples, in parts."""
    for start in range(0, len(quads), PART_QUADS):
        triples = (quad.triple for quad in quads[start : start + PART_QUADS])
        yield Content(serialize(triples, format=RdfFormat.N_TRIPLES) or b"")
