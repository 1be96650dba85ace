"""Things that were merged into others: which stands for which, as the graph of provenance says (dct:isReplacedBy)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pyoxigraph import NamedNode, Triple

from iesi_kg.publication import provenance
from iesi_kg.store.base import Reader
from iesi_kg.vocabulary.namespaces import DCT

REPLACED_BY = NamedNode(DCT + "isReplacedBy")


def target(reader: Reader, thing: NamedNode) -> NamedNode:
    """What stands for a thing now: itself, unless it was merged into another."""
    seen = {thing}
    while (found := _next(reader, thing)) is not None and found not in seen:
        seen.add(found)
        thing = found
    return thing


def aliases(reader: Reader, thing: NamedNode) -> set[NamedNode]:
    """Everything that was merged into a thing, by way of others too."""
    found: set[NamedNode] = set()
    waiting = [thing]
    while waiting:
        for quad in reader.quads(predicate=REPLACED_BY, object=waiting.pop(), graph=provenance.GRAPH):
            if isinstance(quad.subject, NamedNode) and quad.subject not in found and quad.subject != thing:
                found.add(quad.subject)
                waiting.append(quad.subject)
    return found


def merged(reader: Reader) -> dict[NamedNode, NamedNode]:
    """Every thing that was merged, with what stands for it now."""
    told = reader.quads(predicate=REPLACED_BY, graph=provenance.GRAPH)
    old = [quad.subject for quad in told if isinstance(quad.subject, NamedNode)]
    return {thing: target(reader, thing) for thing in old}


def renamed(triples: Iterable[Triple], names: Mapping[NamedNode, NamedNode]) -> list[Triple]:
    """The triples with other things, and the nodes that they own, in the place of some."""
    return [_renamed(triple, names) for triple in triples]


def _renamed(triple: Triple, names: Mapping[NamedNode, NamedNode]) -> Triple:
    subject, value = triple.subject, triple.object
    return Triple(
        _named(subject, names) if isinstance(subject, NamedNode) else subject,
        triple.predicate,
        _named(value, names) if isinstance(value, NamedNode) else value,
    )


def _named(term: NamedNode, names: Mapping[NamedNode, NamedNode]) -> NamedNode:
    owner, mark, fragment = term.value.partition("#")
    new = names.get(NamedNode(owner))
    return term if new is None else NamedNode(f"{new.value}#{fragment}") if mark else new


def _next(reader: Reader, thing: NamedNode) -> NamedNode | None:
    found = next(iter(reader.quads(thing, REPLACED_BY, graph=provenance.GRAPH)), None)
    return found.object if found is not None and isinstance(found.object, NamedNode) else None
