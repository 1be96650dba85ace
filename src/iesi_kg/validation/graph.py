"""Triples to a graph that is walked from node to node: what a subject says, the members of a list, the parts of a path.

Every walk is bounded by the size of the graph, whatever circles it holds; none calls itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import TypeAlias

import pyoxigraph
from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, Triple

from iesi_kg.vocabulary.namespaces import RDF, SH

Node: TypeAlias = NamedNode | BlankNode
Term: TypeAlias = NamedNode | BlankNode | Literal

FIRST, REST, NIL, TYPE = (NamedNode(RDF + name) for name in ("first", "rest", "nil", "type"))
_PATHS = frozenset(SH + name for name in ("inversePath", "zeroOrMorePath", "oneOrMorePath", "zeroOrOnePath"))
_ALTERNATIVE = SH + "alternativePath"
DEEPEST = 100
LONGEST_PATH = 10_000


class Malformed(Exception):
    """A list or a path that is none; the text says why."""


class Graph:
    """Triples by subject and predicate, in the order in which they were given."""

    def __init__(self, triples: Iterable[Triple]) -> None:
        self._facts: dict[Node, dict[str, list[Term]]] = {}
        self._in_shacl: list[Node] | None = None
        self._above: dict[BlankNode, list[Node]] | None = None
        for triple in dict.fromkeys(triples):
            if isinstance(triple.object, Triple) or isinstance(triple.subject, Triple):
                continue  # SHACL 1.0 knows no triple terms
            values = self._facts.setdefault(triple.subject, {}).setdefault(triple.predicate.value, [])
            values.append(triple.object)

    def subjects(self) -> Iterable[Node]:
        """Every subject once."""
        return self._facts.keys()

    def in_shacl(self) -> Sequence[Node]:
        """The subjects of which SHACL's own terms say anything; the members of long lists are not among them."""
        if self._in_shacl is None:
            self._in_shacl = [
                subject
                for subject, facts in self._facts.items()
                if any(name.startswith(SH) for name in facts)
                or any(name.startswith(SH) for name in self.types(subject))
            ]
        return self._in_shacl

    def facts(self, subject: Node) -> dict[str, list[Term]]:
        """What a subject says, by predicate."""
        return self._facts.get(subject, {})

    def objects(self, subject: Term, predicate: str) -> Sequence[Term]:
        """The values of a predicate; none for a literal."""
        return () if isinstance(subject, Literal) else self.facts(subject).get(predicate, ())

    def above(self, node: BlankNode) -> Sequence[Node]:
        """The subjects that have a blank node as a value."""
        if self._above is None:
            self._above = {}
            for subject, facts in self._facts.items():
                for value in chain.from_iterable(facts.values()):
                    if isinstance(value, BlankNode):
                        self._above.setdefault(value, []).append(subject)
        return self._above.get(node, ())

    def types(self, subject: Node) -> set[str]:
        """The classes that a subject names as its own."""
        return {value.value for value in self.objects(subject, TYPE.value) if isinstance(value, NamedNode)}

    def triples(self) -> Iterator[Triple]:
        """Every triple."""
        for subject, facts in self._facts.items():
            for predicate, values in facts.items():
                yield from (Triple(subject, NamedNode(predicate), value) for value in values)

    def members(self, head: Term) -> list[Term]:
        """The members of a list (SHACL section 1.2). Raises Malformed."""
        found: list[Term] = []
        seen: set[Term] = set()
        while head != NIL:
            if head in seen:
                raise Malformed("the list comes back to itself and has no end")
            seen.add(head)
            first, rest = self.objects(head, FIRST.value), self.objects(head, REST.value)
            if len(first) != 1 or len(rest) != 1:
                raise Malformed("it is no list: each part of a list has exactly one rdf:first and one rdf:rest")
            found.append(first[0])
            head = rest[0]
        return found

    def is_long(self, head: Term, most: int) -> bool:
        """Whether a list has more parts than a number, or no end."""
        for _ in range(most):
            head = next(iter(self.objects(head, REST.value)), NIL)
            if head == NIL:
                return False
        return True

    def path_parts(self, node: Term) -> tuple[str, list[Term]]:
        """How a path is made and of what: ``sequence``, ``inversePath`` ...; ``""`` for a property. Raises Malformed.

        A list is a sequence whatever else is said of its node, as the tests of the standard read it (section 2.3.1).
        """
        if isinstance(node, NamedNode):
            return "", [node]
        if isinstance(node, Literal):
            raise Malformed(f"a path is a property or a blank node that describes one, not the literal {node}")
        if self.objects(node, FIRST.value):
            parts = self.members(node)
            if len(parts) < 2:
                raise Malformed("a sequence path has at least two members")
            return "sequence", parts
        return self._marked(node)

    def _marked(self, node: BlankNode) -> tuple[str, list[Term]]:
        facts = self.facts(node)
        marks = [name for name in facts if name in _PATHS or name == _ALTERNATIVE]
        if len(marks) != 1 or len(facts[marks[0]]) != 1:
            raise Malformed("a blank node is a path by exactly one of sh:inversePath, sh:alternativePath ...")
        name, value = marks[0], facts[marks[0]][0]
        if name != _ALTERNATIVE:
            return name.removeprefix(SH), [value]
        parts = self.members(value)
        if len(parts) < 2:
            raise Malformed("an alternative path has at least two members")
        return "alternativePath", parts

    def path_nodes(self, path: Term) -> list[Term]:
        """Every part of a path. Raises Malformed for one that holds itself or is nested too deeply."""
        found: list[Term] = []
        open_parts: list[tuple[Term, tuple[Term, ...]]] = [(path, ())]
        while open_parts:
            node, above = open_parts.pop()
            if node in above:
                raise Malformed("the path holds itself and has no end")
            if len(above) > DEEPEST:
                raise Malformed(f"the path is nested more than {DEEPEST} deep")
            if len(found) >= LONGEST_PATH:
                raise Malformed(f"the path has more than {LONGEST_PATH:,} parts")
            made, parts = self.path_parts(node)
            found.append(node)
            if made:
                open_parts += [(part, (*above, node)) for part in reversed(parts)]
        return found


def read(text: bytes) -> Graph:
    """The graph of N-Triples; blank nodes keep their labels."""
    return Graph(quad.triple for quad in pyoxigraph.parse(text, RdfFormat.N_TRIPLES))
