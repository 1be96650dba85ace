"""Class expressions of an ontology to plain conditions (https://www.w3.org/TR/owl2-profiles/#Class_Expressions_3).

Where an expression says what is enough for a class (the subclass side), OWL 2 RL allows names, hasValue, intersection
and union; where it says what follows from a class, names, hasValue and intersection.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product
from typing import TypeAlias

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from iesi_kg.errors import IesiKgError
from iesi_kg.vocabulary.curies import shorten
from iesi_kg.vocabulary.namespaces import OWL, RDF, RDFS

TYPE = NamedNode(RDF + "type")
Value: TypeAlias = NamedNode | Literal
Part: TypeAlias = tuple[NamedNode, Value]  # a thing has this value of this property
Parts: TypeAlias = tuple[Part, ...]
Node: TypeAlias = NamedNode | BlankNode


_AXIOMS = {RDFS + "subClassOf", OWL + "equivalentClass", OWL + "disjointWith"}


class Expressions:
    """The nodes without a name of one ontology, by what they are made of."""

    def __init__(self, triples: Iterable[Triple], source: str) -> None:
        self._source = source
        self._made: dict[BlankNode, dict[str, Value | BlankNode]] = {}
        for triple in triples:
            axiom = triple.predicate.value in _AXIOMS
            if isinstance(triple.subject, BlankNode) and not isinstance(triple.object, Triple) and not axiom:
                self._made.setdefault(triple.subject, {})[triple.predicate.value] = triple.object

    def enough(self, node: Node, term: NamedNode) -> list[Parts]:
        """Each set of conditions that is enough to be of a class; ``term`` is what the axiom is about."""
        if isinstance(node, NamedNode):
            return [((TYPE, node),)]
        if (members := self._members(node, "unionOf", term)) is not None:
            return [parts for member in members for parts in self.enough(member, term)]
        if (members := self._members(node, "intersectionOf", term)) is not None:
            ways = product(*(self.enough(member, term) for member in members))
            return [tuple(dict.fromkeys(part for parts in way for part in parts)) for way in ways]
        return [(self._value(node, term),)]

    def follows(self, node: Node, term: NamedNode) -> Parts:
        """What holds of everything that is of a class."""
        if isinstance(node, NamedNode):
            return ((TYPE, node),)
        if (members := self._members(node, "intersectionOf", term)) is not None:
            return tuple(part for member in members for part in self.follows(member, term))
        if OWL + "unionOf" in self._made.get(node, {}):
            raise self._refused(term, "owl:unionOf after a class, which leaves OWL 2 RL")
        return (self._value(node, term),)

    def path(self, node: Node, term: NamedNode) -> tuple[NamedNode, ...]:
        """The properties of a chain."""
        found = self._list(node, term)
        named = tuple(member for member in found if isinstance(member, NamedNode))
        if len(named) != len(found) or len(named) < 2:
            raise self._refused(term, "a chain that is no list of two or more properties")
        return named

    def _members(self, node: BlankNode, name: str, term: NamedNode) -> list[Node] | None:
        made = self._made.get(node, {})
        if OWL + name not in made:
            return None
        members = self._list(made[OWL + name], term)
        if not members or set(made) - {OWL + name, TYPE.value}:
            raise self._refused(term, f"owl:{name} beside something else, or of nothing")
        return members

    def _value(self, node: BlankNode, term: NamedNode) -> Part:
        made = dict(self._made.get(node, {}))
        made.pop(TYPE.value, None)
        of, value = made.pop(OWL + "onProperty", None), made.pop(OWL + "hasValue", None)
        if made or not isinstance(of, NamedNode) or not isinstance(value, NamedNode | Literal):
            other = " and ".join(sorted(shorten(NamedNode(name)) for name in made))
            raise self._refused(term, other or "a class without a name")
        return of, value

    def _list(self, node: Value | BlankNode, term: NamedNode) -> list[Node]:
        found: list[Node] = []
        seen: set[BlankNode] = set()
        while isinstance(node, BlankNode):
            made = self._made.get(node, {})
            first, rest = made.get(RDF + "first"), made.get(RDF + "rest")
            if not isinstance(first, NamedNode | BlankNode) or rest is None or node in seen:
                raise self._refused(term, "a list that is not well made")
            found.append(first)
            seen.add(node)
            node = rest
        return found

    def _refused(self, term: NamedNode, what: str) -> IesiKgError:
        return no_rule(self._source, term, what)


def no_rule(source: str, term: NamedNode, what: str) -> IesiKgError:
    """The error for an axiom from which no rule is made."""
    return IesiKgError(
        f"{source}: {shorten(term)} uses {what}, from which inference makes no rule",
        hint="say it with the axioms that ontology/inference.json lists, or add the rule to iesi_kg.inference",
    )


def named_parts(parts: Iterable[Part]) -> Iterator[NamedNode]:
    """The classes and the properties that conditions read."""
    for of, value in parts:
        yield value if of == TYPE and isinstance(value, NamedNode) else of
