"""The links of a thing that is merged into another to links of that other, and back when it is taken out again.

Mappings name what stands, and say what they named before (prov:wasDerivedFrom); decisions stay as they were made, and
what they say holds for what stands (decision 059).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from pyoxigraph import NamedNode, Quad

from iesi_kg.publication import linkage_told, redirects
from iesi_kg.publication.linkage_graphs import (
    CANDIDATES,
    DECISIONS,
    OBJECT,
    ORIGIN,
    PREDICATE,
    RELATIONS,
    SUBJECT,
    Names,
    Pair,
    is_mapping_graph,
    now,
    pair,
)
from iesi_kg.publication.linkage_told import Choice, Decision
from iesi_kg.store.base import ChangeSet, Reader
from iesi_kg.vocabulary import sssom as words

_MODIFIER = words.OF_MAPPING["predicate_modifier"].property
Histories = dict[Pair, tuple[Decision, ...]]


@dataclass(frozen=True, slots=True)
class _Axiom:
    """One mapping of a file, in its graph."""

    graph: NamedNode
    node: NamedNode
    subject: NamedNode
    relation: NamedNode
    object: NamedNode
    negative: bool
    origins: frozenset[NamedNode]

    def told(self) -> set[Quad]:
        """What names its two, and those that it named before."""
        facts = [(SUBJECT, self.subject), (OBJECT, self.object), *((ORIGIN, thing) for thing in self.origins)]
        return {Quad(self.node, predicate, value, self.graph) for predicate, value in facts}


def merged(reader: Reader, old: NamedNode, new: NamedNode) -> ChangeSet:
    """The change by which the links of one thing become those of another."""
    names = {**{thing: new if end == old else end for thing, end in redirects.merged(reader).items()}, old: new}
    axioms = list(_axioms(reader, (old, new)))
    return _change(reader, {axiom: _renamed(axiom, old, new) for axiom in axioms}, (old, new), names)


def parted(reader: Reader, old: NamedNode, new: NamedNode) -> ChangeSet:
    """The change by which a thing gets its links back."""
    names = {thing: end for thing, end in redirects.merged(reader).items() if thing != old}
    names |= dict.fromkeys(redirects.aliases(reader, old), old)
    axioms = list(_axioms(reader, (old, new)))
    return _change(reader, {axiom: _restored(axiom, old, new) for axiom in axioms}, (old, new), names)


def rejected(reader: Reader, one: NamedNode, other: NamedNode) -> Decision | None:
    """The decision by which two things are not the same, if that holds."""
    for relation in words.IDENTITIES:
        held = linkage_told.standing(linkage_told.history(reader, pair(one, relation, other)))
        if held is not None and held.choice is Choice.REJECTED:
            return held
    return None


def _renamed(axiom: _Axiom, old: NamedNode, new: NamedNode) -> _Axiom:
    if {axiom.subject, axiom.object} == {old, new} or old not in (axiom.subject, axiom.object):
        return axiom
    return _with(axiom, old, new, axiom.origins | {old})


def _restored(axiom: _Axiom, old: NamedNode, new: NamedNode) -> _Axiom:
    if old not in axiom.origins:
        return axiom
    return _with(axiom, new, old, axiom.origins - {old})


def _with(axiom: _Axiom, side: NamedNode, instead: NamedNode, origins: frozenset[NamedNode]) -> _Axiom:
    if axiom.subject == side:
        return replace(axiom, subject=instead, origins=origins)
    return replace(axiom, object=instead, origins=origins)


def _change(reader: Reader, axioms: dict[_Axiom, _Axiom], things: Collection[NamedNode], names: Names) -> ChangeSet:
    before, after = (_decisions(reader, things, known) for known in (redirects.merged(reader), names))
    rejected = {found for found, history in after.items() if _is_rejected(history)}
    old = {quad for axiom in axioms for quad in axiom.told()} | set(_stated(reader, things))
    new = {quad for axiom in axioms.values() for quad in axiom.told()}
    new |= {quad for axiom in axioms.values() if (quad := _statement(axiom, names, rejected)) is not None}
    old |= {quad for quad in _standing(before) if not linkage_told.is_of_set(quad)}
    new |= set(_standing(after)) | (_made(reader, things) & old)
    return ChangeSet("links", add=sorted(new - old, key=str), remove=sorted(old - new, key=str))


def _axioms(reader: Reader, things: Collection[NamedNode]) -> Iterator[_Axiom]:
    """The mappings of files that name one of these, each once."""
    found = {
        (quad.graph_name, quad.subject)
        for thing in things
        for side in (SUBJECT, OBJECT)
        for quad in reader.quads(predicate=side, object=thing)
        if is_mapping_graph(quad.graph_name) and quad.graph_name != DECISIONS
    }
    for graph, node in found:
        assert isinstance(node, NamedNode)
        about = defaultdict[object, list[NamedNode]](list)
        for quad in reader.quads(node, graph=graph):
            about[quad.predicate] += [quad.object] if isinstance(quad.object, NamedNode) else []
        sides = about[SUBJECT][0], about[PREDICATE][0], about[OBJECT][0]
        negative = next(iter(reader.quads(node, _MODIFIER, graph=graph)), None) is not None
        yield _Axiom(graph, node, *sides, negative=negative, origins=frozenset(about[ORIGIN]))


def _stated(reader: Reader, things: Collection[NamedNode]) -> Iterator[Quad]:
    """What the graphs of files state about which records are the same as one of these."""
    for thing in things:
        for relation in RELATIONS:
            for quad in (*reader.quads(thing, relation), *reader.quads(None, relation, thing)):
                if is_mapping_graph(quad.graph_name) and quad.graph_name != DECISIONS:
                    yield quad


def _statement(axiom: _Axiom, names: Names, rejected: Collection[Pair]) -> Quad | None:
    """What a mapping states: nothing if it waits, is a no, was rejected, or is of two that are one."""
    told = pair(axiom.subject, axiom.relation, axiom.object)
    one = now(told, names)
    if axiom.negative or axiom.graph == CANDIDATES or axiom.relation not in RELATIONS:
        return None
    return None if one.left == one.right or told in rejected else _quad(axiom)


def _quad(axiom: _Axiom) -> Quad:
    return Quad(axiom.subject, axiom.relation, axiom.object, axiom.graph)


def _decisions(reader: Reader, things: Collection[NamedNode], names: Names) -> Histories:
    """The decisions on pairs of these things, under the names that are given."""
    found = defaultdict[Pair, set[Pair]](set)
    for each in linkage_told.named(reader):
        one = now(each, names)
        if one.left != one.right and not {*each.sides, *one.sides}.isdisjoint(things):
            found[one].add(each)
    return {one: _history(reader, pairs) for one, pairs in found.items()}


def _history(reader: Reader, pairs: Collection[Pair]) -> tuple[Decision, ...]:
    return linkage_told.in_order(linkage_told.made(reader, each) for each in sorted(pairs))


def _is_rejected(history: tuple[Decision, ...]) -> bool:
    held = linkage_told.standing(history)
    return held is not None and held.choice is Choice.REJECTED


def _standing(histories: Histories) -> Iterator[Quad]:
    for found, history in histories.items():
        yield from linkage_told.standing_statements(found, linkage_told.standing(history))


def _made(reader: Reader, things: Collection[NamedNode]) -> set[Quad]:
    """What tells for good of each decision on one of these."""
    return {
        quad
        for each in linkage_told.named(reader)
        if not {*each.sides}.isdisjoint(things)
        for decision in linkage_told.made(reader, each)
        for quad in linkage_told.activity(each, decision)
    }
