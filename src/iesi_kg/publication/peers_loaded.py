"""Another database, read by its adapter, to a graph beside what is published, and out again.

A loaded database is no part of the published merge, of what follows from it, or of a release.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pyoxigraph import Literal, NamedNode

from iesi_kg.errors import NotFound, UnreadableFile
from iesi_kg.linking.adapters import Adapted
from iesi_kg.publication import graphs
from iesi_kg.store.base import ChangeSet, Reader, Store
from iesi_kg.vocabulary import iris
from iesi_kg.vocabulary.namespaces import DCAT, DCT, PROV, VOID

_TITLE = NamedNode(DCT + "title")
_NAME = NamedNode(DCT + "identifier")
_VERSION = NamedNode(DCAT + "version")
_LICENCE = NamedNode(DCT + "license")
_LOADED = NamedNode(PROV + "generatedAtTime")
_RECORDS, _TRIPLES = NamedNode(VOID + "entities"), NamedNode(VOID + "triples")
_OF = NamedNode(DCT + "isVersionOf")


@dataclass(frozen=True, slots=True)
class LoadedPeer:
    """One version of another database that stands in a store."""

    database: str
    version: str
    title: str
    graph: NamedNode
    licence: str
    records: int
    triples: int
    at: str


@dataclass(frozen=True, slots=True)
class Put:
    """What loading did: the version of the store that shows it, what stands there now, and what stood there before."""

    store_version: int
    peer: LoadedPeer
    before: LoadedPeer | None


def put(store: Store, adapted: Adapted) -> Put:
    """Put a database beside ours, in one commit; an earlier load of the same version makes way for it.

    Raises UnreadableFile where the files hold no record, with the store as it was.
    """
    triples = {quad.triple for quad in adapted.quads}
    if not adapted.records:
        raise UnreadableFile("the files hold no record; nothing was loaded", hint="fetch the files again")
    with store.writer() as writer:
        before = {peer.graph: peer for peer in loaded(writer.reader)}.get(adapted.graph)
        change = graphs.replacement(writer.reader, triples, adapted.graph, merged=False)
        version = writer.commit(change) if change else writer.reader.version
        after = next(peer for peer in loaded(writer.reader) if peer.graph == adapted.graph)
    return Put(version, after, before)


def remove(store: Store, database: str, version: str | None = None) -> tuple[LoadedPeer, ...]:
    """Take a database out, one version or all of them, in one commit. Raises NotFound where there is none."""
    with store.writer() as writer:
        there = loaded(writer.reader)
        leaving = tuple(p for p in there if p.database == database and version in (None, p.version))
        if not leaving:
            names = ", ".join(f"{peer.database}/{peer.version}" for peer in there)
            wanted = f"{database}/{version}" if version else database
            raise NotFound(f"{wanted} is not loaded", hint=f"loaded: {names}" if names else "no database is loaded")
        quads = [quad for peer in leaving for quad in writer.reader.quads(graph=peer.graph)]
        writer.commit(ChangeSet(f"without {database}", remove=quads, drop=[peer.graph for peer in leaving]))
    return leaving


def loaded(reader: Reader) -> list[LoadedPeer]:
    """The databases that stand beside ours, by name and version."""
    found = (quad.graph_name for quad in reader.quads(predicate=_OF))
    names = {graph for graph in found if isinstance(graph, NamedNode) and iris.is_peer_graph(graph.value)}
    return sorted((_peer(reader, graph) for graph in names), key=lambda peer: (peer.database, peer.version))


def _peer(reader: Reader, graph: NamedNode) -> LoadedPeer:
    def told(predicate: NamedNode) -> str:
        return next(_values(reader, graph, predicate), "")

    return LoadedPeer(
        told(_NAME),
        told(_VERSION),
        told(_TITLE),
        graph,
        told(_LICENCE),
        int(told(_RECORDS) or 0),
        int(told(_TRIPLES) or 0),
        told(_LOADED),
    )


def _values(reader: Reader, graph: NamedNode, predicate: NamedNode) -> Iterator[str]:
    for quad in reader.quads(graph, predicate, graph=graph):
        if isinstance(quad.object, NamedNode | Literal):
            yield quad.object.value
