"""Quads and changes that the contract is tried with."""

from __future__ import annotations

from pyoxigraph import DefaultGraph, Literal, NamedNode, Quad

from iesi_kg.store.base import ChangeSet, GraphName, Term, VersionedStore

XSD = "http://www.w3.org/2001/XMLSchema#"


def iri(name: str) -> NamedNode:
    return NamedNode(f"http://example.org/{name}")


def typed(value: str, datatype: str) -> Literal:
    return Literal(value, datatype=NamedNode(XSD + datatype))


def quad(subject: str, predicate: str, object: Term | str, graph: str = "") -> Quad:
    """A quad of short names; a text is a plain literal, no graph is the default one."""
    place: GraphName = iri(graph) if graph else DefaultGraph()
    return Quad(iri(subject), iri(predicate), Literal(object) if isinstance(object, str) else object, place)


def commit(store: VersionedStore, *add: Quad, remove: tuple[Quad, ...] = ()) -> int:
    with store.writer() as writer:
        return writer.commit(ChangeSet("test", add, remove))


def quads(store: VersionedStore) -> set[Quad]:
    return set(store.reader().quads())


def before_kill() -> list[Quad]:
    return [quad("stays", "p", "1"), quad("goes", "p", "1"), quad("goes", "p", "2", "g")]


def after_kill() -> ChangeSet:
    """A change that touches the default graph and two named ones, one of them new."""
    add = [quad("comes", "p", str(number)) for number in range(20)]
    add += [quad("comes", "p", str(number), "new") for number in range(20)]
    return ChangeSet("killed", add, [quad("goes", "p", "1"), quad("goes", "p", "2", "g")])
