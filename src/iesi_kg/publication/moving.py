"""The statements of a thing that is merged into another, as statements of that other, and back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from pyoxigraph import NamedNode, Triple

from iesi_kg.publication import graphs, redirects
from iesi_kg.store.base import DEFAULT_GRAPH, Reader
from iesi_kg.vocabulary import iris


def owned(reader: Reader, thing: NamedNode) -> set[Triple]:
    """What the default graph says of a thing and of its own nodes."""
    return set(graphs.owned(reader, thing))


def brought(reader: Reader, old: NamedNode, new: NamedNode) -> set[Triple]:
    """What the old thing's statements become on the new one, which keeps its own value where there can be one only."""
    own, theirs, nodes = owned(reader, new), owned(reader, old), places(reader, old, new)
    moved = (Triple(_to(t.subject, nodes), t.predicate, _to(t.object, nodes)) for t in theirs)  # type: ignore[arg-type]
    found = redirects.fitted(reader, moved, [new])
    return {triple for triple in found if not _is_of_record(triple, new)} - own


def references(reader: Reader, old: NamedNode) -> set[Triple]:
    """What the default graph says of others that names the thing or its nodes."""
    mine = {triple.subject for triple in owned(reader, old)} | {old}
    quads = (
        quad for node in mine if isinstance(node, NamedNode) for quad in reader.quads(object=node, graph=DEFAULT_GRAPH)
    )
    return {quad.triple for quad in quads if quad.subject not in mine}


def sourced(reader: Reader, old: NamedNode, places: Iterable[NamedNode]) -> dict[NamedNode, list[Triple]]:
    """The statements about statements of these graphs that are about the thing or its nodes, by their node."""
    found: dict[NamedNode, list[Triple]] = {}
    for place in places:
        for naming in [
            *reader.quads(predicate=graphs.SUBJECT, graph=place),
            *reader.quads(predicate=graphs.OBJECT, graph=place),
        ]:
            if isinstance(naming.object, NamedNode) and graphs.base(naming.object) == old:
                assert isinstance(naming.subject, NamedNode)
                found[naming.subject] = [quad.triple for quad in reader.quads(naming.subject, graph=place)]
    return found


def natives(reader: Reader, old: NamedNode) -> set[Triple]:
    """What the graphs that are published now say of others that names the thing, as it came; sources of facts apart."""
    found = set[Triple]()
    for quad in reader.quads(object=old):
        subject = quad.subject
        if isinstance(subject, NamedNode) and quad.graph_name in _current(reader, graphs.base(subject)):
            apart = graphs.base(subject) == old or quad.predicate in (graphs.SUBJECT, graphs.OBJECT)
            found |= set() if apart else {quad.triple}
    return found


def is_stated(reader: Reader, triple: Triple) -> bool:
    """Whether a graph from which something is published now states this itself."""
    stating = reader.quads(triple.subject, triple.predicate, triple.object)  # type: ignore[arg-type]
    return any(
        isinstance(quad.graph_name, NamedNode) and quad.graph_name in _current(reader, graphs.base(triple.subject))  # type: ignore[arg-type]
        for quad in stating
    )


def _current(reader: Reader, thing: NamedNode) -> set[NamedNode]:
    """The graphs that may speak of a thing now: those of the record, of a shared thing any that is published from."""
    if own := graphs.sources(reader, [thing]):
        return own
    return {
        quad.graph_name
        for quad in reader.quads(thing)
        if isinstance(quad.graph_name, NamedNode) and graphs.is_source(reader, quad.graph_name)
    }


def places(reader: Reader, old: NamedNode, new: NamedNode) -> dict[NamedNode, NamedNode]:
    """Where each node of the old record goes on the new one: numbered ones behind those that are there."""
    theirs = owned(reader, old)
    taken = {t.subject.value.partition("#")[2] for t in owned(reader, new) if isinstance(t.subject, NamedNode)}
    found = {old: new}
    for node in sorted({t.subject for t in theirs if isinstance(t.subject, NamedNode)} - {old}, key=_natural):
        name = node.value.partition("#")[2]
        stem, number = re.fullmatch(r"(.*?)(-[0-9]+)?", name).groups()  # type: ignore[union-attr]
        if name in taken and name != "record":
            count = int((number or "-1")[1:])
            while f"{stem}-{count}" in taken:
                count += 1
            name = f"{stem}-{count}"
        taken.add(name)
        found[node] = iris.fragment(new, name)
    return found


def _natural(node: NamedNode) -> tuple[int, str]:
    return len(node.value), node.value


def _to(term: object, nodes: Mapping[NamedNode, NamedNode]) -> object:
    return nodes.get(term, term) if isinstance(term, NamedNode) else term


def _is_of_record(triple: Triple, new: NamedNode) -> bool:
    """Whether a triple is about the entry of the record that stays, which has its own; but for where it came from."""
    return triple.subject == iris.fragment(new, "record") and triple.predicate != graphs.FROM
