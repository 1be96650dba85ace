"""Turns triples into bytes of one RDF syntax, equal triples into equal bytes."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from pyoxigraph import Literal, NamedNode, RdfFormat, Triple, serialize

from iesi_kg.endpoint.negotiation import TURTLE, MediaType
from iesi_kg.errors import NotAcceptable
from iesi_kg.vocabulary.namespaces import PREFIXES

_LOCAL_NAME = re.compile(r"[^/#]*\Z")


def write(triples: Iterable[Triple], media: MediaType, prefixes: Mapping[str, str] | None = None) -> bytes:
    """The triples in their order; Turtle with the prefixes that shorten something."""
    ordered = list(triples)
    syntax = RdfFormat.from_media_type(media.name)
    if syntax is None:
        raise NotAcceptable(f"RDF cannot be written as {media.name}")
    if media is not TURTLE:
        return serialize(ordered, format=syntax) or b""
    used = _used(ordered, {**PREFIXES, **(prefixes or {})})
    return _sorted_head(serialize(ordered, format=syntax, prefixes=used) or b"")


def _used(triples: Collection[Triple], prefixes: Mapping[str, str]) -> dict[str, str]:
    """The prefixes that shorten something here (a local name with a slash is no shorter to the eye)."""
    terms = {term for triple in triples for term in (triple.subject, triple.predicate, triple.object)}
    names = {term.value for term in terms if isinstance(term, NamedNode)}
    names |= {term.datatype.value for term in terms if isinstance(term, Literal)}
    heads = {_LOCAL_NAME.sub("", name) for name in names}
    return {name: space for name, space in prefixes.items() if space in heads}


def _sorted_head(turtle: bytes) -> bytes:
    lines = turtle.splitlines(keepends=True)
    head = [line for line in lines if line.startswith(b"@prefix ")]
    return b"".join((*sorted(head), b"\n", *lines[len(head) :]))
