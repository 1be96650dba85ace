"""Where a store keeps what on a server of another product: which graph is its default graph, which hold its own facts.

Two graphs are the store's own: one holds the published merge where the product has no default graph of its own
(``Profile.default_graph`` is "named"), one the record of the version that stands and the names of the named graphs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pyoxigraph import BlankNode, DefaultGraph, NamedNode, Quad

from iesi_kg.store.base import DEFAULT_GRAPH, GraphName
from iesi_kg.store.remote.profiles import Location
from iesi_kg.vocabulary import iris

GRAPH = NamedNode("urn:x-iesi-kg:graph")  # the state names every named graph of the store by it


@dataclass(frozen=True, slots=True)
class Places:
    """``default`` is the named graph that stands for the default graph, None where the server has a real one."""

    default: NamedNode | None
    state: NamedNode

    @classmethod
    def of(cls, where: Location) -> Places:
        """The places on a server."""
        return cls(iris.graph("published") if where.profile.default_graph == "named" else None, iris.graph("store"))

    def stored(self, graph: GraphName | BlankNode) -> GraphName | BlankNode:
        """Where the quads of a graph stand on the server."""
        return self.default if self.default is not None and isinstance(graph, DefaultGraph) else graph

    def put(self, quads: Iterable[Quad]) -> list[Quad]:
        """Quads as they stand on the server."""
        if self.default is None:
            return [*quads]
        return [Quad(quad.subject, quad.predicate, quad.object, self.stored(quad.graph_name)) for quad in quads]

    def block(self, graph: GraphName, pattern: str) -> str:
        """A pattern in one graph of the store, for a query that goes without a dataset."""
        stored = self.stored(graph)
        return pattern if isinstance(stored, DefaultGraph) else f"GRAPH {stored} {{ {pattern} }}"

    def everywhere(self, pattern: str) -> str:
        """A pattern in the default graph, or in a named graph ``?g`` of the store: not in those of others there."""
        known = f"GRAPH {self.state} {{ {self.state} {GRAPH} ?g }}"
        return f"{{ {self.block(DEFAULT_GRAPH, pattern)} }} UNION {{ {known} GRAPH ?g {{ {pattern} }} }}"

    def part(self, identifier: str, number: int) -> NamedNode:
        """Where a part of a change waits for the step that makes it visible."""
        return NamedNode(f"{self.state.value}/{identifier}/{number}")
