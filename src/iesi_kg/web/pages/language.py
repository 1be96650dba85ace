"""The language a reader asked for, in the address or by Accept-Language (RFC 9110 section 12.5.4), to one we have."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from fastapi import Request

from iesi_kg.analysis import browse
from iesi_kg.analysis.browse import ENGLISH
from iesi_kg.store.base import Reader
from iesi_kg.web.pages.rendering import reader
from iesi_kg.web.pages.shelf import shelf


@dataclass(frozen=True, slots=True)
class Spoken:
    """The language of this page's labels, all there are, and what links must carry to keep a choice made by address."""

    code: str
    known: tuple[str, ...]
    keep: str


def spoken(request: Request) -> Spoken:
    """The language for this request; English where none of those asked is known."""
    known = shelf(request).get("languages", reader(request), _languages)
    named = request.query_params.get("lang", "").lower()
    if named in known:
        return Spoken(named, known, f"?lang={named}")
    return Spoken(accepted(request.headers.get("accept-language", ""), known), known, "")


def accepted(header: str, known: Collection[str]) -> str:
    """The first known language by weight; a region or script is passed over.

    >>> accepted("pt, fr-CH;q=0.8, de;q=0.9, en;q=0", ("de", "en", "fr"))
    'de'
    """
    ranked = sorted(_weighed(header), key=lambda pair: -pair[0])
    return next((code for weight, code in ranked if weight > 0 and code in known), ENGLISH)


def _weighed(header: str) -> Iterator[tuple[float, str]]:
    for part in header[:1_000].split(","):
        language, _, parameter = part.partition(";")
        name, _, value = parameter.strip().partition("=")
        try:
            weight = float(value) if name == "q" else 1.0
        except ValueError:
            continue
        yield weight, language.strip().lower().partition("-")[0]


def _languages(source: Reader) -> tuple[str, ...]:
    return tuple(row["language"] for row in browse.rows(source, "languages"))
