"""Reads the plainest queries: SELECT or ASK over a few triple patterns, in which nothing could multiply the work.

Prologue, projection, one group of triple patterns, VALUES of one variable, ORDER BY, LIMIT and OFFSET
(https://www.w3.org/TR/sparql11-query/#sparqlGrammar); what holds anything else is not read at all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from iesi_kg.records import Form
from iesi_kg.store.settling import IRI, STRING, Settled, unescaped

Pattern = tuple[str, str, str]

LONGEST: Final = 2_000
_NAMESPACE = r"(?:[^\W\d_][\w.\-]*+)?+:"
_NAME = rf"{_NAMESPACE}(?:[\w\-]|\.(?=[\w\-]))*+"
_VARIABLE = r"[?$]\w++"
_SORTED = rf"(?:(?:ASC|DESC)\s*+\(\s*+{_VARIABLE}\s*+\)|{_VARIABLE})"
_QUERY = re.compile(
    rf"""\s*+ (?P<prologue>(?:PREFIX\s++{_NAMESPACE}\s*+<{IRI}>\s*+)*+)
    (?:(?P<select>SELECT)(?:\s++DISTINCT)?+(?:\s*+\*|(?:\s*+{_VARIABLE})++)|ASK) \s*+ (?:WHERE\s*+)?+
    \{{ \s*+ (?:VALUES\s*+(?P<variable>{_VARIABLE})\s*+\{{(?P<values>[^{{}}"'()]*+)\}}\s*+)?+
    (?P<body>[^{{}}]*+) \}} \s*+
    (?:ORDER\s++BY(?:\s*+{_SORTED})++\s*+)?+ (?:(?:LIMIT|OFFSET)\s++\d++\s*+){{0,2}}+""",
    re.VERBOSE | re.IGNORECASE,
)
_DECLARED = re.compile(rf"PREFIX\s++(?P<prefix>{_NAMESPACE})\s*+<(?P<namespace>{IRI})>", re.IGNORECASE)
_TERM = re.compile(
    rf"""\s*+(?:
      (?P<variable>{_VARIABLE})
    | <(?P<iri>{IRI})>
    | (?P<type>a)(?![\w:.\-])
    | (?P<name>{_NAME})(?![\\%:])
    | (?P<literal>(?:{STRING})(?:@[A-Za-z]++(?:-++[A-Za-z0-9]++)*+|\^\^(?:<{IRI}>|{_NAME}))?+
        |[+-]?+\d++(?:\.\d++)?+(?![\w.])|true\b|false\b)
    | (?P<sign>[.;,])
    )""",
    re.VERBOSE,
)
_TYPE = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>"


@dataclass(frozen=True, slots=True)
class Plain:
    """The text, form and triple patterns of a query, and how many constants VALUES gives to which variable.

    A term is ``?x``, an IRI in angle brackets, or ``"`` for any literal.
    """

    text: Settled
    form: Form
    patterns: tuple[Pattern, ...]
    values: tuple[str, int] | None = None


def plain(text: str) -> Plain | None:
    """What is asked, None where it is not one of the plainest queries: those have one reading without being settled.

    >>> plain("SELECT ?o { <urn:a> <urn:p> ?o ; <urn:q> 'x' }").patterns
    (('<urn:a>', '<urn:p>', '?o'), ('<urn:a>', '<urn:q>', '"'))
    >>> plain("SELECT ?o { <urn:a> <urn:p>+ ?o }") is None
    True
    """
    if len(text) > LONGEST or ("\\" in text and not isinstance(text, Settled)):
        return None
    found = _QUERY.fullmatch(text)
    if found is None:
        return None
    settled, form = Settled(text), Form.SOLUTIONS if found["select"] else Form.BOOLEAN
    prologue = found["prologue"]
    prefixes = (
        {each["prefix"]: unescaped(each["namespace"]) for each in _DECLARED.finditer(prologue)} if prologue else {}
    )
    terms = _terms(found["body"], prefixes)
    patterns = None if terms is None else _patterns(terms)
    if patterns is None:
        return None
    if found["variable"] is None:
        return Plain(settled, form, patterns)
    values = _terms(found["values"], prefixes)
    if values is None or not all(value[0] == "<" for value in values):
        return None
    return Plain(settled, form, patterns, ("?" + found["variable"][1:], len(values)))


def _terms(text: str, prefixes: dict[str, str]) -> list[str] | None:
    terms: list[str] = []
    place, end = 0, len(text.rstrip())
    while place < end:
        found = _TERM.match(text, place)
        if found is None:
            return None
        term = _term(found, prefixes)
        if term is None:
            return None
        terms.append(term)
        place = found.end()
    return terms


def _term(found: re.Match[str], prefixes: dict[str, str]) -> str | None:
    kind = found.lastgroup
    if kind == "variable":
        return "?" + found[kind][1:]
    if kind == "iri":
        return f"<{unescaped(found[kind])}>"
    if kind == "name":
        prefix, colon, local = found[kind].partition(":")
        namespace = prefixes.get(prefix + colon)
        return None if namespace is None else f"<{namespace}{local}>"
    if kind == "type":
        return _TYPE
    return found["sign"] or '"'


def _patterns(terms: list[str]) -> tuple[Pattern, ...] | None:
    """The triples of a block (rules 55, 75 to 79), None where it is none."""
    patterns: list[Pattern] = []
    place, subject, predicate = 0, "", ""
    while place < len(terms):
        if not subject:
            subject, place = terms[place], place + 1
        if not predicate:
            predicate, place = (terms[place] if place < len(terms) else ""), place + 1
        node = terms[place] if place < len(terms) else ""
        if subject[0] not in "?<" or predicate[:1] not in ("?", "<") or node[:1] not in ("?", "<", '"'):
            return None
        patterns.append((subject, predicate, node))
        place += 1
        sign = terms[place] if place < len(terms) else "."
        if sign not in (".", ";", ","):
            return None
        while sign == ";" and place + 1 < len(terms) and terms[place + 1] in (";", "."):
            place += 1
            sign = terms[place]
        if sign != ",":
            predicate = ""
        if sign == ".":
            subject = ""
        place += 1
        if sign == ";" and place >= len(terms):
            break
    return tuple(patterns)
