"""Things that were merged or split: which stands for which, as the graph of provenance says (dct:isReplacedBy)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from pyoxigraph import NamedNode, Triple

from iesi_kg.ingest.template import Column, Template
from iesi_kg.publication import provenance
from iesi_kg.store.base import DEFAULT_GRAPH, Reader
from iesi_kg.vocabulary import iris
from iesi_kg.vocabulary.namespaces import DCT, RDF

_PARTS = tuple(NamedNode(RDF + name) for name in ("subject", "predicate", "object"))
REPLACED_BY = NamedNode(DCT + "isReplacedBy")


def target(reader: Reader, thing: NamedNode) -> NamedNode:
    """What stands for a thing now: itself, unless it was merged into another."""
    seen = {thing}
    while (found := _next(reader, thing)) is not None and found not in seen:
        seen.add(found)
        thing = found
    return thing


def way(reader: Reader, thing: NamedNode) -> list[NamedNode]:
    """A thing and all that it was merged into, the last one left out."""
    found: list[NamedNode] = []
    while (after := _next(reader, thing)) is not None and thing not in found:
        found.append(thing)
        thing = after
    return found


def stand_for(reader: Reader, thing: NamedNode) -> list[NamedNode]:
    """What replaces a thing: one that it was merged into, or each of those that it was split into."""
    found = reader.quads(thing, REPLACED_BY, graph=provenance.GRAPH)
    return sorted((quad.object for quad in found if isinstance(quad.object, NamedNode)), key=str)


def aliases(reader: Reader, thing: NamedNode) -> set[NamedNode]:
    """Everything that was merged into a thing, by way of others too."""
    found: set[NamedNode] = set()
    waiting = [thing]
    while waiting:
        for quad in reader.quads(predicate=REPLACED_BY, object=waiting.pop(), graph=provenance.GRAPH):
            old = quad.subject
            if isinstance(old, NamedNode) and old not in found and old != thing and _next(reader, old) is not None:
                found.add(old)
                waiting.append(old)
    return found


def merged(reader: Reader) -> dict[NamedNode, NamedNode]:
    """Every thing that was merged, with what stands for it now."""
    return {thing: target(reader, thing) for thing in _replaced(reader) if _next(reader, thing) is not None}


def divided(reader: Reader) -> dict[NamedNode, list[NamedNode]]:
    """Every thing that was split and kept nothing of its own, with those that it was split into."""
    return {thing: stand_for(reader, thing) for thing in _replaced(reader) if _next(reader, thing) is None}


def _replaced(reader: Reader) -> list[NamedNode]:
    told = reader.quads(predicate=REPLACED_BY, graph=provenance.GRAPH)
    return list(dict.fromkeys(quad.subject for quad in told if isinstance(quad.subject, NamedNode)))


def renamed(triples: Iterable[Triple], names: Mapping[NamedNode, NamedNode]) -> list[Triple]:
    """The triples with other things, and the nodes that they own, in the place of some."""
    return [_renamed(triple, names) for triple in triples]


def fitted(reader: Reader, triples: Iterable[Triple], things: Collection[NamedNode]) -> Iterator[Triple]:
    """Triples that enter the default graph, of which these things keep their own value where there can be one only.

    What cannot stand beside it takes the place that the template has for it (another name), or none.
    """
    template = Template.bundled()
    for triple in triples:
        column = _single(template, triple, things)
        if column is None or not _says_another(reader, triple):
            yield triple
        elif column.merged is not None:
            yield Triple(triple.subject, column.merged, triple.object)


def _single(template: Template, triple: Triple, things: Collection[NamedNode]) -> Column | None:
    if not isinstance(triple.subject, NamedNode) or triple.subject not in things:
        return None
    return template.only(triple.subject.value.rsplit("/", 2)[1], triple.predicate)


def _says_another(reader: Reader, triple: Triple) -> bool:
    own = {quad.object for quad in reader.quads(triple.subject, triple.predicate, graph=DEFAULT_GRAPH)}  # type: ignore[arg-type]
    return bool(own - {triple.object})


def reminted(triples: Iterable[Triple], names: Mapping[NamedNode, NamedNode]) -> list[Triple]:
    """Statements about statements of renamed things, each at the address that its new statement asks for."""
    by_node: dict[object, list[Triple]] = {}
    for triple in renamed(triples, names):
        by_node.setdefault(triple.subject, []).append(triple)
    return [Triple(_address(node, about), t.predicate, t.object) for node, about in by_node.items() for t in about]


def _address(node: object, about: Iterable[Triple]) -> NamedNode:
    parts = {triple.predicate: triple.object for triple in about}
    subject, predicate, value = (parts.get(name) for name in _PARTS)
    if isinstance(subject, NamedNode) and isinstance(predicate, NamedNode) and value is not None:
        return iris.statement(Triple(subject, predicate, value))
    assert isinstance(node, NamedNode)
    return node


def _renamed(triple: Triple, names: Mapping[NamedNode, NamedNode]) -> Triple:
    subject, value = triple.subject, triple.object
    return Triple(
        _named(subject, names) if isinstance(subject, NamedNode) else subject,
        triple.predicate,
        _named(value, names) if isinstance(value, NamedNode) else value,
    )


def _named(term: NamedNode, names: Mapping[NamedNode, NamedNode]) -> NamedNode:
    owner, mark, fragment = term.value.partition("#")
    new = None if term in names else names.get(NamedNode(owner))
    return names.get(term, term) if new is None else NamedNode(f"{new.value}#{fragment}") if mark else new


def _next(reader: Reader, thing: NamedNode) -> NamedNode | None:
    """What a thing was merged into; None also where it was split, so that nothing stands for all of it."""
    found = stand_for(reader, thing)
    return found[0] if len(found) == 1 else None
