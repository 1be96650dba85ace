"""A query and a thing to a score of 100 and what it rests on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from iesi_kg.linking.index import fold
from iesi_kg.linking.reconciliation_queries import Query
from iesi_kg.linking.reconciliation_things import Things
from iesi_kg.store.base import Reader
from iesi_kg.vocabulary.spelling import likeness


@dataclass(frozen=True, slots=True)
class Judged:
    """How likely a thing is meant, of 100, whether that is enough, and the features it rests on."""

    score: float
    accepted: bool
    features: Mapping[str, float | bool]


Judge = Callable[[int], Judged]


class Judges:
    """Judges things."""

    telling = frozenset({"pages", "identifiers"})

    def __init__(self, things: Things) -> None:
        self._things = things

    def of(self, query: Query, reader: Reader) -> Judge:
        folded = fold(query.text)

        def judge(number: int) -> Judged:
            thing = self._things.things[number]
            if thing.id == query.text:
                return Judged(100.0, True, {"id": True})
            name = max((likeness(folded, fold(name)) for name in thing.names), default=0.0)
            return Judged(round(name, 2), name >= 90, {"name": name / 100})

        return judge
