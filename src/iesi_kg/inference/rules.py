"""Axioms to a fixed list of SPARQL CONSTRUCT queries in an order in which one pass finds all that follows.

Properties come first, each after those that lead to it; a property is filled from chains, then from all properties that
lead to it, and then, where it is transitive, closed. Domains and ranges come next, then classes, the special before the
general, each from its definitions first. Nothing later in the list adds to what an earlier query reads, except inside a
group of equivalent terms, each of which reads all others. Axioms for which no such order exists (a chain that leads
into itself, a value that follows from a class) are told by ``again``: the list is then run until nothing is new.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import TypeAlias

from pyoxigraph import NamedNode

from iesi_kg.inference import axioms as axioms_module
from iesi_kg.inference import written as written_module
from iesi_kg.inference.axioms import Axiom, Kind
from iesi_kg.inference.expressions import TYPE, Parts, named_parts
from iesi_kg.inference.written import Written

Directed: TypeAlias = tuple[NamedNode, bool]  # a term, and whether it is read backwards
Edges: TypeAlias = Mapping[Directed, set[Directed]]

_CLASSES = {Kind.SUBCLASS, Kind.EQUIVALENT_CLASS}
_BOTH_WAYS = {Kind.EQUIVALENT_CLASS, Kind.EQUIVALENT_PROPERTY, Kind.INVERSE, Kind.SYMMETRIC}
_TYPING = {Kind.DOMAIN, Kind.RANGE}
_TURNED = {Kind.INVERSE, Kind.SYMMETRIC}
_JOINED = {Kind.CHAIN, Kind.DEFINITION, Kind.VALUE}  # from several statements at once
_COPIED = set(Kind) - _CLASSES - _TYPING - _JOINED - {Kind.TRANSITIVE}


@dataclass(frozen=True, slots=True)
class Rule:
    """One query of the list: what it fills, from what, by which kind of axiom."""

    kind: Kind
    sources: tuple[NamedNode, ...]
    target: NamedNode
    query: str


@dataclass(frozen=True, slots=True)
class Program:
    """The written rules, then the queries in their order; ``reads`` are the properties whose statements they need, and
    ``final`` the queries whose results no other one looks at.
    """

    axioms: tuple[Axiom, ...]
    written: tuple[Written, ...]
    rules: tuple[Rule, ...]
    reads: frozenset[NamedNode]
    again: bool
    final: frozenset[Rule]

    @property
    def digest(self) -> str:
        """What tells one set of rules from another: the digest of all queries in their order."""
        queries = [*(rule.query for rule in self.written), *(rule.query for rule in self.rules)]
        return sha256("\n".join(queries).encode()).hexdigest()


@cache
def bundled() -> Program:
    """The rules of the bundle's ontology."""
    return compiled(axioms_module.bundled(), written_module.bundled())


def compiled(axioms: Iterable[Axiom], written: Iterable[Written] = ()) -> Program:
    """The rules of some axioms, after the written ones."""
    kept, written = tuple(dict.fromkeys(axioms)), tuple(written)
    rules = (*_property_rules(kept), *_typing_rules(kept), *_class_rules(kept), *_value_rules(kept))
    named = {term for rule in rules for term in (*rule.sources, rule.target)}
    reads = frozenset({TYPE} | named).union(*(rule.reads for rule in written))
    again = _again(rules)
    return Program(kept, written, rules, reads, again, frozenset() if again else _final(rules))


def _final(rules: tuple[Rule, ...]) -> frozenset[Rule]:
    read = {source for rule in rules for source in rule.sources}
    last = {rule.target: rule for rule in rules}
    return frozenset(rule for target, rule in last.items() if target not in read)


def _again(rules: tuple[Rule, ...]) -> bool:
    """Whether a query adds to what itself or an earlier one reads; among copies alone the order takes care of it."""
    return any(
        later.target in earlier.sources
        for place, earlier in enumerate(rules)
        for later in rules[place:]
        if earlier.kind in _JOINED or later.kind in _JOINED
    )


def _property_rules(axioms: tuple[Axiom, ...]) -> Iterator[Rule]:
    direct = _edges(axiom for axiom in axioms if axiom.kind in _COPIED)
    leading = _leading(direct)
    chains = [axiom for axiom in axioms if axiom.kind is Kind.CHAIN]
    transitive = {axiom.subject for axiom in axioms if axiom.kind is Kind.TRANSITIVE}
    terms = {*(term for term, _ in leading), *transitive, *(axiom.subject for axiom in chains)}
    for term in _in_order(terms, direct, ((axiom.subject, axiom.path) for axiom in chains)):
        yield from (_chain(axiom) for axiom in chains if axiom.subject == term)
        sources = leading.get((term, False), set())
        near = direct.get((term, False), set())
        for source, turned in sorted(sources - {(term, False)}, key=lambda s: (s not in near, str(s))):
            yield _copy(source, term, turned)
        alike = {source for source, _ in sources if any((term, t) in leading[source, False] for t in (False, True))}
        if transitive & {term, *alike}:
            yield _closure(term)


def _typing_rules(axioms: tuple[Axiom, ...]) -> Iterator[Rule]:
    for axiom in axioms:
        if axiom.kind in _TYPING and axiom.object is not None:
            where = f"?x {axiom.subject} ?y" if axiom.kind is Kind.DOMAIN else f"?y {axiom.subject} ?x"
            query = _construct(f"?x {TYPE} {axiom.object}", where)
            yield Rule(axiom.kind, (axiom.subject,), axiom.object, query)


def _class_rules(axioms: tuple[Axiom, ...]) -> Iterator[Rule]:
    direct = _edges(axiom for axiom in axioms if axiom.kind in _CLASSES)
    leading = _leading(direct)
    defined: defaultdict[NamedNode, list[Parts]] = defaultdict(list)
    for axiom in axioms:
        if axiom.kind is Kind.DEFINITION:
            defined[axiom.subject].append(axiom.parts)
    needs = ((term, tuple(named_parts(parts))) for term, ways in defined.items() for parts in ways)
    for term in _in_order({*(term for term, _ in leading), *defined}, direct, needs):
        if term in defined:
            yield _definition(term, defined[term])
        sources = leading.get((term, False), set()) - {(term, False)}
        for source, _ in sorted(sources, key=lambda s: (s not in direct[term, False], str(s))):
            yield Rule(Kind.SUBCLASS, (source,), term, _construct(f"?x {TYPE} {term}", f"?x {TYPE} {source}"))


def _value_rules(axioms: tuple[Axiom, ...]) -> Iterator[Rule]:
    for axiom in axioms:
        if axiom.kind is Kind.VALUE and axiom.gives:
            query = _construct(f"?x {axiom.subject} {axiom.gives[1]}", _conditions(axiom.parts))
            yield Rule(Kind.VALUE, tuple(named_parts(axiom.parts)), axiom.subject, query)


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


def _in_order(
    terms: set[NamedNode], direct: Edges, joined: Iterable[tuple[NamedNode, tuple[NamedNode, ...]]]
) -> list[NamedNode]:
    """Each term after those that lead to it: what leads to a term is led to by fewer terms than the term is."""
    needs = defaultdict(set, {end: set(sources) for end, sources in direct.items()})
    for target, sources in joined:
        for source in sources:
            needs[target, False].add((source, False))
            needs[source, False].update(())
    leading = _leading(needs)
    return sorted(terms, key=lambda term: (len({t for t, _ in leading[term, False]} | {term}), term.value))


def _copy(source: NamedNode, target: NamedNode, turned: bool) -> Rule:
    kind = Kind.SYMMETRIC if source == target else Kind.INVERSE if turned else Kind.SUBPROPERTY
    where = f"?y {source} ?x" if turned else f"?x {source} ?y"
    return Rule(kind, (source,), target, _construct(f"?x {target} ?y", where))


def _chain(axiom: Axiom) -> Rule:
    where = f"?x {' / '.join(map(str, axiom.path))} ?y"
    return Rule(Kind.CHAIN, axiom.path, axiom.subject, _construct(f"?x {axiom.subject} ?y", where))


def _definition(term: NamedNode, ways: list[Parts]) -> Rule:
    where = " UNION ".join(f"{{ {_conditions(parts)} }}" for parts in ways)
    sources = tuple(dict.fromkeys(source for parts in ways for source in named_parts(parts)))
    return Rule(Kind.DEFINITION, sources, term, _construct(f"?x {TYPE} {term}", where))


def _conditions(parts: Parts) -> str:
    return " ".join(f"?x {of} {value} ." for of, value in parts)


def _closure(term: NamedNode) -> Rule:
    query = _construct(f"?x {term} ?z", f"?x {term}+ ?z FILTER(?x != ?z)")
    return Rule(Kind.TRANSITIVE, (term,), term, query)


def _construct(conclusion: str, where: str) -> str:
    """A query for what is new. MINUS would build a table of all that is known already, for each of the rules, and make
    a pass cost more than in proportion to the data; the filter asks for what was found only.
    """
    return f"CONSTRUCT {{ {conclusion} }} WHERE {{ {where} FILTER NOT EXISTS {{ {conclusion} }} }}"
