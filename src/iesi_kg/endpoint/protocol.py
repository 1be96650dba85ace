"""Turns an HTTP request into a query and its graphs: the query operation of SPARQL 1.1 Protocol section 2.1.

https://www.w3.org/TR/sparql11-protocol/#query-operation
"""

from __future__ import annotations

import re
from binascii import a2b_qp
from collections.abc import Iterator
from dataclasses import dataclass

from iesi_kg.errors import MethodNotAllowed, QueryRefused, RequestError, UnsupportedMediaType

METHODS = "GET, HEAD, POST, OPTIONS"
FORM = "application/x-www-form-urlencoded"
DIRECT = "application/sparql-query"
UPDATE = "application/sparql-update"

_BAD_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:[^<>\"{}|\\^`\x00-\x20]*")
_EXAMPLE = "for example ?query=ASK%7B%7D"


@dataclass(frozen=True, slots=True)
class Query:
    """A query as the protocol carries it; ``formats`` are our own short names of media types, any of which will do."""

    text: str
    default_graphs: tuple[str, ...] = ()
    named_graphs: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()


def parse(method: str, query_string: bytes, content_type: str | None = None, body: bytes = b"") -> Query | None:
    """The query asked, or None when none is (the address of the endpoint itself).

    Raises MethodNotAllowed, UnsupportedMediaType, RequestError or QueryRefused.
    """
    if method in ("GET", "HEAD"):
        return _query(list(_pairs(query_string, "the address")))
    if method != "POST":
        raise MethodNotAllowed(f"{method} is not a method of the query operation", allow=METHODS)
    kind = (content_type or "").partition(";")[0].strip().lower()
    if kind == FORM:
        # Protocol section 2.1.2 puts every parameter into the body; clients that split them are understood too.
        query = _query([*_pairs(query_string, "the address"), *_pairs(body, "the form")])
        if query is None:
            raise RequestError("the form has no `query` field", hint="send query=... in the form")
        return query
    if kind == DIRECT:
        pairs = list(_pairs(query_string, "the address"))
        if any(name == "query" for name, _ in pairs):
            raise RequestError("the query is given twice: in the address and in the body")
        return _query([*pairs, ("query", _text(body, "the body"))])
    if kind == UPDATE:
        raise _update()
    raise UnsupportedMediaType(
        f"a query cannot be sent as {kind or 'a body without Content-Type'}",
        hint=f"send {DIRECT} with the query as the body, or {FORM} with a `query` field",
        accepted=[DIRECT, FORM],
    )


def _query(pairs: list[tuple[str, str]]) -> Query | None:
    given: dict[str, list[str]] = {}
    for name, value in pairs:
        given.setdefault(name, []).append(value)
    if "update" in given:
        raise _update()
    if len(given.get("query", ())) > 1:
        raise RequestError(f"the parameter `query` is given {len(given['query'])} times; once is allowed")
    for name in ("default-graph-uri", "named-graph-uri"):
        _check_iris(name, given.get(name, []))
    if "query" not in given:
        return None
    return Query(
        given["query"][0],
        tuple(given.get("default-graph-uri", ())),
        tuple(given.get("named-graph-uri", ())),
        tuple(filter(None, given.get("format", ()))),
    )


def _pairs(encoded: bytes, place: str) -> Iterator[tuple[str, str]]:
    if not encoded:
        return
    bad = _BAD_ESCAPE.search(encoded)
    if bad:
        shown = encoded[bad.start() : bad.start() + 3].decode("ascii", "replace")
        raise RequestError(
            f"{place} holds {shown!r}, which is not a percent-encoded byte",
            hint="write a literal % as %25",
            byte=bad.start(),
        )
    for field in encoded.split(b"&"):
        if field:
            name, _, value = field.partition(b"=")
            yield _unescape(name, place), _unescape(value, place)


def _unescape(part: bytes, place: str) -> str:
    if b"%" in part:
        # Quoted-printable is percent-encoding with another sign, and its decoder is written in C.
        part = a2b_qp(part.replace(b"=", b"=3D").replace(b"+", b" ").replace(b"%", b"="))
    else:
        part = part.replace(b"+", b" ")
    return _text(part, place)


def _text(data: bytes, place: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RequestError(
            f"{place} is not valid UTF-8 at byte {error.start}",
            hint="SPARQL queries are sent in UTF-8 (SPARQL 1.1 Protocol section 2.1)",
            byte=error.start,
        ) from None


def _check_iris(name: str, values: list[str]) -> None:
    for value in values:
        if not _IRI.fullmatch(value):
            raise RequestError(f"{name} must be an absolute IRI, not {value[:200]!r}", parameter=name)


def _update() -> QueryRefused:
    return QueryRefused(
        "SPARQL Update is not accepted: this endpoint answers queries only",
        hint=f"data change by `iesi-kg submit FILE`, which checks them first; send a query, {_EXAMPLE}",
    )
