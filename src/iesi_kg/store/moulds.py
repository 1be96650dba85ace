"""Reads queries that differ in nothing but their IRIs, strings and comments once: clients ask the same for many things.

A query is told apart from its parts (each IRI and string of its group) by one expression. What remains is the mould;
it is read as ``store.plain`` reads it, and taken by the engine once. A query of a known mould is that with other parts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from pyoxigraph import Store

from iesi_kg.store.plain import LONGEST, NAME, VARIABLE, Pattern, Plain, declared, in_full, plain, prologue
from iesi_kg.store.settling import Settled

_PART = re.compile(r"""(<[^<>"{}|^`\\\x00-\x20]*+>|"[^"\\\n\r]*+"|'[^'\\\n\r]*+'|\#[^\n\r]*+)""")
_LONG_QUOTES = ('"""', "'''")
_MARK = "\x7f"  # in no mould but where a part was
_MARKED = re.compile(rf"""[<"']{_MARK}(\d+)[>"']""")
_MARKED_IRI = re.compile(rf"<{_MARK}(\d+)>")
_SOME_IRI = r"<urn:x-iesi-kg:\1>"
_NAMES = re.compile(
    rf"""[<"']{_MARK}\d+[>"'] | {VARIABLE} | @[A-Za-z]++(?:-++[A-Za-z0-9]++)*+ | (?P<name>{NAME})""", re.VERBOSE
)
_NOTHING: Final = Store()


@dataclass(frozen=True, slots=True)
class _Mould:
    """What was read with a mark for each part; the text between the marks, and the number of each."""

    read: Plain
    pieces: tuple[str, ...]
    numbers: tuple[int, ...]

    def filled(self, parts: Sequence[str]) -> Plain:
        """The query with these parts."""
        texts = [self.pieces[0]]
        for number, piece in zip(self.numbers, self.pieces[1:], strict=True):
            texts += (parts[number], piece)
        read, named = self.read, {f"<{_MARK}{number}>": part for number, part in enumerate(parts)}
        patterns, optional = _named(read.patterns, named), _named(read.optional, named)
        return Plain(Settled("".join(texts)), read.form, patterns, read.values, optional)


def recalled(text: str) -> Plain | None:
    """What is asked, None where it is not one of the plainest queries; the text told has no comments and no prefixes.

    >>> recalled("PREFIX u: <urn:> SELECT ?o { <urn:a> u:p ?o } # the first").text
    'SELECT ?o { <urn:a> <urn:p> ?o }  '
    """
    if len(text) > LONGEST or "\\" in text or _MARK in text or any(quotes in text for quotes in _LONG_QUOTES):
        return None
    found, parts = _PART.split(text), list[str]()
    inside = False
    for place in range(1, len(found), 2):
        part = found[place]
        inside = inside or "{" in found[place - 1]
        if part[0] == "#":
            found[place] = " "
        elif inside:
            found[place] = f"{part[0]}{_MARK}{len(parts)}{part[-1]}"
            parts.append(part)
    mould = _mould("".join(found))
    return None if mould is None else mould.filled(parts)


@lru_cache(maxsize=512)
def _mould(text: str) -> _Mould | None:
    """A query with marks for its parts, None where it is not plain or the engine does not take it."""
    read = plain(text)
    if read is None:
        return None
    try:
        _NOTHING.query(_MARKED_IRI.sub(_SOME_IRI, text))
    except SyntaxError:
        return None
    pieces = _MARKED.split(_without_prefixes(text))
    return _Mould(read, tuple(pieces[::2]), tuple(map(int, pieces[1::2])))


def _without_prefixes(text: str) -> str:
    """A query that was read, with its names in full."""
    beginning = prologue(text)
    prefixes = declared(beginning)

    def full(found: re.Match[str]) -> str:
        return (in_full(found["name"], prefixes) if found["name"] else None) or found[0]

    return _NAMES.sub(full, text[len(beginning) :])


def _named(patterns: tuple[Pattern, ...], parts: Mapping[str, str]) -> tuple[Pattern, ...]:
    return tuple([(parts.get(s, s), parts.get(p, p), parts.get(o, o)) for s, p, o in patterns])
