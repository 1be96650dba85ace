"""Two records to a confidence that they are the same, with what speaks for and against it, and in one sentence.

The confidence is a logistic function of weighted features: each weight says by how much the logarithm of the odds grows
(docs/reference/linking.md, decision 043). Nothing is learned from the records that are compared.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from iesi_kg.linking import features, organisations
from iesi_kg.linking.entities import ORGANISATION, Entity
from iesi_kg.linking.features import Names
from iesi_kg.linking.profiles import Corpus, Profile
from iesi_kg.linking.wording import Score, sentence

ACCEPT, REVIEW = 0.6, 0.15
SUREST = 0.9999  # only what a person decided is certain

START = -8.5
WEIGHTS: Mapping[str, float] = {
    "name": 2.0,
    "name_within": 1.0,
    "name_shared": 3.0,
    "name_same": 1.5,
    "called": 2.4,
    "titled": 2.5,
    "text": 3.4,
    "topic": 2.8,
    "copied": 3.5,
    "text_unknown": 3.0,
    "told": 1.4,
    "organisation": 1.0,
    "organisation_elsewhere": -3.0,
    "country": 2.6,
    "country_unknown": 1.0,
    "country_other": -1.3,
    "page": 1.0,
    "year_other": -1.5,
    "series": -4.0,
    "same_database": -2.6,
    "variant": -7.0,
    "identifier": 12.0,
}
_SHARED, _TOPIC = 2.0, 0.3
_EDITED, _COPIED = 0.45, 0.7  # texts that have so much in common were edited, or copied


class Band(StrEnum):
    """What is done with a pair: taken as the same, shown to a person, or left."""

    ACCEPT = "accept"
    REVIEW = "review"
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class Compared:
    """What comparing two records gave; features that are 0 are absent."""

    features: Mapping[str, float]
    confidence: float
    band: Band
    sentence: str


def compare(a: Entity, b: Entity, corpus: Corpus) -> Compared:
    """Whether two records are of the same initiative or organisation, and why.

    The corpus says how much each word tells; a record that is not part of it is compared all the same.
    """
    left, right = corpus.profile(a), corpus.profile(b)
    scored = score(left, right, corpus)
    said = sentence(left, right, scored)
    return Compared(scored.features, scored.confidence, band(scored.confidence), said)


def band(confidence: float) -> Band:
    """The band of a confidence."""
    return Band.ACCEPT if confidence >= ACCEPT else Band.REVIEW if confidence >= REVIEW else Band.REJECT


def score(a: Profile, b: Profile, corpus: Corpus) -> Score:
    """The features of two records and the confidence that they make."""
    names = features.names(a, b)
    text, words = features.text(a, b)
    bodies = a.entity.kind == ORGANISATION == b.entity.kind
    weights, start = (organisations.WEIGHTS, organisations.START) if bodies else (WEIGHTS, START)
    told = (organisations.found if bodies else _told)(a, b, corpus, names, text)
    found = {name: round(value, 4) for name, value in told if value}
    odds = start + sum(weights[name] * value for name, value in found.items())
    confidence = min(SUREST, round(1.0 / (1.0 + math.exp(-odds)), 4))
    return Score(found, confidence, names, words)


def _told(a: Profile, b: Profile, corpus: Corpus, names: Names, text: float) -> Iterator[tuple[str, float]]:
    yield "name", names.likeness
    yield "name_within", names.within
    yield "name_shared", min(names.shared, _SHARED) / _SHARED
    yield "name_same", names.squashed * min(names.shared, _SHARED) / _SHARED
    yield "called", features.called(a, b)
    yield "titled", 0.0 if names.squashed else features.titled(a, b, corpus)
    yield "series", features.series(a, b, names)
    yield "text", text
    yield "topic", min(text, _TOPIC) / _TOPIC
    copied = min(1.0, max(0.0, text - _EDITED) / (_COPIED - _EDITED))
    yield "copied", copied
    yield "text_unknown", float(not a.text or not b.text)
    yield "told", features.told(a, b)[0]
    if bodies := features.bodies(a, b):
        likeness, telling = bodies
        yield "organisation", max(0.0, likeness) * telling
        yield "organisation_elsewhere", float(likeness < 0)
    country = features.countries(a, b)
    yield "country", float(country > 0)
    yield "country_unknown", float(country == 0)
    yield "country_other", float(country < 0)
    yield "page", features.page(a, b, corpus)
    yield "year_other", max(0.0, -features.years(a, b))
    yield "same_database", float(a.entity.database == b.entity.database)
    yield "variant", features.variant(a, b, names, copied)
    yield "identifier", features.identifiers(a, b)
