"""Turns an HTTP request into an amendment of one graph: the SPARQL 1.1 Graph Store HTTP Protocol.

https://www.w3.org/TR/sparql11-http-rdf-update/ ; parts of a form by RFC 7578.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from iesi_kg.endpoint.negotiation import GRAPHS, MediaType
from iesi_kg.endpoint.protocol import fields
from iesi_kg.errors import MethodNotAllowed, NotFound, PreconditionFailed, RequestError, UnsupportedMediaType

METHODS = "GET, HEAD, PUT, POST, DELETE, OPTIONS"
FORM = "multipart/form-data"
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:[^<>\"{}|\\^`\x00-\x20]*")
_BOUNDARY = re.compile(r'boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))', re.IGNORECASE)
_TYPE = re.compile(rb"^content-type:\s*([^\r\n]+)", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Target:
    """The graph a request is on: empty for the default graph, None for one that the service is to name."""

    graph: str | None
    base: str


def target(method: str, query_string: bytes, direct: str | None, address: str) -> Target:
    """The graph named by ``?graph=``, ``?default`` or, directly, by the address. Raises RequestError, MethodNotAllowed.

    ``direct`` is the IRI that the path stands for, None at the address of the graph store itself.
    """
    if method not in METHODS.split(", "):
        raise MethodNotAllowed(f"{method} is not a method of the graph store", allow=METHODS)
    given: dict[str, list[str]] = {}
    for name, value in fields(query_string, "the address"):
        given.setdefault(name, []).append(value)
    named, default = given.get("graph", []), "default" in given
    if direct is not None:
        if named or default:
            raise RequestError("the graph is named twice: by the path and by a parameter")
        if not _ABSOLUTE.fullmatch(direct):
            raise NotFound("no graph has such an address")
        return Target(direct, direct)
    if len(named) + default > 1:
        raise RequestError("the graph is named twice", hint="give either ?default or one ?graph=")
    if default:
        return Target("", address)
    if named:
        if not _ABSOLUTE.fullmatch(named[0]):
            raise RequestError(f"graph must be an absolute IRI, not {named[0][:200]!r}", parameter="graph")
        return Target(named[0], named[0])
    if method == "POST":
        return Target(None, address)
    raise RequestError("no graph is named", hint="give ?default, or ?graph= with the IRI of a graph, percent-encoded")


def parts(content_type: str | None, body: bytes) -> tuple[tuple[str, bytes], ...]:
    """The RDF documents of a body with their media types. Raises UnsupportedMediaType, RequestError."""
    kind = (content_type or "").partition(";")[0].strip().lower()
    if kind != FORM:
        return ((_syntax(kind), body),)
    boundary = _BOUNDARY.search(content_type or "")
    if boundary is None:
        raise RequestError(f"{FORM} without a boundary cannot be taken apart")
    found = tuple(_documents(body, (boundary[1] or boundary[2]).encode()))
    if not found:
        raise RequestError("the form has no part", hint="send each RDF document as a part with its Content-Type")
    return found


def _documents(body: bytes, boundary: bytes) -> Iterator[tuple[str, bytes]]:
    pieces = (b"\r\n" + body).split(b"\r\n--" + boundary)
    if len(pieces) < 2 or not pieces[-1].startswith(b"--"):
        raise RequestError("the form is cut: its last boundary is missing")
    for piece in pieces[1:-1]:
        head, separator, content = piece.partition(b"\r\n\r\n")
        if not separator:
            raise RequestError("a part of the form has no header, or no empty line behind it")
        named = _TYPE.search(head)
        kind = named[1].decode("latin-1").partition(";")[0].strip().lower() if named else ""
        yield _syntax(kind), content


def _syntax(kind: str) -> str:
    """The media type under which the engine knows a syntax of RDF."""
    for offer in GRAPHS:
        if kind == offer.name or (kind in offer.aliases and not kind.endswith(("/xml", "/json"))):
            return offer.name
    accepted = [offer.name for offer in GRAPHS]
    raise UnsupportedMediaType(
        f"a graph cannot be read from {kind or 'a body without Content-Type'}",
        hint="send one of " + ", ".join(accepted),
        accepted=accepted,
    )


def tag(digest: str, media: MediaType) -> str:
    """The entity tag of a graph in one syntax: it changes when a triple does."""
    return f'"{digest}-{media.short}"'


def require(if_match: str | None, if_none_match: str | None, *, existed: bool, digest: str) -> None:
    """Raise PreconditionFailed unless the graph is in the state that the request asks for (RFC 9110 section 13.1)."""
    if if_match is not None and not (existed and _names(if_match, digest)):
        detail = "has changed since it was read" if existed else "does not exist"
        raise PreconditionFailed(f"the graph {detail}: If-Match does not hold")
    if if_none_match is not None and existed and _names(if_none_match, digest):
        raise PreconditionFailed("the graph exists in the state that If-None-Match excludes")


def _names(header: str, digest: str) -> bool:
    tags = [part.strip() for part in header.split(",")]
    return any(each == "*" or each.startswith(f'"{digest}-') for each in tags)
