"""The mapping graphs to their description: a void:Linkset for each pair of databases (https://www.w3.org/TR/void/)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from pyoxigraph import Literal, NamedNode, Quad, Triple

from iesi_kg.publication.census import namespace
from iesi_kg.publication.linkage_graphs import is_mapping_graph
from iesi_kg.store.base import ChangeSet, Reader
from iesi_kg.vocabulary import iris
from iesi_kg.vocabulary import sssom as words
from iesi_kg.vocabulary.namespaces import BASE, DCT, RDF, RDFS, VOID, XSD

_DATASET = iris.dataset()
_PEERS = f"{BASE}id/peer/"
_TYPE = NamedNode(RDF + "type")
_SIDES = (NamedNode(VOID + "subjectsTarget"), NamedNode(VOID + "objectsTarget"))
_LINKING = words.PREDICATES - {RDFS + "seeAlso"}


def described(reader: Reader, change: ChangeSet) -> set[Triple]:
    """What is said of the links that stand in mapping graphs once a change is made."""
    counted: Counter[tuple[NamedNode, NamedNode, NamedNode, NamedNode]] = Counter()
    for quad in _standing(reader, change):
        assert isinstance(quad.graph_name, NamedNode)
        if isinstance(quad.subject, NamedNode) and isinstance(quad.object, NamedNode):
            counted[quad.graph_name, _database(quad.subject), quad.predicate, _database(quad.object)] += 1
    return {triple for key, number in counted.items() for triple in _linkset(*key, number)}


def concerns(change: ChangeSet) -> bool:
    """Whether a change makes, takes or may take away links."""
    return any(map(_is_link, change.add)) or any(map(_is_link, change.remove)) or bool(change.drop)


def among(said: set[Triple]) -> set[Triple] | None:
    """What a description says of links, where it says nothing else than this; else None."""
    nodes = {triple.object for triple in said if triple.predicate.value == VOID + "subset"}
    sides = {triple.object for triple in said if triple.subject in nodes and triple.predicate in _SIDES}
    told = {t for t in said if t.subject in nodes | sides or (t.subject == _DATASET and t.object in nodes)}
    return told if told == said else None


def _standing(reader: Reader, change: ChangeSet) -> set[Quad]:
    """The links that are stated, told axioms apart."""
    found = {quad for term in _LINKING for quad in reader.quads(predicate=NamedNode(term)) if _is_link(quad)}
    return (found - set(change.remove)) | {quad for quad in change.add if _is_link(quad)}


def _is_link(quad: Quad) -> bool:
    return is_mapping_graph(quad.graph_name) and quad.predicate.value in _LINKING


def _database(record: NamedNode) -> NamedNode:
    """The database of a record: ours, another one, or a vocabulary by its namespace."""
    if record.value.startswith(_PEERS):
        return iris.peer(record.value.removeprefix(_PEERS).partition("/")[0])
    return _DATASET if record.value.startswith(BASE) else NamedNode(namespace(record))


def _linkset(
    graph: NamedNode, left: NamedNode, predicate: NamedNode, right: NamedNode, number: int
) -> Iterator[Triple]:
    node = iris.linkset(graph.value, left.value, predicate.value, right.value)
    yield Triple(_DATASET, NamedNode(VOID + "subset"), node)
    yield Triple(node, _TYPE, NamedNode(VOID + "Linkset"))
    yield Triple(node, NamedNode(VOID + "linkPredicate"), predicate)
    yield Triple(node, NamedNode(VOID + "subjectsTarget"), left)
    yield Triple(node, NamedNode(VOID + "objectsTarget"), right)
    yield Triple(node, NamedNode(VOID + "triples"), Literal(str(number), datatype=NamedNode(XSD + "integer")))
    yield Triple(node, NamedNode(DCT + "source"), graph)
    for side in {left, right} - {_DATASET}:
        yield Triple(side, _TYPE, NamedNode(VOID + "Dataset"))
        space = f"{side.value}/" if side.value.startswith(_PEERS) else side.value
        yield Triple(side, NamedNode(VOID + "uriSpace"), Literal(space))
