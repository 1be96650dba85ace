"""Queries to candidates with scores: which of our records, organisations or codes a name and its facts may mean."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from iesi_kg.linking import reconciliation_offer as offer
from iesi_kg.linking import reconciliation_values as values
from iesi_kg.linking.index import fold
from iesi_kg.linking.reconciliation_queries import Query
from iesi_kg.linking.reconciliation_scoring import NAMING, Judged, Judges
from iesi_kg.linking.reconciliation_things import Thing, Things
from iesi_kg.store.base import Reader
from iesi_kg.vocabulary.spelling import nearest

MARGIN = 5.0  # by which a match is ahead of the next candidate
LEAST = 1.0  # what is less likely is left out
POOL = 16  # candidates that are compared in full; as many as are asked for, where that is more
_NEAR = 60.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A thing that may be meant, how likely that is of 100, and whether it is taken to be the one."""

    thing: Thing
    score: float
    match: bool
    features: Mapping[str, float | bool]
    reason: Callable[[], str] = field(default=str, compare=False)


@dataclass(frozen=True, slots=True)
class Result:
    """What one query found; ``error`` says in words why it found nothing where it asked for what there is not."""

    candidates: tuple[Candidate, ...]
    error: str = ""


class Reconciler:
    """Answers queries on one version."""

    def __init__(self, reader: Reader, things: Things, judges: Judges) -> None:
        self._reader = reader
        self.things = things
        self._judges = judges

    def answer(self, query: Query) -> Result:
        """The candidates of a query, best first; ties in the order of names, then of ids."""
        fault = self._fault(query)
        if fault:
            return Result((), fault)
        query = _by_ids(query)
        keep = self._keeping(query)
        pool = [self.things.things[number] for number in self._pool(query, keep)]
        judged = self._judges.judge(self._reader, query, pool) if pool else []
        ranked = sorted(
            zip(pool, judged, strict=True), key=lambda pair: (-pair[1].score, fold(pair[0].name("en")), pair[0].id)
        )
        return Result(tuple(_candidates(ranked))[: query.limit])

    def _fault(self, query: Query) -> str:
        for id_ in query.types:
            if self.things.type(id_) is None:
                return _unknown("type", id_, nearest(id_.casefold(), self.things.types, likeness=_NEAR))
        for id_, _ in query.properties:
            if offer.property_of(id_) is None:
                return _unknown("property", id_, nearest(id_.casefold(), offer.properties(), likeness=_NEAR))
        return ""

    def _keeping(self, query: Query) -> Callable[[int], bool]:
        """What a thing must be: of one of the types asked, or of all of them."""
        things = self.things.things
        groups = [self.things.leaves(id_) for id_ in query.types]
        if not groups:
            return lambda number: True
        wanted = frozenset.intersection(*groups) if query.strict else frozenset.union(*groups)
        return lambda number: things[number].type in wanted

    def _pool(self, query: Query, keep: Callable[[int], bool]) -> Sequence[int]:
        """What is worth comparing: what has the id, a like name, or a given value where that names few."""
        found = dict.fromkeys(number for number in self._named(query) if keep(number))
        if query.text:
            found.update(dict.fromkeys(self.things.index.like(query.text, max(POOL, query.limit), keep)))
        for id_, given in query.properties:
            property_ = offer.properties()[id_]
            if property_.compares in NAMING or not query.text:
                holders = values.holders(self._reader, self.things, property_, given)
                found.update(dict.fromkeys(n for id_ in holders if keep(n := self.things.numbers[id_])))
        return list(found)

    def _named(self, query: Query) -> Iterator[int]:
        thing = self.things.find(query.text) if query.text else None
        if thing:
            yield self.things.numbers[thing.id]
        yield from self.things.index.equal(query.text)


def _candidates(ranked: Sequence[tuple[Thing, Judged]]) -> Iterator[Candidate]:
    """The first one is a match where it is to be accepted and ahead of the second."""
    for place, (thing, judged) in enumerate(ranked):
        if judged.score < LEAST:
            return
        ahead = len(ranked) == 1 or judged.score - ranked[1][1].score >= MARGIN
        yield Candidate(thing, judged.score, place == 0 and judged.accepted and ahead, judged.features, judged.reason)


def _by_ids(query: Query) -> Query:
    """A query with the ids of the properties that it may name by a title."""
    named = ((offer.property_of(text), given) for text, given in query.properties)
    return replace(query, properties=tuple((found.id, given) for found, given in named if found))


def _unknown(what: str, given: str, near: str | None) -> str:
    return f"there is no {what} {given[:80]!r}" + (f"; did you mean {near!r}?" if near else "")
