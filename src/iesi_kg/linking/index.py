"""Names of things to the few things whose names are like a text, or begin with it: an inverted index of letter groups.

Names are compared by the groups of three letters in their words, the rarer the weightier (tf-idf, cosine).
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from heapq import nlargest
from math import log, sqrt

from iesi_kg.vocabulary.codelists import normalise

_WORD = re.compile(r"\w+")
_GROUP = 3
_LOOKED_AT = 4_000  # entries of the index for one text, the rarest letter groups first
_WORTH = 0.3  # of what the likest name shares with a text
_FIRST = 4  # times as many names as things are asked for are looked at first
_LAST = "\U0010ffff"


@lru_cache(maxsize=4096)
def fold(text: str) -> str:
    """The words of a text without case, accents and marks.

    >>> fold("  L'Éducation  (e-Formation) ")
    'l education e formation'
    """
    return " ".join(_WORD.findall(normalise(text)))


@dataclass(slots=True)
class Index:
    """Names under numbers: ``names[n]`` is a folded name, ``owners[n]`` the number of the thing it names."""

    names: list[str] = field(default_factory=list)
    owners: array[int] = field(default_factory=lambda: array("I"))
    _firsts: array[int] = field(default_factory=lambda: array("I"))
    _lengths: array[float] = field(default_factory=lambda: array("f"))
    _groups: dict[str, array[int]] = field(default_factory=dict)
    _words: dict[str, array[int]] = field(default_factory=dict)
    _sorted: list[str] = field(default_factory=list)
    _equal: dict[str, array[int]] = field(default_factory=dict)

    def names_of(self, thing: int) -> Sequence[str]:
        """The folded names of a thing."""
        return self.names[self._firsts[thing] : self._firsts[thing + 1]]

    def equal(self, text: str) -> Sequence[int]:
        """The things that a name of which is the same but for case, accents and marks."""
        return self._equal.get(fold(text), ())

    def like(self, text: str, most: int, keep: Callable[[int], bool] | None = None) -> list[int]:
        """The things whose names are most like a text, best first; only those that are to be kept.

        What is far less like it than the best is left out.
        """
        lengths = self._lengths
        weighed = [(weight / lengths[name], -name) for name, weight in self._shared(fold(text)).items()]
        found = self._best(nlargest(_FIRST * most, weighed), most, keep)
        return found if len(found) == most else self._best(sorted(weighed, reverse=True), most, keep)

    def _best(self, ranked: Sequence[tuple[float, int]], most: int, keep: Callable[[int], bool] | None) -> list[int]:
        found: dict[int, None] = {}
        least = 0.0
        for weight, name in ranked:
            owner = self.owners[-name]
            if weight < least or len(found) == most:
                break
            if keep is None or keep(owner):
                least = least or _WORTH * weight
                found[owner] = None
        return list(found)

    def beginning(self, text: str) -> Iterator[int]:
        """The things in a name of which every word of a text stands, the last one perhaps begun only."""
        *whole, begun = fold(text).split() or [""]
        found: set[int] | None = None
        for word in whole:
            found = found & set(self._words.get(word, ())) if found is not None else set(self._words.get(word, ()))
        place = bisect_left(self._sorted, begun)
        given: set[int] = set()
        for word in self._sorted[place : bisect_left(self._sorted, begun + _LAST)]:
            given.update(self._words[word])
        names = given if found is None else given & found
        yield from dict.fromkeys(self.owners[name] for name in sorted(names))

    def _shared(self, folded: str) -> dict[int, float]:
        """How much of the letter groups of a text each name shares; the commonest groups are left out."""
        known = sorted((names for group in _groups(folded) if (names := self._groups.get(group))), key=len)
        shared: dict[int, float] = {}
        looked_at = 0
        for names in known:
            looked_at += len(names)
            if shared and looked_at > _LOOKED_AT:
                break
            weight = self._weight(names) ** 2
            for name in names:
                shared[name] = shared.get(name, 0.0) + weight
        return shared

    def _weight(self, names: Sequence[int]) -> float:
        return 1.0 + log(len(self.names) / len(names))

    def _finish(self) -> None:
        self._firsts.append(len(self.names))
        weights = {group: self._weight(names) ** 2 for group, names in self._groups.items()}
        self._lengths.extend(sqrt(sum(weights[group] for group in _groups(name))) or 1.0 for name in self.names)
        self._sorted = sorted(self._words)


def build(named: Iterable[Sequence[str]]) -> Index:
    """The index of things, each with all its names.

    >>> index = build([["Vincles BCN"], ["Care for the elderly", "CE"], ["Caring homes"]])
    >>> index.like("care for eldery people", 2), list(index.beginning("car")), list(index.equal("ce"))
    ([1], [1, 2], [1])
    """
    made = Index()
    for thing, names in enumerate(named):
        made._firsts.append(len(made.names))
        for name in dict.fromkeys(filter(None, map(fold, names))):
            number = len(made.names)
            made.names.append(name)
            made.owners.append(thing)
            made._equal.setdefault(name, array("I")).append(thing)
            for group in _groups(name):
                made._groups.setdefault(group, array("I")).append(number)
            for word in set(name.split()):
                made._words.setdefault(word, array("I")).append(number)
    made._finish()
    return made


def _groups(folded: str) -> set[str]:
    """The letter groups of the words, the beginning and end of each marked."""
    words = (f" {word} " for word in folded.split())
    return {word[at : at + _GROUP] for word in words for at in range(len(word) - _GROUP + 1)}
