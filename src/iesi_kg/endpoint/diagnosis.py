"""Turns the engine's complaint about a query into a sentence a person can act on, with line and column."""

from __future__ import annotations

import re

from iesi_kg.errors import QuerySyntaxError
from iesi_kg.vocabulary.namespaces import PREFIXES

_POSITION = re.compile(r"error at (\d+):(\d+): expected (.*)", re.DOTALL)
_UNBOUND = "The SELECT contains a variable that is unbound"
_DUPLICATE = "Duplicated variable name in SELECT"
_RELATIVE = "IRI parsing failed"
_WORDS = re.compile(r'"(?:[^"\\]|\\.)+"|\b[A-Z][A-Z_]{2,}\b')
_PREFIXED = re.compile(r"([^\W\d_][\w.\-]*)?:[\w.\-]*\Z")
_PIECE = re.compile(r"\s*(\S{1,30})")


def explain(text: str, error: QuerySyntaxError) -> QuerySyntaxError:
    """The same error in plain words; one without a place known is handed back as it is."""
    engine = str(error.members.get("engine", error.detail))
    match = _POSITION.search(engine)
    if match is None:
        return error
    line, column, expected = int(match[1]), int(match[2]), match[3]
    offset = _offset(text, line, column)
    reason, hint = _reason(text, offset, expected)
    return QuerySyntaxError(
        f"line {line}, column {column}: {reason}", hint=hint, line=line, column=column, engine=engine[:500]
    )


def _reason(text: str, offset: int, expected: str) -> tuple[str, str | None]:
    if "Prefix not found" in expected:
        name = _PREFIXED.search(text[:offset])
        prefix = (name[1] or "") if name else ""
        iri = PREFIXES.get(prefix)
        return f"the prefix `{prefix}:` is not declared", f"put `PREFIX {prefix}: <{iri or '...'}>` before the query"
    if _UNBOUND in expected:
        return (
            "SELECT names a variable that is neither grouped nor aggregated",
            "add it to GROUP BY, or wrap it, e.g. (SAMPLE(?x) AS ?any_x)",
        )
    if _DUPLICATE in expected:
        return "SELECT gives the same variable twice", "name each result differently after AS"
    if _RELATIVE in expected:
        return "an IRI here is not absolute or holds a forbidden character", "write it in full, <http://...>, or as BASE"
    return _unexpected(text, offset), _expected(expected)


def _unexpected(text: str, offset: int) -> str:
    piece = _PIECE.match(text, offset)
    return f"did not expect {piece[1]!r} here" if piece else "the query ends too early: something is not closed or missing"


def _expected(expected: str) -> str | None:
    words = sorted({word.strip('"') for word in _WORDS.findall(expected)} - {""})
    return "possible here, among others: " + " ".join(words[:12]) if words else None


def _offset(text: str, line: int, column: int) -> int:
    lines = text.split("\n")
    return sum(len(before) + 1 for before in lines[: line - 1]) + column - 1
