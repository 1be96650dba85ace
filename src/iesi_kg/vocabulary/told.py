"""Keys and facts turned into the sentences of findings, each of which can be read in five languages.

The texts stand in ``ontology/findings.json``; the rules of the shapes bring their own (``sh:message``, SHACL 2.1.5).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from iesi_kg import assets

FILE = "ontology/findings.json"
LANGUAGES = ("en", "fr", "de", "es", "it")
ENGLISH = LANGUAGES[0]


class Told(str):
    """A sentence in English that can be said in other languages: its texts by language, and the facts in them."""

    __slots__ = ("facts", "texts")

    texts: Mapping[str, str]
    facts: Mapping[str, object]

    def __new__(cls, texts: Mapping[str, str], facts: Mapping[str, object] | None = None) -> Told:
        made = super().__new__(cls, _filled(texts[ENGLISH], facts or {}, ENGLISH))
        made.texts, made.facts = texts, facts or {}
        return made

    def __getnewargs__(self) -> tuple[Mapping[str, str], Mapping[str, object]]:  # type: ignore[override]
        return self.texts, self.facts


def say(key: str, /, **facts: object) -> Told:
    """The sentence of a key with its facts in place, in English until another language is asked for.

    >>> say("total-row.remedy")
    'delete the row'
    """
    return Told(texts()[key], facts)


def tagged(said: str | Sequence[Mapping[str, str]]) -> str:
    """A text as JSON-LD gives it: alone, or in several languages (JSON-LD 1.1 section 4.2.4), English among them.

    >>> in_language(tagged([{"@value": "name", "@language": "en"}, {"@value": "nom", "@language": "fr"}]), "fr")
    'nom'
    """
    if isinstance(said, str):
        return said
    return Told({text["@language"]: text["@value"] for text in said})


def in_language(text: str, language: str) -> str:
    """A text in a language, where it can be said in it.

    >>> in_language(say("total-row.remedy"), "de"), in_language("as it is", "de")
    ('Löschen Sie die Zeile', 'as it is')
    """
    if not isinstance(text, Told) or language not in text.texts:
        return str(text)
    return _filled(text.texts[language], text.facts, language)


def spoken(text: str, language: str) -> str:
    """The language that ``in_language`` gives a text in."""
    return language if isinstance(text, Told) and language in text.texts else ENGLISH


def texts() -> Mapping[str, Mapping[str, str]]:
    """Every text by key and language."""
    found: Mapping[str, Mapping[str, str]] = _file()["texts"]
    return found


def severities() -> Mapping[str, str]:
    """The severity of each finding that is made outside the shapes, by its code."""
    found: Mapping[str, str] = _file()["severities"]
    return found


@cache
def _file() -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(assets.text(FILE))
    return found


def _filled(text: str, facts: Mapping[str, object], language: str) -> str:
    if not facts:
        return text
    return text.format_map({name: _fact(fact, language) for name, fact in facts.items()})


def _fact(fact: object, language: str) -> object:
    return in_language(fact, language) if isinstance(fact, str) else fact
