"""Turns SPARQL text into tokens with their places (https://www.w3.org/TR/sparql11-query/#sparqlGrammar).

The tokens of SPARQL are a regular language: brackets, keywords and names are told from comments, strings and IRIs in
one pass over text that ``store.settling`` has settled. Nothing is judged here; the engine does that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from iesi_kg.store.settling import IRI, STRING

_ALTERNATIVES = rf"""
      (?P<gap>\s+|\#[^\n\r]*+)
    | (?P<iri><{IRI}>)
    | (?P<string>{STRING})
    | (?P<language>@[A-Za-z]++(?:-++[A-Za-z0-9]++)*+)
    | (?P<variable>[?$]\w++)
    | (?P<blank>_:[\w.\-\u00b7]*+)
    | (?P<name>(?:[^\W\d_][\w.\-\u00b7]*+)?+:(?:[\w:%\-\u00b7]|\\.|\.(?=[\w:%\-\\.\u00b7]))*+)
    | (?P<word>[^\W\d]\w*+)
    | (?P<sign>.)
    """
_TOKEN = re.compile(_ALTERNATIVES, re.VERBOSE | re.DOTALL)
_RUN = re.compile(r"[\w.\-\u00b7]*+")
_UNNAMED = re.compile(re.sub(r"(?m)^ *\| \(\?P<name>.*$\n", "", _ALTERNATIVES), re.VERBOSE | re.DOTALL)


class Token(NamedTuple):
    """One token: its kind (iri, string, language, variable, blank, name, word, sign), its text and where it stands."""

    kind: str
    text: str
    start: int
    end: int

    @property
    def word(self) -> str:
        """The keyword, in capitals; empty for anything that is none."""
        return self.text.upper() if self.kind == "word" else ""

    @property
    def sign(self) -> str:
        """The punctuation; empty for anything that is none."""
        return self.text if self.kind == "sign" else ""


def tokens(text: str) -> Iterator[Token]:
    """The tokens of a text, white space and comments left out."""
    place = unnamed = 0
    while match := (_TOKEN if place >= unnamed else _UNNAMED).match(text, place):
        kind = str(match.lastgroup)
        if kind == "word" and place >= unnamed and match[0][0] != "_":
            # No name began here, so no colon ends this run and none begins within it: its end is sought once.
            unnamed = _RUN.match(text, place).end()  # type: ignore[union-attr]  # it matches anywhere
        if kind != "gap":
            yield Token(kind, match.group(), place, match.end())
        place = match.end()
