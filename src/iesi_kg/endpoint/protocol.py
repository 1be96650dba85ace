"""Turns an HTTP request into a query or an update and its graphs: the operations of the SPARQL 1.1 Protocol.

https://www.w3.org/TR/sparql11-protocol/#query-operation and #update-operation
"""

from __future__ import annotations

import re
from binascii import a2b_qp
from collections.abc import Iterator
from dataclasses import dataclass, replace

from iesi_kg.errors import MethodNotAllowed, QueryRefused, RequestError, UnsupportedMediaType

METHODS = "GET, HEAD, POST, OPTIONS"
FORM = "application/x-www-form-urlencoded"
DIRECT = "application/sparql-query"
UPDATE = "application/sparql-update"

_BAD_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:[^<>\"{}|\\^`\x00-\x20]*")
_RELATIVE = re.compile(r"<[^<>\s:]*>")
_EXAMPLE = "for example ?query=ASK%7B%7D"


@dataclass(frozen=True, slots=True)
class Query:
    """A query as the protocol carries it; ``formats`` are our own short names of media types, any of which will do.

    ``rewrite`` says whether it may run in a form that is faster and answers the same. One that is ``based`` begins with
    a line that names the address of the service as its base.
    """

    text: str
    default_graphs: tuple[str, ...] = ()
    named_graphs: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    based: bool = False
    rewrite: bool = True


@dataclass(frozen=True, slots=True)
class Update:
    """An update as the protocol carries it."""

    text: str
    using: tuple[str, ...] = ()
    using_named: tuple[str, ...] = ()


def with_base(query: Query, address: str) -> Query:
    """The query with the service's address as the base of relative IRIs, where it may have any (Protocol section 2.1).

    >>> with_base(Query("ASK { <a> ?p ?o }"), "http://localhost/sparql").text
    'BASE <http://localhost/sparql>\\nASK { <a> ?p ?o }'
    """
    if not _RELATIVE.search(query.text):
        return query
    return replace(query, text=f"BASE <{address}>\n{query.text}", based=True)


def is_update(content_type: str | None, body: bytes) -> bool:
    """Whether the body of a POST is an update rather than a query."""
    kind = _kind(content_type)
    return kind == UPDATE or (kind == FORM and body.startswith(b"update=")) or (kind == FORM and b"&update=" in body)


def parse_update(query_string: bytes, content_type: str | None, body: bytes) -> Update:
    """The update asked. Raises UnsupportedMediaType or RequestError."""
    kind = _kind(content_type)
    pairs = list(fields(query_string, "the address"))
    if kind == FORM:
        pairs += fields(body, "the form")
    elif kind == UPDATE:
        if any(name == "update" for name, _ in pairs):
            raise RequestError("the update is given twice: in the address and in the body")
        pairs.append(("update", _text(body, "the body")))
    else:
        raise UnsupportedMediaType(
            f"an update cannot be sent as {kind or 'a body without Content-Type'}",
            hint=f"send {UPDATE} with the update as the body, or {FORM} with an `update` field",
            accepted=[UPDATE, FORM],
        )
    given: dict[str, list[str]] = {}
    for name, value in pairs:
        given.setdefault(name, []).append(value)
    texts = given.get("update", [])
    if len(texts) != 1:
        many = "is missing" if not texts else f"is given {len(texts)} times; once is allowed"
        raise RequestError(f"the parameter `update` {many}")
    if "query" in given:
        raise RequestError("a request is either a query or an update; this one has both")
    for name in ("using-graph-uri", "using-named-graph-uri"):
        _check_iris(name, given.get(name, []))
    return Update(texts[0], tuple(given.get("using-graph-uri", ())), tuple(given.get("using-named-graph-uri", ())))


def parse(method: str, query_string: bytes, content_type: str | None = None, body: bytes = b"") -> Query | None:
    """The query asked, or None when none is (the address of the endpoint itself).

    Raises MethodNotAllowed, UnsupportedMediaType, RequestError or QueryRefused.
    """
    if method in ("GET", "HEAD"):
        return _query(list(fields(query_string, "the address")))
    if method != "POST":
        raise MethodNotAllowed(f"{method} is not a method of the query operation", allow=METHODS)
    kind = _kind(content_type)
    if kind == FORM:
        # Protocol section 2.1.2 puts every parameter into the body; clients that split them are understood too.
        query = _query([*fields(query_string, "the address"), *fields(body, "the form")])
        if query is None:
            raise RequestError("the form has no `query` field", hint="send query=... in the form")
        return query
    if kind == DIRECT:
        pairs = list(fields(query_string, "the address"))
        if any(name == "query" for name, _ in pairs):
            raise RequestError("the query is given twice: in the address and in the body")
        return _query([*pairs, ("query", _text(body, "the body"))])
    raise UnsupportedMediaType(
        f"a query cannot be sent as {kind or 'a body without Content-Type'}",
        hint=f"send {DIRECT} with the query as the body, or {FORM} with a `query` field",
        accepted=[DIRECT, FORM],
    )


def _kind(content_type: str | None) -> str:
    return (content_type or "").partition(";")[0].strip().lower()


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
        rewrite=_rewrite(given.get("rewrite", [])),
    )


def fields(encoded: bytes, place: str) -> Iterator[tuple[str, str]]:
    """Names and values of an address or a form. Raises RequestError."""
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


def _rewrite(values: list[str]) -> bool:
    if any(value not in ("on", "off") for value in values):
        raise RequestError("the parameter `rewrite` is `on` or `off`", parameter="rewrite")
    return "off" not in values


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
        "an update cannot stand in an address",
        hint=f"POST it (SPARQL 1.1 Protocol section 2.2), or send a query, {_EXAMPLE}",
    )
