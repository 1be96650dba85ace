"""Statements counted by class, property and both, as VoID describes a data set (https://www.w3.org/TR/void/#statistics)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from pyoxigraph import Literal, NamedNode, Triple

from iesi_kg.vocabulary.namespaces import BASE, DCT, OWL, RDF, SKOS

_TYPE = NamedNode(RDF + "type")
_LINKING = frozenset(
    NamedNode(name)
    for name in (
        *(f"{SKOS}{kind}Match" for kind in ("exact", "close", "broad", "narrow", "related")),
        OWL + "sameAs",
        DCT + "spatial",
    )
)
_LOCAL = re.compile(r"[^/#]*\Z")


class Types(Protocol):
    """The classes of things."""

    def get(self, thing: object, default: tuple[NamedNode, ...], /) -> tuple[NamedNode, ...]: ...


@dataclass(slots=True)
class Census:
    """How many statements there are: in all, by property, by class and property, and so on inward.

    ``elsewhere`` is how many subjects there are beside those that are named.
    """

    triples: int = 0
    elsewhere: int = 0
    subjects: set[object] = field(default_factory=set)
    entities: Counter[NamedNode] = field(default_factory=Counter)
    properties: Counter[NamedNode] = field(default_factory=Counter)
    used: Counter[tuple[NamedNode, NamedNode]] = field(default_factory=Counter)
    targets: Counter[tuple[NamedNode, NamedNode, NamedNode]] = field(default_factory=Counter)
    datatypes: Counter[tuple[NamedNode, NamedNode, NamedNode]] = field(default_factory=Counter)
    links: Counter[tuple[NamedNode, str]] = field(default_factory=Counter)
    first: dict[NamedNode, str] = field(default_factory=dict)

    def count(self, triples: Iterable[Triple], types: Types) -> Census:
        """Count these statements too; ``types`` says the classes of every subject and object."""
        for triple in triples:
            subject, predicate, target = triple.subject, triple.predicate, triple.object
            self.triples += 1
            self.subjects.add(subject)
            self.properties[predicate] += 1
            if predicate == _TYPE and isinstance(target, NamedNode):
                self._enter(subject, target)
            if predicate in _LINKING and isinstance(target, NamedNode) and not target.value.startswith(BASE):
                self.links[predicate, namespace(target)] += 1
            for kind in types.get(subject, ()):
                self.used[kind, predicate] += 1
                if isinstance(target, Literal):
                    self.datatypes[kind, predicate, target.datatype] += 1
                for other in types.get(target, ()):
                    self.targets[kind, predicate, other] += 1
        return self

    @property
    def distinct(self) -> int:
        """How many subjects there are."""
        return self.elsewhere + len(self.subjects)

    def together(self, other: Census) -> Census:
        """Both counted; they share no statement, and no subject but those that both name."""
        return Census(
            self.triples + other.triples,
            self.elsewhere + other.elsewhere,
            self.subjects | other.subjects,
            self.entities + other.entities,
            self.properties + other.properties,
            self.used + other.used,
            self.targets + other.targets,
            self.datatypes + other.datatypes,
            self.links + other.links,
            {**other.first, **self.first},
        )

    def without(self, other: Census) -> Census:
        """What is left when these statements are not counted; subjects and first things are the caller's to say."""
        return Census(
            self.triples - other.triples,
            entities=self.entities - other.entities,
            properties=self.properties - other.properties,
            used=self.used - other.used,
            targets=self.targets - other.targets,
            datatypes=self.datatypes - other.datatypes,
            links=self.links - other.links,
        )

    def _enter(self, subject: object, kind: NamedNode) -> None:
        self.entities[kind] += 1
        iri = getattr(subject, "value", "")
        if kind not in self.first or iri < self.first[kind]:
            self.first[kind] = iri


def types_of(triples: Iterable[Triple]) -> dict[object, tuple[NamedNode, ...]]:
    """The classes of each thing."""
    found: dict[object, tuple[NamedNode, ...]] = {}
    for triple in triples:
        if triple.predicate == _TYPE and isinstance(triple.object, NamedNode):
            found[triple.subject] = (*found.get(triple.subject, ()), triple.object)
    return found


def namespace(term: NamedNode) -> str:
    """An IRI without its local name.

    >>> namespace(NamedNode("http://www.w3.org/2004/02/skos/core#note"))
    'http://www.w3.org/2004/02/skos/core#'
    """
    return _LOCAL.sub("", term.value)
