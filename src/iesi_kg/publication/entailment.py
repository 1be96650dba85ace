"""A change of the published merge to the same change with what then follows, in the graph of inference.

The rules run in full over what will stand after the change, and graph and merge change in one commit: no reader sees a
conclusion whose premises have been withdrawn. The graph is never part of the default graph; a query names it.
"""

from __future__ import annotations

from collections.abc import Iterator

from pyoxigraph import Triple

from iesi_kg.inference import derivation, rules
from iesi_kg.publication.graphs import Quads
from iesi_kg.publication.joined import Joined
from iesi_kg.store.base import DEFAULT_GRAPH, ChangeSet, Reader
from iesi_kg.vocabulary import iris

GRAPH = iris.graph("inference")


def with_inference(reader: Reader, change: ChangeSet) -> ChangeSet:
    """The change, and what brings the graph of inference to what follows once it is made."""
    program = rules.bundled()
    new = derivation.derive(_after(reader, change, program), program).triples
    old = {quad.triple for quad in reader.quads(graph=GRAPH)}
    return ChangeSet(
        label=change.label,
        add=Joined(change.add, Quads((new - old, GRAPH))),
        remove=Joined(change.remove, Quads((old - new, GRAPH))),
    )


def _after(reader: Reader, change: ChangeSet, program: rules.Program) -> Iterator[Triple]:
    """The statements that rules read, as they will stand in the published merge."""
    leaving = {quad.triple for quad in change.remove if quad.graph_name == DEFAULT_GRAPH}
    for triple in derivation.statements(reader, program):
        if triple not in leaving:
            yield triple
    for quad in change.add:
        if quad.graph_name == DEFAULT_GRAPH:
            yield quad.triple
