"""Turns the answer to a query into a complete 200 of HTTP: its tag, its headers, its body as the client takes it.

Entity tags by RFC 9110 section 8.8.3, caching by RFC 9111.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

from iesi_kg import __version__
from iesi_kg.endpoint.allowance import Allowance
from iesi_kg.endpoint.negotiation import MediaType
from iesi_kg.endpoint.protocol import Query
from iesi_kg.records import Answer
from iesi_kg.store.workers import Limits
from iesi_kg.web import headers
from iesi_kg.web.cache import Entry
from iesi_kg.web.headers import Headers
from iesi_kg.web.site import Site, limits
from iesi_kg.web.validators import packed_tag

Key = tuple[bytes, str | None, bytes, str | None, bool, str]


@dataclass(frozen=True, slots=True)
class Content:
    """The body of an answer as it goes, and its tag."""

    tag: str
    body: bytes
    coding: Headers = headers.NONE

    @classmethod
    def packed(cls, tag: str, body: bytes) -> Content:
        """One in gzip; the tag is that of the plain one."""
        return cls(tag and packed_tag(tag), body, headers.GZIP)


class Envelope:
    """What answers of one site have around them."""

    def __init__(self, site: Site) -> None:
        self._site = site
        shared, known = (*headers.VARY, *headers.CORS, *headers.INERT), (site.anonymous, site.token)
        self.limits: dict[str, Limits] = {found.name: limits(found) for found in known}
        self._fixed: dict[str, Headers] = {found.name: (*shared, *headers.limits(found)) for found in known}

    def tag(self, version: int, query: Query, media: MediaType) -> str:
        """A strong entity tag: state, software, query, graphs and media type."""
        parts = (
            str(version),
            self._site.state,
            __version__,
            media.name,
            "" if query.rewrite and self._site.rewriter else "as written",
            query.text,
            *query.default_graphs,
            "",
            *query.named_graphs,
        )
        return f'"{blake2b(chr(0).join(parts).encode("utf-8", "replace"), digest_size=16).hexdigest()}"'

    def headers(
        self, allowance: Allowance, version: int, media: MediaType, tag: str, length: int | None = None
    ) -> Headers:
        """The headers of every answer of one kind."""
        caching = ((b"etag", tag.encode()), *headers.REVALIDATE) if tag else headers.NO_STORE
        size = () if length is None else ((b"content-length", str(length).encode()),)
        return (
            (b"content-type", media.content_type.encode()),
            *size,
            *caching,
            (headers.VERSION, str(version).encode()),
            *self._fixed[allowance.name],
        )

    def entry(
        self, allowance: Allowance, media: MediaType, answer: Answer, content: Content, hint: str | None
    ) -> Entry:
        """The whole answer."""
        timing = f"wait;dur={1000 * answer.waited:.2f}, query;dur={1000 * answer.seconds:.2f}"
        facts = (
            (headers.ROWS, str(answer.rows).encode()),
            (headers.TIMING, timing.encode()),
            *content.coding,
            *(((headers.REWRITTEN, ", ".join(answer.rewritten).encode()),) if answer.rewritten else ()),
            *(((headers.HINT, hint.encode("ascii", "backslashreplace")),) if hint else ()),
        )
        fields = self.headers(allowance, answer.version, media, content.tag, len(content.body))
        return Entry(content.tag, (*fields, *facts), content.body)

    def keep(self, version: int, key: Key, entry: Entry) -> Entry:
        """Remember an answer that has a tag; it is told as one that was not remembered."""
        if entry.etag:
            query_string, content_type, body, accept, _, name = key
            weight = len(query_string) + len(content_type or "") + len(body) + len(accept or "") + len(name)
            self._site.cache.put(version, key, Entry(entry.etag, (*entry.headers, *headers.HIT), entry.body), weight)
        return Entry(entry.etag, (*entry.headers, *headers.MISS), entry.body)
