"""A change that takes statements out, to the same with what is told of them: conclusions, and counts of the graphs."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from pyoxigraph import Literal, NamedNode, Quad

from iesi_kg.inference import rules
from iesi_kg.publication import entailment, provenance
from iesi_kg.publication.graphs import Quads
from iesi_kg.publication.joined import Joined
from iesi_kg.store.base import ChangeSet, Reader
from iesi_kg.vocabulary import iris
from iesi_kg.vocabulary.namespaces import VOID, XSD

_TRIPLES = NamedNode(VOID + "triples")
_ENTITIES = NamedNode(VOID + "entities")
_INTEGER = NamedNode(XSD + "integer")
_RECORD = iris.initiative("x").value.removesuffix("x")


def with_conclusions(reader: Reader, change: ChangeSet) -> ChangeSet:
    """The change, and what it does to the graph of inference of a release: no conclusion outlives its premises.

    Where the rules are those of the release, the graph then is what follows. Those of another time only say what no
    longer follows.
    """
    old = {quad.triple for quad in reader.quads(graph=entailment.GRAPH)}
    if not old:
        return change
    follows = entailment.derived(reader, change).triples
    if provenance.rules_digest(reader) == rules.bundled().digest:
        new, passed = follows - old, old - follows
    else:
        new, passed = frozenset(), old & (entailment.derived(reader).triples - follows)
    return _joined(change, Quads((new, entailment.GRAPH)), Quads((passed, entailment.GRAPH)))


def with_counts(reader: Reader, change: ChangeSet, *, apart: Collection[NamedNode] = ()) -> ChangeSet:
    """The change, and the counts of statements and records that are told of the graphs it touches, as they then are."""
    leaving, entering = set(change.remove), set(change.add)
    touched = {quad.graph_name for quad in leaving if isinstance(quad.graph_name, NamedNode)} - {*apart}
    add: list[Quad] = []
    remove: list[Quad] = []
    for told, number in _counts(reader, touched, leaving, entering):
        if told not in leaving and told.object != number:
            remove.append(told)
            add.append(Quad(told.subject, told.predicate, number, told.graph_name))
    return _joined(change, add, remove)


def _counts(
    reader: Reader, touched: Collection[NamedNode], leaving: set[Quad], entering: set[Quad]
) -> Iterator[tuple[Quad, Literal]]:
    for graph in sorted(touched, key=str):
        standing = set(reader.quads(graph=graph))
        after = (standing - leaving) | {quad for quad in entering if quad.graph_name == graph}
        for told in reader.quads(graph, _TRIPLES, graph=provenance.GRAPH):
            yield told, Literal(str(len(after)), datatype=_INTEGER)
        gone = len(_records(standing) - _records(after))
        for told in reader.quads(graph, _ENTITIES, graph=provenance.GRAPH):
            if isinstance(told.object, Literal):
                yield told, Literal(str(int(told.object.value) - gone), datatype=_INTEGER)


def _records(quads: Collection[Quad]) -> set[str]:
    subjects = {quad.subject.value for quad in quads if isinstance(quad.subject, NamedNode)}
    return {name for name in subjects if name.startswith(_RECORD) and "#" not in name}


def _joined(change: ChangeSet, add: Collection[Quad], remove: Collection[Quad]) -> ChangeSet:
    return ChangeSet(change.label, add=Joined(change.add, list(add)), remove=Joined(change.remove, list(remove)))
