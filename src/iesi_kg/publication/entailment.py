"""A change of the published merge to the same change with what then follows, in the graph of inference.

The rules run in full over what will stand after the change, and graph and merge change in one commit: no reader sees a
conclusion whose premises have been withdrawn. The graph is never part of the default graph; a query names it. Its entry
in the graph of provenance says by which rules, over which version, when, and how much followed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from functools import cached_property

from pyoxigraph import NamedNode, Quad, Triple

from iesi_kg.inference import axioms, derivation, rules, wording
from iesi_kg.inference.derivation import Derived
from iesi_kg.inference.rules import Program
from iesi_kg.publication import provenance
from iesi_kg.publication.graphs import Quads
from iesi_kg.publication.joined import Joined
from iesi_kg.publication.provenance import Run
from iesi_kg.store.base import ChangeSet, Reader
from iesi_kg.vocabulary import iris

GRAPH = iris.graph("inference")


class _After:
    """What the rules read as it will stand once a change is made."""

    def __init__(self, reader: Reader, change: ChangeSet) -> None:
        self._reader = reader
        graphs = set(derivation.graphs())
        self._adding = change.add
        self._leaving = {quad for quad in change.remove if quad.graph_name in graphs}
        self._graphs = graphs

    def statements(self, program: Program) -> Iterator[Triple]:
        """The statements that rules read; one that two graphs make may come twice."""
        for quad in derivation.quads(self._reader, program):
            if quad not in self._leaving:
                yield quad.triple
        for quad in self._adding:
            if quad.graph_name in self._graphs:
                yield quad.triple

    def states(self, triple: Triple) -> bool:
        """Whether a graph that rules read will hold a statement."""
        subject = triple.subject
        assert isinstance(subject, NamedNode)
        quads = (Quad(subject, triple.predicate, triple.object, graph) for graph in self._graphs)
        standing = (
            quad
            for quad in self._reader.quads(subject, triple.predicate, triple.object)
            if quad.graph_name in self._graphs
        )
        return any(quad not in self._leaving for quad in standing) or any(quad in self._added for quad in quads)

    @cached_property
    def _added(self) -> frozenset[Quad]:
        return frozenset(quad for quad in self._adding if quad.graph_name in self._graphs)


def derived(reader: Reader, change: ChangeSet | None = None) -> Derived:
    """What follows from what is published, or will be once a change is made."""
    after, program = _After(reader, change or ChangeSet("")), rules.bundled()
    return derivation.derive(after.statements(program), program, after.states)


def with_inference(reader: Reader, change: ChangeSet, at: datetime) -> ChangeSet:
    """The change, and what brings the graph of inference and its entry to what follows once it is made."""
    new = derived(reader, change).triples
    old = {quad.triple for quad in reader.quads(graph=GRAPH)}
    told = _told(reader, change, new, at) if _is_news(reader, change, new != old) else ChangeSet("")
    return ChangeSet(
        label=change.label,
        add=Joined(change.add, Quads((new - old, GRAPH)), told.add),
        remove=Joined(change.remove, Quads((old - new, GRAPH)), told.remove),
    )


def _is_news(reader: Reader, change: ChangeSet, differs: bool) -> bool:
    return bool(change.add or change.remove or differs) or provenance.rules_digest(reader) != rules.bundled().digest


def _told(reader: Reader, change: ChangeSet, triples: Collection[Triple], at: datetime) -> ChangeSet:
    program = rules.bundled()
    run = Run(reader.version + 1, axioms.version(), program.digest, wording.rules(program), len(triples))
    told = provenance.inference(reader, run, at)
    known = {quad for quad in change.add if quad.graph_name == provenance.GRAPH}
    return ChangeSet(told.label, [quad for quad in told.add if quad not in known], told.remove)
