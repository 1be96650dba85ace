"""Values that a query gives for properties, held against what a thing has: how far each agrees."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pyoxigraph import Literal, NamedNode

from iesi_kg.linking import normal
from iesi_kg.linking import reconciliation_offer as offer
from iesi_kg.linking import reconciliation_values as values
from iesi_kg.linking.entities import Entity
from iesi_kg.linking.index import fold
from iesi_kg.linking.reconciliation_offer import Property
from iesi_kg.linking.reconciliation_queries import Named, Query, Value
from iesi_kg.linking.reconciliation_things import Thing, Things
from iesi_kg.store.base import Reader, Term
from iesi_kg.vocabulary.spelling import likeness

YEARS = ("start_year", "end_year")
PAGES, IDENTIFIERS, STATUS = "pages", "identifiers", "status"
_CODED = ("countries", STATUS, "topics")
_YEAR = re.compile(r"\d{4}")
_HALF = 0.5  # texts that are less alike do not agree at all


@dataclass(frozen=True, slots=True)
class Fact:
    """What a query says of one property: as texts, as ids of the things meant; and what the things in question have."""

    asked: Property
    texts: tuple[str, ...]
    ids: frozenset[str]
    iris: frozenset[str]
    had: Mapping[str, Sequence[Term]]

    @property
    def notations(self) -> tuple[str, ...]:
        """The codes meant."""
        return tuple(sorted(id_.partition(":")[2] for id_ in self.ids))

    @property
    def year(self) -> int | None:
        """The first year that is told."""
        return next((int(found[0]) for text in self.texts if (found := _YEAR.search(text))), None)


def facts(reader: Reader, known: Things, query: Query, things: Sequence[Thing]) -> tuple[Fact, ...]:
    """What a query says, with the values of the things in question where a record does not hold them anyway."""
    return tuple(_fact(reader, known, offer.properties()[id_], given, things) for id_, given in query.properties)


def agreement(fact: Fact, thing: Thing) -> float:
    """How far a thing agrees with what a query says of a property: 1 wholly, -1 not at all, 0 unknown."""
    if thing.entity is not None and fact.asked.compares:
        return _of_record(fact, thing.entity)
    return _of_terms(fact, fact.had.get(thing.id, ()))


def _fact(reader: Reader, known: Things, property_: Property, given: Sequence[Value], things: Sequence[Thing]) -> Fact:
    meant = [term for value in given for term in values.meant(known, property_, value)]
    found = [thing for term in meant if isinstance(term, NamedNode) and (thing := known.find(term.value))]
    asked = [thing for thing in things if not (thing.entity and property_.compares)]
    had = values.of(reader, property_, asked) if asked else {}
    ids, iris = frozenset(thing.id for thing in found), frozenset(thing.iri.value for thing in found)
    return Fact(property_, tuple(map(_text, given)), ids, iris, had)


def _of_record(fact: Fact, record: Entity) -> float:
    compares = fact.asked.compares
    had = getattr(record, compares)
    if compares in YEARS:
        return 0.0 if had is None or fact.year is None else max(0.0, 1.0 - abs(had - fact.year) / 2)
    listed = (had,) if isinstance(had, str) else had
    if not any(listed):
        return 0.0
    if compares in _CODED:
        if not fact.ids:
            return 0.0
        return 1.0 if set(fact.notations) & set(listed) else 0.0 if compares == STATUS else -1.0
    if compares == PAGES:
        return float(bool(_addresses(fact.texts) & _addresses(listed)))
    if compares == IDENTIFIERS:
        return float(bool(set(map(str.casefold, fact.texts)) & set(map(str.casefold, listed))))
    return _alike(fact.texts, listed)


def _of_terms(fact: Fact, had: Sequence[Term]) -> float:
    if not had:
        return 0.0
    if fact.ids:
        return 1.0 if fact.iris & {term.value for term in had if isinstance(term, NamedNode)} else -1.0
    return _alike(fact.texts, [term.value for term in had if isinstance(term, Literal | NamedNode)])


def _alike(given: Iterable[str], had: Sequence[str]) -> float:
    """How alike the likest texts are, from half on."""
    folded = [fold(text) for text in had]
    best = max((likeness(fold(text), other) / 100 for text in given for other in folded if text), default=0.0)
    return round(max(0.0, (best - _HALF) / (1 - _HALF)), 4)


def _addresses(texts: Iterable[str]) -> set[normal.Address]:
    return {address for address in map(normal.address, texts) if address}


def _text(value: Value) -> str:
    if isinstance(value, Named):
        return value.name or value.id
    if isinstance(value, bool):
        return str(value).lower()
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
