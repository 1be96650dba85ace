"""Own texts and the words of others to the long runs of words that both have, by looking up runs of a fixed length.

Memory grows with the own texts; the others are read through once.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

RUN = 12  # so many words in the same order are no chance
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Run:
    """Words that an own text shares with another text: its key, the other's name, how many, and the words."""

    key: str
    source: str
    length: int
    text: str


class Runs:
    """The own texts by every run of ``RUN`` words in them."""

    def __init__(self, texts: Mapping[str, str], length: int = RUN) -> None:
        self._length = length
        self._words = {key: words(text) for key, text in texts.items()}
        self._places: dict[tuple[str, ...], list[tuple[str, int]]] = defaultdict(list)
        for key, found in self._words.items():
            for at in range(len(found) - length + 1):
                self._places[tuple(found[at : at + length])].append((key, at))

    def shared(self, source: str, others: Sequence[str]) -> Iterator[Run]:
        """For each own text the longest run that it shares with the words of another.

        >>> runs = Runs({"mine": "They say that one two three four."}, length=3)
        >>> [(run.key, run.length, run.text) for run in runs.shared("theirs", words("One, two, THREE, four, five"))]
        [('mine', 4, 'one two three four')]
        """
        longest: dict[str, tuple[int, int]] = {}
        for at in range(len(others) - self._length + 1):
            for key, place in self._places.get(tuple(others[at : at + self._length]), ()):
                found = self._reach(key, place, others, at)
                if found > longest.get(key, (0, 0))[0]:
                    longest[key] = found, place
        for key, (found, place) in longest.items():
            yield Run(key, source, found, " ".join(self._words[key][place : place + found]))

    def _reach(self, key: str, place: int, others: Sequence[str], at: int) -> int:
        """How many words are the same from here on."""
        pairs = zip(self._words[key][place:], others[at:], strict=False)
        return next(
            (count for count, (one, other) in enumerate(pairs) if one != other), self._left(key, place, others, at)
        )

    def _left(self, key: str, place: int, others: Sequence[str], at: int) -> int:
        return min(len(self._words[key]) - place, len(others) - at)


def words(text: str) -> list[str]:
    """The words of a text without case and accents.

    >>> words("Café-Numérique, 2 ÖRE")
    ['cafe', 'numerique', '2', 'ore']
    """
    plain = unicodedata.normalize("NFKD", text.casefold())
    return _WORD.findall("".join(c for c in plain if not unicodedata.combining(c)))
