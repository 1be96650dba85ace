"""Remembers how many solutions questions have on some data, so that each is counted once while the data stay."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field

Count = Callable[[str, int], Awaitable[int]]

_REMEMBERED = 4_096
_VARIABLE = re.compile(r"[?$]\w+")


@dataclass(frozen=True, slots=True)
class Counts:
    """Numbers that were counted, each with the bound beyond which it was not: below that it is exact."""

    _known: OrderedDict[tuple[Hashable, str], tuple[int, int]] = field(default_factory=OrderedDict)

    def kept(self, count: Count, data: Hashable) -> Count:
        """The same count, which asks nothing that is known of these data."""

        async def counted(asked: str, most: int) -> int:
            key = (data, alike(asked))
            number, bound = self._known.get(key, (0, 0))
            if most > bound and number == bound:
                number, bound = await count(asked, most), most
                self._known[key] = number, bound
                if len(self._known) > _REMEMBERED:
                    self._known.popitem(last=False)
            return min(number, most)

        return counted


def alike(asked: str) -> str:
    """The question with its variables named in the order in which they come, so that other names make no other one.

    >>> alike("SELECT ?i { ?i a ?kind }")
    'SELECT ?1 { ?1 a ?2 }'
    """
    if '"' in asked or "'" in asked:
        return asked  # in a string it would be another text; in an IRI, which is rare, only a bet would be wrong
    names: dict[str, str] = {}
    return _VARIABLE.sub(lambda found: names.setdefault(found[0][1:], f"?{len(names) + 1}"), asked)
