"""Reads the plainest queries: SELECT or ASK over a few triple patterns, in which nothing could multiply the work.

Prologue, projection and COUNT, one group of triple patterns, sequences of predicates, OPTIONAL of one pattern, VALUES
of one variable, ORDER BY, LIMIT and OFFSET (https://www.w3.org/TR/sparql11-query/#sparqlGrammar); what holds anything
else is not read at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from iesi_kg.records import Form
from iesi_kg.store.settling import IRI, STRING, Settled, unescaped

Pattern = tuple[str, str, str]

LONGEST: Final = 2_000
_NAMESPACE: Final = r"(?:[^\W\d_][\w.\-]*+)?+:"
NAME: Final = rf"{_NAMESPACE}(?:[\w\-]|\.(?=[\w\-]))*+"
VARIABLE: Final = r"[?$]\w++"
_COUNTED = rf"\(\s*+COUNT\s*+\(\s*+(?:DISTINCT\b\s*+)?+(?:\*|{VARIABLE})\s*+\)\s*+AS\s*+{VARIABLE}\s*+\)"
_SORTED = rf"(?:(?:ASC|DESC)\s*+\(\s*+{VARIABLE}\s*+\)|{VARIABLE})"
_PROLOGUE = rf"(?:PREFIX\s++{_NAMESPACE}\s*+<{IRI}>\s*+)*+"
_QUERY = re.compile(
    rf"""\s*+ (?P<prologue>{_PROLOGUE})
    (?:(?P<select>SELECT)(?:\s++DISTINCT)?+(?:\s*+\*|(?:\s*+(?:{VARIABLE}|{_COUNTED}))++)|ASK) \s*+ (?:WHERE\s*+)?+
    \{{ \s*+ (?:VALUES\s*+(?P<variable>{VARIABLE})\s*+\{{(?P<values>[^{{}}"'()]*+)\}}\s*+)?+
    (?P<body>[^{{}}]*+(?P<blocks>(?:\{{[^{{}}]*+\}}[^{{}}]*+)*+)) \}} \s*+
    (?:ORDER\s++BY(?:\s*+{_SORTED})++\s*+)?+ (?:(?:LIMIT|OFFSET)\s++\d++\s*+){{0,2}}+""",
    re.VERBOSE | re.IGNORECASE,
)
_BEGINNING = re.compile(rf"\s*+{_PROLOGUE}", re.IGNORECASE)
_DECLARED = re.compile(rf"PREFIX\s++(?P<prefix>{_NAMESPACE})\s*+<(?P<namespace>{IRI})>", re.IGNORECASE)
_TERM = re.compile(
    rf"""\s*+(?:
      (?P<variable>{VARIABLE})
    | <(?P<iri>{IRI})>
    | (?P<type>a)(?![\w:.\-])
    | (?P<name>{NAME})(?![\\%:])
    | (?P<literal>(?:{STRING})(?:@[A-Za-z]++(?:-++[A-Za-z0-9]++)*+|\^\^(?:<{IRI}>|{NAME}))?+
        |[+-]?+\d++(?:\.\d++)?+(?![\w.])|true\b|false\b)
    | (?P<sign>[.;,/])
    )""",
    re.VERBOSE,
)
_OPTIONAL = re.compile(r"(?<![\w:.\-?$@])OPTIONAL\s*+\{([^{}]*+)\}\s*+\.?+", re.IGNORECASE)
_TYPE = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>"


@dataclass(frozen=True, slots=True)
class Plain:
    """The text, form and triple patterns of a query, and how many constants VALUES gives to which variable.

    A term is ``?x``, an IRI in angle brackets, or ``"`` for any literal; between the predicates of a sequence stand
    variables that no text can name. Each of the ``optional`` patterns is an OPTIONAL of its own.
    """

    text: Settled
    form: Form
    patterns: tuple[Pattern, ...]
    values: tuple[str, int] | None = None
    optional: tuple[Pattern, ...] = ()


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
    prefixes = declared(found["prologue"])
    required, blocks = _blocks(found["body"]) if found["blocks"] else (found["body"], [])
    patterns = _patterns(_terms(required, prefixes))
    optional = [_patterns(_terms(block, prefixes)) for block in blocks]
    values = _terms(found["values"] or "", prefixes)
    if patterns is None or values is None or not all(value[0] == "<" for value in values):
        return None
    if len(blocks) != found["blocks"].count("{") or not all(block and len(block) == 1 for block in optional):
        return None
    return Plain(
        Settled(text),
        Form.SOLUTIONS if found["select"] else Form.BOOLEAN,
        patterns,
        None if found["variable"] is None else ("?" + found["variable"][1:], len(values)),
        tuple(block[0] for block in optional if block),
    )


def prologue(text: str) -> str:
    """What stands before SELECT or ASK."""
    found = _BEGINNING.match(text)
    return found[0] if found else ""


def declared(prologue: str) -> dict[str, str]:
    """The namespaces by prefix, which ends with its colon."""
    return {each["prefix"]: unescaped(each["namespace"]) for each in _DECLARED.finditer(prologue)} if prologue else {}


def in_full(name: str, prefixes: Mapping[str, str]) -> str | None:
    """The IRI, in angle brackets, that a prefixed name stands for."""
    prefix, colon, local = name.partition(":")
    namespace = prefixes.get(prefix + colon)
    return None if namespace is None else f"<{namespace}{local}>"


def _blocks(body: str) -> tuple[str, list[str]]:
    """A group apart from the OPTIONALs that end it; none where anything else stands among them."""
    required, *found = _OPTIONAL.split(body)
    return required, found[::2] if not "".join(found[1::2]).strip() else []


def _terms(text: str, prefixes: Mapping[str, str]) -> list[str] | None:
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


def _term(found: re.Match[str], prefixes: Mapping[str, str]) -> str | None:
    kind = found.lastgroup
    if kind == "variable":
        return "?" + found[kind][1:]
    if kind == "iri":
        return f"<{unescaped(found[kind])}>"
    if kind == "name":
        return in_full(found[kind], prefixes)
    if kind == "type":
        return _TYPE
    return found["sign"] or '"'


def _patterns(terms: Sequence[str] | None) -> tuple[Pattern, ...] | None:
    """The triples of a block (rules 55, 75 to 79), None where it is none."""
    if terms is None:
        return None
    patterns: list[Pattern] = []
    place, subject, path = 0, "", tuple[str, ...]()
    while place < len(terms):
        if not subject:
            subject, place = terms[place], place + 1
        if not path:
            path = _path(terms, place)
            place += 2 * len(path) - 1
        node = terms[place] if place < len(terms) else ""
        if subject[0] not in "?<" or not path or node[:1] not in ("?", "<", '"'):
            return None
        patterns += _steps(subject, path, node, len(patterns))
        place += 1
        sign = terms[place] if place < len(terms) else "."
        if sign not in (".", ";", ","):
            return None
        while sign == ";" and place + 1 < len(terms) and terms[place + 1] in (";", "."):
            place += 1
            sign = terms[place]
        if sign != ",":
            path = ()
        if sign == ".":
            subject = ""
        place += 1
        if sign == ";" and place >= len(terms):
            break
    return tuple(patterns)


def _path(terms: Sequence[str], place: int) -> tuple[str, ...]:
    """The predicates that follow one another here; nothing where no predicate is."""
    end = place + 1
    while end + 1 < len(terms) and terms[end] == "/":
        end += 2
    path = tuple(terms[place:end:2])
    is_path = all(each[0] == "<" for each in path) or (len(path) == 1 and path[0][0] == "?")
    return path if is_path else ()


def _steps(subject: str, path: Sequence[str], node: str, number: int) -> Iterator[Pattern]:
    """The patterns that a sequence of predicates stands for (section 18.2.2.4)."""
    for index, predicate in enumerate(path):
        after = node if index == len(path) - 1 else f"?/{number + index}"
        yield subject, predicate, after
        subject = after
