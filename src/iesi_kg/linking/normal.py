"""Texts of records to the words by which they are compared: mended, without case and accents, in one form."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from html import unescape

from iesi_kg import assets
from iesi_kg.vocabulary.codelists import CodeLists

LONGEST = 20_000  # characters of a text that are read; what follows adds nothing to a comparison
_WORDS = "data/linking/words.json"
_TAG = re.compile(r"<[^<>]{1,400}>")
_WORD = re.compile(r"[^\W_]+")
_MISREAD = re.compile(r"[\u0080-\u00ff]{2,}")
_SCHEME = re.compile(r"^.{0,2}?(?:https?:[/\s]*)+", re.I)
_ADDRESS = re.compile(r"(?:[^/?#@\s]*@)?(?:www\d?\.)?([^/?#:\s]+\.[^/?#:\s]+)(?::\d+)?([^?#\s]*)(\?[^#\s]*)?", re.I)
_ENDINGS = ("ations", "ation", "ments", "ment", "ings", "ing", "ions", "ion", "ies", "ed", "es", "s", "e", "y")
_SPELLINGS = {"iz": "is", "our": "or", "center": "centr", "theater": "theatr", "programm": "program"}
_SHORTEST_STEM = 4
_OF_BODIES = 0.2  # the share of records that say "ministry", "agency" and the like


@dataclass(frozen=True, slots=True)
class Address:
    """A web address as far as it names a page: host and path without what changes from copy to copy."""

    host: str
    path: str

    @property
    def is_deep(self) -> bool:
        """Whether it names a page of a site and not the site."""
        return bool(self.path)


def mended(text: str) -> str:
    """A text without markup, and with its letters where UTF-8 was read as Latin-1, once or twice.

    >>> mended("Carri\\u00c3\\u0083\\u00c2\\u00a8re <b>Wallet</b> &amp; co")
    'Carrière  Wallet  & co'
    """
    cut = text[:LONGEST]
    for _ in range(2):
        cut = _MISREAD.sub(_reread, cut)
    return _TAG.sub(" ", unescape(cut)) if "<" in cut or "&" in cut else cut


def _reread(match: re.Match[str]) -> str:
    try:
        return match[0].encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return match[0]


def folded(text: str) -> str:
    """A mended text without case and accents.

    >>> folded("Café MÜNCHEN")
    'cafe munchen'
    """
    plain = mended(text)
    if plain.isascii():
        return plain.casefold()
    return "".join(c for c in unicodedata.normalize("NFKD", plain.casefold()) if not unicodedata.combining(c))


def words(text: str) -> list[str]:
    """The words of a text in the form in which they are compared.

    >>> words("Automated decisions on benefits (2.0)")
    ['automat', 'decis', 'on', 'benefit', '2', '0']
    """
    return [stem(word) for word in tokens(text)]


def tokens(text: str) -> list[str]:
    """The words of a text with their endings."""
    return _WORD.findall(folded(text))


@lru_cache(maxsize=4096)
def stem(word: str) -> str:
    """A word without the commonest endings of English, in one spelling; too short ones, and figures, stay.

    >>> stem("organization"), stem("organisations"), stem("center") == stem("centre")
    ('organis', 'organis', True)
    """
    if len(word) <= _SHORTEST_STEM or not word.isalpha():
        return word
    fitting = (end for end in _ENDINGS if word.endswith(end) and len(word) - len(end) >= _SHORTEST_STEM)
    cut = word.removesuffix(next(fitting, ""))
    if len(cut) <= _SHORTEST_STEM:
        return cut
    american = next((end for end in _SPELLINGS if cut.endswith(end)), "")
    return cut.removesuffix(american) + _SPELLINGS.get(american, "")


def squashed(text: str) -> str:
    """A name as one word, so that spaces and marks do not matter.

    >>> squashed("La Bonne-Boîte") == squashed("LaBonneBoite")
    True
    """
    return "".join(tokens(text))


def address(text: str) -> Address | None:
    """What a web address names; None for a text that is none.

    >>> address("ùhttps://www.ivoting.pl/en/")
    Address(host='ivoting.pl', path='/en')
    """
    match = _ADDRESS.match(_SCHEME.sub("", text.strip()))
    if not match:
        return None
    path = re.sub(r"/(?:index\.\w+)?$", "", match[2])
    return Address(match[1].casefold(), (path + (match[3] or "")).casefold())


@dataclass(frozen=True, slots=True)
class Lexicon:
    """What is known of words before any record is read; every word in the form in which it is compared."""

    shares: Mapping[str, float]
    same: Mapping[str, str]
    legal: frozenset[str]
    territory: frozenset[str]
    part: frozenset[str]
    wide: frozenset[str]  # codes that stand for several countries
    countries: Mapping[str, str]  # the word of a country or its language -> its code


@cache
def lexicon() -> Lexicon:
    """The words of the bundle, read once."""
    told = json.loads(assets.text(_WORDS))
    shares = {
        stem(word): told[kind]["share"] for kind in ("generic", "function") for word in told[kind]["words"].split()
    }
    same = {stem(word): stem(meant) for word, meant in told["same"].items()}
    legal, territory, part = (frozenset(map(stem, told[kind].split())) for kind in ("legal", "territory", "part"))
    shares = {**dict.fromkeys(same.values(), _OF_BODIES), **shares}
    return Lexicon(shares, same, legal, territory, part, frozenset(told["wide"].split()), _countries())


def _countries() -> dict[str, str]:
    """The one-word names of countries, in every language of the code list, and of what belongs to them."""
    told = json.loads(assets.text(_WORDS))
    named = {stem(word): code for code, listed in told["peoples"].items() for word in listed.split()}
    for concept in CodeLists.load().concepts("country"):
        for name in concept.names:
            parts = words(name)
            if len(parts) == 1 and len(concept.notation) == 2:
                named.setdefault(parts[0], concept.notation)
    return named
