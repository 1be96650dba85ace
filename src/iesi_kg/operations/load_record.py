"""What was loaded, as statements in a graph of their own: which file, known by its SHA-256, into which graph, when.

Terms of PROV-O (https://www.w3.org/TR/prov-o/) and VoID. The graph loaded into holds nothing of it: what its owner
wrote stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pyoxigraph import DefaultGraph, Literal, NamedNode, Quad

from iesi_kg.store.base import DEFAULT_GRAPH, GraphName, Reader
from iesi_kg.vocabulary import iris
from iesi_kg.vocabulary.namespaces import DCAT, DCT, PROV, RDF, SCHEMA, VOID, XSD

_INTO, _FILE, _AT = NamedNode(PROV + "generated"), NamedNode(DCT + "title"), NamedNode(PROV + "endedAtTime")
_DIGEST, _STATEMENTS, _BYTES = (NamedNode(n) for n in (SCHEMA + "sha256", VOID + "triples", DCAT + "byteSize"))
_INTEGER, _TIME = NamedNode(XSD + "integer"), NamedNode(XSD + "dateTime")


@dataclass(frozen=True, slots=True)
class Loaded:
    """One file that stands in a graph; ``statements`` are those of the file, repeated ones counted each time.

    What a server loaded by its own means has no digest and no size.
    """

    graph: GraphName
    file: str
    sha256: str
    statements: int
    bytes: int
    at: str


def quads(loaded: Loaded) -> tuple[Quad, ...]:
    """The statements about one file."""
    node, place = iris.load(_name(loaded.graph), loaded.sha256), iris.loads()
    known = (
        Quad(node, _DIGEST, Literal(loaded.sha256), place),
        Quad(node, _BYTES, Literal(str(loaded.bytes), datatype=_INTEGER), place),
    )
    return (
        Quad(node, NamedNode(RDF + "type"), NamedNode(PROV + "Activity"), place),
        Quad(node, _INTO, _node(loaded.graph), place),
        Quad(node, _FILE, Literal(loaded.file), place),
        Quad(node, _STATEMENTS, Literal(str(loaded.statements), datatype=_INTEGER), place),
        Quad(node, _AT, Literal(loaded.at, datatype=_TIME), place),
        *(known if loaded.sha256 else ()),
    )


def earlier(reader: Reader, loaded: Iterable[Loaded]) -> list[Quad]:
    """What the record says of these files now."""
    nodes = [iris.load(_name(each.graph), each.sha256) for each in loaded]
    return [quad for node in nodes for quad in reader.quads(node, graph=iris.loads())]


def of_graph(reader: Reader, graph: GraphName) -> list[Loaded]:
    """The files that the record names for a graph, whether it is there or not."""
    nodes = dict.fromkeys(quad.subject for quad in reader.quads(None, _INTO, _node(graph), iris.loads()))
    return [_loaded(reader, node) for node in nodes if isinstance(node, NamedNode)]


def told(reader: Reader, graph: GraphName | None = None) -> list[Loaded]:
    """The files that stand in a graph, or in any, in the order of loading. One whose graph is gone is not named."""
    target = None if graph is None else _node(graph)
    nodes = dict.fromkeys(quad.subject for quad in reader.quads(None, _INTO, target, iris.loads()))
    found = [_loaded(reader, node) for node in nodes if isinstance(node, NamedNode)]
    there = {each.graph: _holds(reader, each.graph) for each in found}
    return sorted((each for each in found if there[each.graph]), key=lambda each: (each.at, each.file))


def _loaded(reader: Reader, node: NamedNode) -> Loaded:
    def value(predicate: NamedNode) -> str:
        return next(_values(reader, node, predicate), "")

    target = value(_INTO)
    graph = DEFAULT_GRAPH if target == _node(DEFAULT_GRAPH).value else NamedNode(target)
    return Loaded(
        graph, value(_FILE), value(_DIGEST), int(value(_STATEMENTS) or 0), int(value(_BYTES) or 0), value(_AT)
    )


def _values(reader: Reader, node: NamedNode, predicate: NamedNode) -> Iterator[str]:
    for quad in reader.quads(node, predicate, graph=iris.loads()):
        if isinstance(quad.object, NamedNode | Literal):
            yield quad.object.value


def _holds(reader: Reader, graph: GraphName) -> bool:
    return next(iter(reader.quads(graph=graph)), None) is not None


def _node(graph: GraphName) -> NamedNode:
    return iris.graph("default") if isinstance(graph, DefaultGraph) else graph


def _name(graph: GraphName) -> str:
    return "" if isinstance(graph, DefaultGraph) else graph.value
