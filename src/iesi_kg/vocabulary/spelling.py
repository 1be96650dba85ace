"""A text that means nothing to the nearest of the texts that do, for suggestions."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(text: str, known: Iterable[str], *, likeness: float, part: float | None = None) -> str | None:
    """The known text most like ``text`` by at least ``likeness`` of 100; else one that shares its words by ``part``.

    >>> nearest("contry", ["country", "name"], likeness=75)
    'country'
    """
    from rapidfuzz import fuzz, process

    choices = list(known)
    best = process.extractOne(text, choices, scorer=fuzz.ratio, score_cutoff=likeness)
    if best is None and part is not None:
        best = process.extractOne(text, choices, scorer=fuzz.WRatio, score_cutoff=part)
    return best[0] if best else None
