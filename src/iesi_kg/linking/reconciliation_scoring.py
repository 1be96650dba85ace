"""A query and a thing to a score of 100: how likely the query means the thing, and what that rests on.

Records are compared as the linker compares them; a query adds how the name is spelled and what its properties say
(docs/reference/reconciliation.md, decision 047).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from pyoxigraph import NamedNode

from iesi_kg.linking import entities, scoring
from iesi_kg.linking.entities import Entity
from iesi_kg.linking.index import fold
from iesi_kg.linking.profiles import Corpus
from iesi_kg.linking.reconciliation_facts import IDENTIFIERS, PAGES, Fact, agreement, facts
from iesi_kg.linking.reconciliation_queries import Query
from iesi_kg.linking.reconciliation_things import Thing, Things
from iesi_kg.linking.scoring import Band, band
from iesi_kg.linking.wording import Score, sentence
from iesi_kg.store.base import Reader
from iesi_kg.vocabulary.spelling import likeness

SPELLING, AGREES = 4.0, 1.0  # by how much the logarithm of the odds grows: a name spelled alike, a property that agrees
_SURE = 0.00005  # the linker rounds its confidence to four places
_WHOLE, _MOSTLY, _TELLING = 0.9, 0.7, 0.75  # one name in the other; most of it, and that is telling
_UNLIKE = 0.8  # names that are spelled less alike than this gain nothing
_CODE_UNLIKE, _CODE_MOST = 0.5, 95.0
_ASKED = NamedNode("urn:query")
NAMING = (IDENTIFIERS, PAGES)  # facts by which alone a record can be known
_SCORED = ("names", "description", "countries", "organisations", *NAMING)  # what the linker weighs by itself


@dataclass(frozen=True, slots=True)
class Judged:
    """How likely a thing is meant, of 100, whether that is enough, the features it rests on, and in a sentence why."""

    score: float
    accepted: bool
    features: Mapping[str, float | bool]
    reason: Callable[[], str] = field(default=str, compare=False)


_THE_ID = Judged(100.0, True, {"id": True})


def weights() -> Mapping[str, float]:
    """By how much each feature of a record raises the logarithm of the odds; that of spelling from ``_UNLIKE`` on."""
    return {**scoring.WEIGHTS, "spelling": SPELLING}


class Judges:
    """What is known of all records of a version, by which one of them is judged; made once."""

    def __init__(self, things: Things) -> None:
        self._things = things
        records = [thing.entity for thing in things.things if thing.entity]
        kinds = (entities.INITIATIVE, entities.ORGANISATION)
        self._corpora = {kind: Corpus.of([[record for record in records if record.kind == kind]]) for kind in kinds}

    def judge(self, reader: Reader, query: Query, things: Sequence[Thing]) -> list[Judged]:
        """What each of these things gets."""
        given = facts(reader, self._things, query, things)
        known = self._things.find(query.text) if query.text else None
        asked = {kind: corpus.profile(_asked(kind, query, given)) for kind, corpus in self._corpora.items()}
        folded = fold(query.text)
        found = []
        for thing in things:
            agreements = {fact.asked.id: value for fact in given if (value := agreement(fact, thing))}
            if thing is known:
                found.append(_THE_ID)
            elif not query.text:
                found.append(_without_name(given, agreements))
            elif thing.entity is None:
                found.append(_code(self._spelling(folded, thing), agreements))
            else:
                corpus = self._corpora[thing.kind]
                profile = corpus.profile(thing.entity)
                scored = scoring.score(asked[thing.kind], profile, corpus)
                judged = _record(self._spelling(folded, thing), scored, given, agreements)
                found.append(replace(judged, reason=partial(sentence, asked[thing.kind], profile, scored)))
        return found

    def _spelling(self, folded: str, thing: Thing) -> float:
        """How like the likest name is, letter by letter; 1 for the same but for case, accents and marks."""
        names = self._things.folded(thing)
        return 1.0 if folded in names else max((likeness(folded, name) / 100 for name in names), default=0.0)


def _record(alike: float, scored: Score, given: Sequence[Fact], agreements: Mapping[str, float]) -> Judged:
    """The linker's confidence, its odds raised by the spelling of the name and by properties it does not weigh."""
    further = sum(agreements.get(fact.asked.id, 0.0) for fact in given if not _is_scored(fact))
    described = any(fact.asked.compares == "description" for fact in given)
    spelled = max(0.0, (alike - _UNLIKE) / (1 - _UNLIKE))
    before = min(max(scored.confidence, _SURE), 1 - _SURE)
    odds = math.log(before / (1 - before)) + SPELLING * spelled + AGREES * further
    confidence = 1 / (1 + math.exp(-odds))
    if _contradicted(agreements) or not (described or _bears(alike, scored.features)):
        confidence *= scoring.ACCEPT  # so that it stays below the band, in the same order
    told = {"spelling": round(alike, 4), **scored.features, **_told(agreements)}
    return Judged(round(100 * confidence, 2), band(confidence) is Band.ACCEPT, told)


def _bears(alike: float, features: Mapping[str, float]) -> bool:
    """Whether the names alone could bear a match, or an identifier does."""
    within, shared = features.get("name_within", 0.0), features.get("name_shared", 0.0)
    return (
        "identifier" in features or alike >= _UNLIKE or within >= _WHOLE or (within >= _MOSTLY and shared >= _TELLING)
    )


def _code(alike: float, agreements: Mapping[str, float]) -> Judged:
    """A code is meant for certain where a label or its notation is the text, but for case, accents and marks."""
    same = alike == 1.0
    near = max(0.0, (alike - _CODE_UNLIKE) / (1 - _CODE_UNLIKE)) ** 2
    agrees = not _contradicted(agreements)
    score = 100.0 if same else round(_CODE_MOST * near, 2)
    return Judged(score if agrees else score / 2, same and agrees, {"spelling": round(alike, 4), **_told(agreements)})


def _without_name(given: Sequence[Fact], agreements: Mapping[str, float]) -> Judged:
    """A query of properties alone: the share of them that agrees; accepted by what names one record, unopposed."""
    share = sum(max(0.0, value) for value in agreements.values()) / len(given)
    named = any(agreements.get(fact.asked.id) == 1.0 for fact in given if fact.asked.compares in NAMING)
    return Judged(round(100 * share, 2), named and not _contradicted(agreements), _told(agreements))


def _asked(kind: str, query: Query, given: Sequence[Fact]) -> Entity:
    """The query as a record, of no database, that can be compared with others."""
    by = {fact.asked.compares: fact for fact in given if fact.asked.compares}
    texts = {name: tuple(text for fact in given if fact.asked.compares == name for text in fact.texts) for name in by}
    identifiers = texts.get(IDENTIFIERS, ())
    return Entity(
        curie=identifiers[0] if identifiers else "",
        iri=_ASKED,
        database="",
        kind=kind,
        names=tuple(filter(None, (query.text, *texts.get("names", ())))),
        description=" ".join(texts.get("description", ())),
        countries=by["countries"].notations if "countries" in by else (),
        places=texts.get("places", ()),
        start_year=by["start_year"].year if "start_year" in by else None,
        pages=texts.get(PAGES, ()),
        organisations=texts.get("organisations", ()),
        identifiers=identifiers,
    )


def _contradicted(agreements: Mapping[str, float]) -> bool:
    """Whether a thing has nothing of what a query says of some property."""
    return any(value < 0 for value in agreements.values())


def _is_scored(fact: Fact) -> bool:
    return fact.asked.compares in _SCORED


def _told(agreements: Mapping[str, float]) -> dict[str, float]:
    return {f"property_{name}": value for name, value in agreements.items()}
