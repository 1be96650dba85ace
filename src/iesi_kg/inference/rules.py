"""Axioms to a fixed list of SPARQL CONSTRUCT queries in an order in which one pass finds all that follows.

Properties come first, each after those that lead to it; a property is filled from all that lead to it and then, where
it is transitive, closed. Domains and ranges come next, then classes, the special before the general. Nothing later in
the list adds to what an earlier query reads, except inside a group of equivalent terms, each of which reads all others.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

from pyoxigraph import NamedNode

from iesi_kg.inference import axioms as axioms_module
from iesi_kg.inference.axioms import TYPE, Axiom, Kind

Directed: TypeAlias = tuple[NamedNode, bool]  # a term, and whether it is read backwards
Edges: TypeAlias = Mapping[Directed, set[Directed]]

_CLASSES = {Kind.SUBCLASS, Kind.EQUIVALENT_CLASS}
_BOTH_WAYS = {Kind.EQUIVALENT_CLASS, Kind.EQUIVALENT_PROPERTY, Kind.INVERSE, Kind.SYMMETRIC}
_TYPING = {Kind.DOMAIN, Kind.RANGE}
_TURNED = {Kind.INVERSE, Kind.SYMMETRIC}


@dataclass(frozen=True, slots=True)
class Rule:
    """One query of the list: what it fills, from what, by which kind of axiom."""

    kind: Kind
    source: NamedNode
    target: NamedNode
    query: str


@dataclass(frozen=True, slots=True)
class Program:
    """The queries in their order; ``reads`` are the properties whose statements they need."""

    axioms: tuple[Axiom, ...]
    rules: tuple[Rule, ...]
    reads: frozenset[NamedNode]


@cache
def bundled() -> Program:
    """The rules of the bundle's ontology."""
    return compiled(axioms_module.bundled())


def compiled(axioms: Iterable[Axiom]) -> Program:
    """The rules of some axioms."""
    kept = tuple(dict.fromkeys(axioms))
    rules = (*_property_rules(kept), *_typing_rules(kept), *_class_rules(kept))
    read = {rule.source for rule in rules if rule.kind not in _CLASSES}
    filled = {rule.target for rule in rules if rule.kind not in _CLASSES | _TYPING}
    return Program(kept, rules, frozenset({TYPE} | read | filled))


def _property_rules(axioms: tuple[Axiom, ...]) -> Iterator[Rule]:
    direct = _edges(a for a in axioms if a.kind not in _CLASSES | _TYPING | {Kind.TRANSITIVE})
    leading = _leading(direct)
    transitive = {a.subject for a in axioms if a.kind is Kind.TRANSITIVE}
    for term in _in_order({*(term for term, _ in leading), *transitive}, leading):
        sources = leading.get((term, False), set())
        for source, turned in sorted(sources - {(term, False)}, key=lambda s: (s not in direct[term, False], str(s))):
            yield _copy(source, term, turned)
        alike = {source for source, _ in sources if any((term, t) in leading[source, False] for t in (False, True))}
        if transitive & {term, *alike}:
            yield _closure(term)


def _typing_rules(axioms: tuple[Axiom, ...]) -> Iterator[Rule]:
    for axiom in axioms:
        if axiom.kind in _TYPING and axiom.object is not None:
            where = f"?x {axiom.subject} ?y" if axiom.kind is Kind.DOMAIN else f"?y {axiom.subject} ?x"
            yield Rule(axiom.kind, axiom.subject, axiom.object, _construct(f"?x {TYPE} {axiom.object}", where))


def _class_rules(axioms: tuple[Axiom, ...]) -> Iterator[Rule]:
    direct = _edges(a for a in axioms if a.kind in _CLASSES)
    leading = _leading(direct)
    for term in _in_order({term for term, _ in leading}, leading):
        sources = leading[term, False] - {(term, False)}
        for source, _ in sorted(sources, key=lambda s: (s not in direct[term, False], str(s))):
            query = _construct(f"?x {TYPE} {term}", f"?x {TYPE} {source}")
            yield Rule(Kind.SUBCLASS, source, term, query)


def _edges(axioms: Iterable[Axiom]) -> defaultdict[Directed, set[Directed]]:
    """For each term the terms that fill it by one axiom."""
    edges: defaultdict[Directed, set[Directed]] = defaultdict(set)
    for axiom in axioms:
        other, turned = axiom.object or axiom.subject, axiom.kind in _TURNED
        ends = [(axiom.subject, other)] + ([(other, axiom.subject)] if axiom.kind in _BOTH_WAYS else [])
        for source, target in ends:
            for side in (False, True):
                edges[target, side].add((source, side is not turned))
                edges[source, side].update(())
    return edges


def _leading(direct: Edges) -> defaultdict[Directed, set[Directed]]:
    """For each term all terms that fill it by any number of axioms; itself only where a circle leads back."""
    found: defaultdict[Directed, set[Directed]] = defaultdict(set)
    for start in list(direct):
        waiting = list(direct[start])
        while waiting:
            term = waiting.pop()
            if term not in found[start]:
                found[start].add(term)
                waiting += direct.get(term, ())
    return found


def _in_order(terms: set[NamedNode], leading: Edges) -> list[NamedNode]:
    """Each term after those that lead to it: what leads to a term is led to by fewer terms than the term is."""
    return sorted(terms, key=lambda term: (len({t for t, _ in leading.get((term, False), ())} | {term}), term.value))


def _copy(source: NamedNode, target: NamedNode, turned: bool) -> Rule:
    kind = Kind.SYMMETRIC if source == target else Kind.INVERSE if turned else Kind.SUBPROPERTY
    where = f"?y {source} ?x" if turned else f"?x {source} ?y"
    return Rule(kind, source, target, _construct(f"?x {target} ?y", where))


def _closure(term: NamedNode) -> Rule:
    query = f"CONSTRUCT {{ ?x {term} ?z }} WHERE {{ ?x {term}+ ?z FILTER(?x != ?z) MINUS {{ ?x {term} ?z }} }}"
    return Rule(Kind.TRANSITIVE, term, term, query)


def _construct(conclusion: str, where: str) -> str:
    return f"CONSTRUCT {{ {conclusion} }} WHERE {{ {where} MINUS {{ {conclusion} }} }}"
