"""The codes of all initiatives of one version, counted once: each code is a number whose bits are its initiatives.

How many have several codes together is then the count of bits that are set in all of the numbers, whatever the size of
the list; a page that shows a hundred counts needs a hundred of these.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tallies:
    """For each facet and code the initiatives that have it, by their places in the list, and those that have none.

    ``own`` counts those that were coded with a code itself, ``years`` holds the initiatives that began in each year.
    """

    everything: int
    holders: Mapping[str, Mapping[str, int]]
    uncoded: Mapping[str, int]
    own: Mapping[str, Counter[str]]
    years: Mapping[int, int]

    @classmethod
    def of(
        cls,
        codes: Sequence[Mapping[str, Iterable[str]]],
        own: Iterable[Mapping[str, Iterable[str]]],
        years: Iterable[str | None],
    ) -> Tallies:
        """Counted from the codes of each initiative in the order of the list."""
        places: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        for place, given in enumerate(codes):
            for facet, found in given.items():
                for code in found:
                    places[facet][code].append(place)
        began: dict[int, list[int]] = defaultdict(list)
        for place, year in enumerate(years):
            if year is not None:
                began[int(year)].append(place)
        counted: dict[str, Counter[str]] = defaultdict(Counter)
        for given in own:
            for facet, found in given.items():
                counted[facet].update(found)
        everything = (1 << len(codes)) - 1
        holders = {
            facet: {code: _bits(found, len(codes)) for code, found in each.items()} for facet, each in places.items()
        }
        uncoded = {facet: everything & ~_together(each.values()) for facet, each in holders.items()}
        return cls(everything, holders, uncoded, counted, {year: _bits(one, len(codes)) for year, one in began.items()})

    def with_code(self, facet: str, code: str, none: str) -> int:
        """The initiatives that have a code of a facet; ``none`` is the code of those that have no other."""
        if code == none:
            return self.uncoded.get(facet, self.everything)
        return self.holders.get(facet, {}).get(code, 0)

    def with_any(self, facet: str, codes: Iterable[str], none: str) -> int:
        """The initiatives that have one of some codes."""
        return _together(self.with_code(facet, code, none) for code in codes)


def places(bits: int) -> list[int]:
    """The places of the bits that are set, in order.

    >>> places(0b1011)
    [0, 1, 3]
    """
    return [place for place, sign in enumerate(reversed(f"{bits:b}")) if sign == "1"]


def bits_where(kept: Iterable[bool]) -> int:
    """The number whose bits say which of some were kept.

    >>> bits_where([True, True, False, True])
    11
    """
    return int("".join("1" if each else "0" for each in kept)[::-1] or "0", 2)


def _bits(found: Iterable[int], size: int) -> int:
    row = bytearray(size // 8 + 1)
    for place in found:
        row[place >> 3] |= 1 << (place & 7)
    return int.from_bytes(row, "little")


def _together(each: Iterable[int]) -> int:
    found = 0
    for one in each:
        found |= one
    return found
