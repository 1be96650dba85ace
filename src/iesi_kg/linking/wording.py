"""The features of a comparison to one sentence that a person can check."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from iesi_kg.linking import features, normal
from iesi_kg.linking.features import Names
from iesi_kg.linking.profiles import Profile

_SAME, _ALIKE, _SHARED = 0.999, 0.6, 0.3
_COPIED, _TEXT = 0.85, 0.2
_FEW = 0.3  # a page that no more than three records of each database name
_CALLED = 0.2  # below it, what both are called is what many say
_SAID = 3  # words of a name that are named
_SMALL = 0.5  # the share of records that have an "of" or "the"
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Score:
    """A comparison before it is put in words; ``words`` are what the descriptions share, the most telling first."""

    features: Mapping[str, float]
    confidence: float
    names: Names
    words: tuple[str, ...]


def sentence(a: Profile, b: Profile, score: Score) -> str:
    """What speaks for two records being the same, then what speaks against it."""
    said = ", ".join(_for(a, b, score)) or "nothing in common"
    against = ", ".join(_against(a, b, score.features))
    return f"{said}; but {against}" if against else said


def _for(a: Profile, b: Profile, score: Score) -> Iterator[str]:
    found = score.features
    if found.get("identifier"):
        yield "one states the key of the other" if found["identifier"] == 1.0 else "both state one key"
    yield from _names(a, b, score)
    body = _body(a, b)
    if body:
        yield f"same organisation ({body})"
    place = _place(a, b)
    if place and place != body:
        yield f"same place ({place})"
    elif found.get("country"):
        yield f"same country ({', '.join(sorted(set(a.entity.countries) & set(b.entity.countries)))})"
    if found.get("page", 0.0) >= _FEW:
        yield "same page on the web, which few others name"
    yield from _texts(a, score)


def _names(a: Profile, b: Profile, score: Score) -> Iterator[str]:
    names, words = score.names, _quoted(_telling(score.names.words)[:_SAID], a)
    if names.likeness >= _SAME:
        yield "same name"
    elif names.within >= _SAME:
        yield "same name except for a suffix or prefix"
    elif score.features.get("titled", 0.0) >= _CALLED:
        yield "the whole name of one stands in the other's"
    elif names.likeness >= _ALIKE:
        yield f"names alike ({words})" if words else "names alike"
    elif score.features.get("called", 0.0) >= _CALLED:
        yield f"both are called {_quoted(_called(a, b), a)}"
    elif names.likeness >= _SHARED and words:
        yield f"names share {words}"
    weight, word = features.told(a, b)
    if weight and names.within < _SAME:
        yield f"the word {_quoted([word], a, b)} of one's name stands in the other's text"


def _called(a: Profile, b: Profile) -> list[str]:
    """The words by which both are called, the most telling first; those that tell less than half of it are left out."""
    both = sorted((word for word in a.heads if word in b.heads), key=lambda word: (-a.heads[word], word))
    return [word for word in both if a.heads[word] >= a.heads[both[0]] / 2][:_SAID]


def _telling(stems: Iterable[str]) -> list[str]:
    """Words that tell by themselves: no "of" or "in", no single letter."""
    shares = normal.lexicon().shares
    return [stem for stem in stems if len(stem) > 1 and shares.get(stem, 0.0) < _SMALL]


def _texts(a: Profile, score: Score) -> Iterator[str]:
    text = score.features.get("text", 0.0)
    if text >= _SAME:
        yield "same description"
    elif text >= _COPIED:
        yield "nearly the same description"
    elif text >= _TEXT:
        words = _telling(score.words)
        yield f"descriptions share {_quoted(words, a)}" if words else "descriptions alike"


def _against(a: Profile, b: Profile, found: Mapping[str, float]) -> Iterator[str]:
    if found.get("part"):
        yield "one is named as a part, chapter or branch of the other"
    if found.get("prefix"):
        yield "the longer name begins with a word of its own"
    if found.get("variant"):
        yield "each name has words of its own"
    if found.get("place_other"):
        yield f"other places ({', '.join(a.entity.places)} and {', '.join(b.entity.places)})"
    if found.get("series"):
        yield "each name has a number, place or country of its own, as in a series"
    if found.get("organisation_elsewhere"):
        yield "each organisation governs another place"
    if found.get("country_other"):
        yield f"other countries ({'/'.join(a.entity.countries)} and {'/'.join(b.entity.countries)})"
    if found.get("year_other"):
        yield f"other years ({a.entity.start_year} and {b.entity.start_year})"


def _body(a: Profile, b: Profile) -> str:
    """The organisation that both name, if they name it alike."""
    known = {body.squashed for body in b.bodies}
    return next((body.name for body in a.bodies if body.squashed in known), "")


def _place(a: Profile, b: Profile) -> str:
    """What both say of where they are, as the first writes it."""
    texts = (*a.entity.places, *(body.name for body in a.bodies if body.governs))
    return next((text for text in texts if {*normal.words(text)} & a.places & b.places), "")


def _quoted(stems: Iterable[str], *profiles: Profile) -> str:
    """Words as a record writes them, of the forms in which they are compared."""
    texts = (text for profile in profiles for text in (*profile.entity.names, profile.entity.description))
    written: dict[str, str] = {}
    for text in texts:
        for word in _WORD.findall(normal.mended(text)):
            written.setdefault(normal.stem(normal.folded(word)), word)
    return ", ".join(f"'{written.get(stem, stem)}'" for stem in stems)
