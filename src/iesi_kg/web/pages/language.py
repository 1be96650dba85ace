"""The language a reader asked for, in the address or by Accept-Language (RFC 9110 section 12.5.4), to one we have."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from fastapi import Request

from iesi_kg.web.pages.wording import ENGLISH, Wording, wordings

PARAMETER = "lang"


@dataclass(frozen=True, slots=True)
class Spoken:
    """The language of this page and its words, and what links must carry to keep a choice made by address."""

    wording: Wording
    kept: tuple[tuple[str, str], ...]

    @property
    def code(self) -> str:
        return self.wording.code


def spoken(request: Request) -> Spoken:
    """The language for this request; English where none of those asked is known."""
    known = wordings()
    named = request.query_params.get(PARAMETER, "").lower()
    if named in known:
        return Spoken(known[named], ((PARAMETER, named),))
    return Spoken(known[accepted(request.headers.get("accept-language", ""), known)], ())


def keeping(request: Request, path: str) -> str:
    """A path to go on to, with the language that the address of this request names."""
    kept = spoken(request).kept
    return f"{path}?{urlencode(kept)}" if kept else path


def accepted(header: str, known: Collection[str]) -> str:
    """The first known language by weight; a region or script is passed over.

    >>> accepted("pt, fr-CH;q=0.8, de;q=0.9, en;q=0", ("de", "en", "fr"))
    'de'
    """
    ranked = sorted(_weighed(header), key=lambda pair: -pair[0])
    return next((code for weight, code in ranked if weight > 0 and code in known), ENGLISH)


def addresses(request: Request) -> dict[str, str]:
    """The address of this page in each language, and under ``x-default`` the one that names none."""
    path = quote(request.url.path, safe="/-._~!$&'()*+,;=:@")
    rest = [pair for pair in request.query_params.multi_items() if pair[0] != PARAMETER]
    found = {code: f"{path}?{urlencode([*rest, (PARAMETER, code)])}" for code in wordings()}
    return {**found, "x-default": f"{path}?{urlencode(rest)}" if rest else path}


def _weighed(header: str) -> Iterator[tuple[float, str]]:
    for part in header[:1_000].split(","):
        language, _, parameter = part.partition(";")
        name, _, value = parameter.strip().partition("=")
        try:
            weight = float(value) if name == "q" else 1.0
        except ValueError:
            continue
        yield weight, language.strip().lower().partition("-")[0]
