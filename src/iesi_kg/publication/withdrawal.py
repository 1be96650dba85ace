"""A published submission to the change that takes it out of the published merge again, with the reason at each record.

What stood before a record was renewed stands again, from the graph that still holds it; a record that is new with the
submission leaves a mark in its place, which its address answers with (410).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pyoxigraph import Literal, NamedNode, Quad, Triple

from iesi_kg.publication import graphs, provenance
from iesi_kg.store.base import DEFAULT_GRAPH, ChangeSet, GraphName, Reader
from iesi_kg.vocabulary import iris
from iesi_kg.vocabulary.namespaces import PROV, RDFS, XSD

_GENERATED = NamedNode(PROV + "generatedAtTime")
_COMMENT = NamedNode(RDFS + "comment")


def withdrawn(reader: Reader, graph: NamedNode, reason: str, at: str, also: Iterable[NamedNode] = ()) -> ChangeSet:
    """The change after which nothing of a graph stands in the published merge because of it alone.

    ``also`` are records that the graph does not state, and that stand again with what it replaced.
    """
    records = graphs.published_from(reader, graph) | {*also}
    earlier = {record: _earlier(reader, record, graph) for record in records}
    back, sourced = set[Triple](), set[Triple]()
    for record, source in earlier.items():
        if source is not None:
            back |= graphs.restored(reader, record, source)
            sourced |= graphs.sourced(reader, record, source)
    leaving = graphs.superseded(reader, records)
    unsourced = graphs.unsourced(reader, records)
    marked = [graph, *(record for record, source in earlier.items() if source is None)]
    return ChangeSet(
        f"withdrawal of {graph.value}",
        add=[*_new(reader, back, DEFAULT_GRAPH), *_new(reader, sourced, graphs.CODINGS), *_marks(marked, reason, at)],
        remove=[*_in(leaving - back, DEFAULT_GRAPH), *_in(unsourced - sourced, graphs.CODINGS)],
    )


def revived(reader: Reader, things: Iterable[NamedNode]) -> list[Quad]:
    """The marks that leave when things are published again."""
    return [quad for thing in things if provenance.is_ended(reader, thing) for quad in _mark_of(reader, thing)]


def _mark_of(reader: Reader, thing: NamedNode) -> Iterator[Quad]:
    for predicate in (provenance.ENDED, _COMMENT):
        yield from reader.quads(thing, predicate, graph=provenance.GRAPH)


def _marks(things: Iterable[NamedNode], reason: str, at: str) -> Iterator[Quad]:
    for thing in things:
        yield Quad(thing, provenance.ENDED, Literal(at, datatype=NamedNode(XSD + "dateTime")), provenance.GRAPH)
        yield Quad(thing, _COMMENT, Literal(reason), provenance.GRAPH)


def _earlier(reader: Reader, record: NamedNode, graph: NamedNode) -> NamedNode | None:
    """The graph of the newest earlier submission that states a record and was not withdrawn itself."""
    stating = {quad.graph_name for quad in reader.quads(record)} - {graph}
    times = {
        other: max((str(quad.object) for quad in reader.quads(other, _GENERATED, graph=provenance.GRAPH)), default="")
        for other in stating
        if isinstance(other, NamedNode) and iris.is_submission_graph(other) and not provenance.is_ended(reader, other)
    }
    return max(times, key=lambda other: (times[other], other.value)) if times else None


def _new(reader: Reader, triples: Iterable[Triple], graph: GraphName) -> Iterator[Quad]:
    """What a graph does not hold yet."""
    for triple in triples:
        subject = triple.subject
        assert isinstance(subject, NamedNode)
        if next(iter(reader.quads(subject, triple.predicate, triple.object, graph)), None) is None:
            yield Quad(subject, triple.predicate, triple.object, graph)


def _in(triples: Iterable[Triple], graph: GraphName) -> Iterator[Quad]:
    return (Quad(triple.subject, triple.predicate, triple.object, graph) for triple in triples)
