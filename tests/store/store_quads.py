"""Short ways to write the quads of these tests."""

from __future__ import annotations

from pyoxigraph import DefaultGraph, Literal, NamedNode, Quad


def iri(name: str) -> NamedNode:
    return NamedNode(f"http://example.org/{name}")


def quad(subject: str, value: str, graph: str | None = None) -> Quad:
    return Quad(iri(subject), iri("p"), Literal(value), iri(graph) if graph else DefaultGraph())
