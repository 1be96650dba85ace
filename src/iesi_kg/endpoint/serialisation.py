"""Turns triples into bytes of one RDF syntax, equal triples into equal bytes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pyoxigraph import RdfFormat, Triple, serialize

from iesi_kg.endpoint.negotiation import TURTLE, MediaType
from iesi_kg.errors import NotAcceptable
from iesi_kg.store.prefixes import occurring
from iesi_kg.vocabulary.namespaces import PREFIXES


def write(triples: Iterable[Triple], media: MediaType, prefixes: Mapping[str, str] | None = None) -> bytes:
    """The triples in their order; Turtle with the prefixes that shorten something."""
    ordered = list(triples)
    syntax = RdfFormat.from_media_type(media.name)
    if syntax is None:
        raise NotAcceptable(f"RDF cannot be written as {media.name}")
    if media is not TURTLE:
        return serialize(ordered, format=syntax) or b""
    used = occurring(ordered, {**PREFIXES, **(prefixes or {})})
    return _sorted_head(serialize(ordered, format=syntax, prefixes=used) or b"")


def _sorted_head(turtle: bytes) -> bytes:
    lines = turtle.splitlines(keepends=True)
    head = [line for line in lines if line.startswith(b"@prefix ")]
    return b"".join((*sorted(head), b"\n", *lines[len(head) :]))
