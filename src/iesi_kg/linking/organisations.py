"""Two organisations to what speaks for and against their being one; a chapter or a faculty is a part, not the same."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from iesi_kg.linking import features, normal
from iesi_kg.linking.features import Names
from iesi_kg.linking.profiles import Corpus, Profile

START = -7.0
WEIGHTS: Mapping[str, float] = {
    "name": 5.0,
    "name_within": 2.0,
    "name_shared": 2.5,
    "place": 3.0,
    "place_other": -3.0,
    "country": 1.0,
    "country_other": -3.0,
    "page": 3.0,
    "text": 3.0,
    "prefix": -5.5,
    "part": -9.0,
    "variant": -6.0,
    "identifier": 12.0,
}
_AGAINST_ONE = ("part", "prefix", "place_other", "country_other")
_SHARED = 1.5
_OWN = 0.2  # the weight of words of its own by which a name is another one


def found(a: Profile, b: Profile, corpus: Corpus, names: Names, text: float) -> Iterator[tuple[str, float]]:
    """The features of two organisations."""
    yield "name", names.likeness * min(1.0, names.rarest / features.RARE)
    yield "name_within", names.within * min(1.0, names.shared)
    yield "name_shared", min(names.shared, _SHARED) / _SHARED
    if a.places and b.places:
        same = features.places(a, b)
        yield "place", float(same)
        yield "place_other", float(not same)
    country = features.countries(a, b)
    yield "country", float(country > 0)
    yield "country_other", float(country < 0)
    yield "page", features.page(a, b, corpus)
    yield "text", text
    yield "part", float(is_part(a, b, names))
    yield "prefix", float(_prefix(a, b, names))
    yield "variant", min(1.0, names.left / _OWN, names.right / _OWN)
    yield "identifier", features.identifiers(a, b)


def part(told: Mapping[str, float]) -> float:
    """How sure it is that one is a part, chapter or branch of the other, by the features of the two."""
    if not told.get("part"):
        return 0.0
    odds = START + sum(WEIGHTS[name] * value for name, value in told.items() if name not in _AGAINST_ONE)
    return round(1.0 / (1.0 + math.exp(-odds)), 4)


def is_part(a: Profile, b: Profile, names: Names) -> bool:
    """Whether one is named as the other with a word for a part, a country or a place of its own beside it."""
    if names.squashed or (names.left and names.right):
        return False
    longer, other, rest = (a, b, names.only_left) if names.left else (b, a, names.only_right)
    lexicon = normal.lexicon()
    own = longer.places - other.places
    return any(word in lexicon.part or word in lexicon.countries or word in own for word in rest)


def _prefix(a: Profile, b: Profile, names: Names) -> bool:
    """Whether one name has a word of its own before, or between, the words that both have: "Young Rewired State"."""
    return _before(a, names.words, names.only_left) or _before(b, names.words, names.only_right)


def _before(profile: Profile, shared: tuple[str, ...], own: tuple[str, ...]) -> bool:
    common = normal.lexicon().shares
    for name in profile.names:
        order = list(name)
        last = max((order.index(word) for word in shared if word in name), default=-1)
        if any(word in name and order.index(word) < last and word not in common for word in own):
            return True
    return False
