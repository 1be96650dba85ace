"""Answers the SPARQL 1.1 Protocol at /sparql as a raw ASGI route: what is asked often must cost little.

https://www.w3.org/TR/sparql11-protocol/ ; caching by RFC 9111 and RFC 9110 section 13.
"""

from __future__ import annotations

import asyncio
from hashlib import blake2b
from typing import Any

from iesi_kg import __version__
from iesi_kg.endpoint import negotiation
from iesi_kg.endpoint.execution import execute
from iesi_kg.endpoint.negotiation import MediaType
from iesi_kg.endpoint.protocol import METHODS, Query, parse
from iesi_kg.endpoint.syntax import inspect
from iesi_kg.errors import IesiKgError, RequestError, RequestTooLarge
from iesi_kg.records import Answer
from iesi_kg.web import headers, problem
from iesi_kg.web.cache import Entry
from iesi_kg.web.description import described
from iesi_kg.web.hangup import HangUp, watched
from iesi_kg.web.headers import Headers
from iesi_kg.web.site import Site
from iesi_kg.web.validators import matches, pack, packed_tag, without_content, worth_packing

PATH = "/sparql"
_BYTES_PER_CHARACTER = 4
_FORM_ROOM = 65_536
_SIZED = (bytes, str)


class Sparql:
    """The route; ``site`` is set when the service has started."""

    def __init__(self) -> None:
        self.site: Site
        self._fixed: Headers = ()

    def start(self, site: Site) -> None:
        """Take up work on a started site."""
        self.site = site
        self._fixed = (
            *headers.VARY,
            *headers.CORS,
            *headers.NO_SNIFFING,
            *headers.limits(site.settings),
        )

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401  (ASGI)
        asked = _Asked(scope)
        try:
            await self._answer(asked, scope, receive, send)
        except HangUp:
            return
        except IesiKgError as error:
            await problem.send(error, scope, receive, send, html=asked.wants_html)
        except Exception as error:  # noqa: BLE001  (the edge: every fault becomes a problem document)
            fault = problem.unexpected(error, PATH)
            await problem.send(fault, scope, receive, send, html=asked.wants_html)

    async def _answer(self, asked: _Asked, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401
        if asked.method == "OPTIONS":
            await preflight(send, METHODS)
            return
        body = await self._body(asked, receive) if asked.method == "POST" else b""
        key = (asked.query_string, asked.content_type, body, asked.accept, asked.gzip)
        version = self.site.pool.version
        entry = None if asked.wants_html else self.site.cache.get(version, key)
        if entry is None:
            query = parse(asked.method, asked.query_string, asked.content_type, body)
            if asked.wants_html and (query is None or not query.formats):
                await self._page(query, scope, receive, send)
                return
            if query is None:
                await self._describe(asked, scope, send)
                return
            entry = await self._fresh(asked, query, key, version, receive)
        if entry.etag and asked.if_none_match and matches(asked.if_none_match, entry.etag):
            await _send(send, 304, without_content(entry.headers), b"")
        else:
            await _send(send, 200, entry.headers, entry.body)

    async def _fresh(self, asked: _Asked, query: Query, key: Any, version: int, receive: Any) -> Entry:  # noqa: ANN401
        shape = inspect(query.text, self.site.guards)
        media = negotiation.choose(shape.form, asked.accept, query.formats)
        tag = "" if shape.volatile else _tag(version, query, media)
        if tag and asked.if_none_match:
            for known in (tag, packed_tag(tag)):
                if matches(asked.if_none_match, known):
                    return Entry(known, self._headers(version, media, known), b"")
        answer = await watched(execute(query, media, self.site.pool, self.site.limits), receive)
        if tag and answer.version != version:
            tag = _tag(answer.version, query, media)
        entry = await self._entry(asked, media, tag, answer)
        if entry.etag:
            self.site.cache.put(answer.version, key, entry, sum(len(part) for part in key if isinstance(part, _SIZED)))
        return entry

    async def _entry(self, asked: _Asked, media: MediaType, tag: str, answer: Answer) -> Entry:
        body = answer.body
        if not asked.gzip or not worth_packing(body):
            return Entry(tag, self._headers(answer.version, media, tag, len(body)), body)
        packed = await pack(body)
        tag = tag and packed_tag(tag)
        fields = self._headers(answer.version, media, tag, len(packed))
        return Entry(tag, (*fields, (b"content-encoding", b"gzip")), packed)

    def _headers(self, version: int, media: MediaType, tag: str, length: int | None = None) -> Headers:
        caching = ((b"etag", tag.encode()), *headers.REVALIDATE) if tag else headers.NO_STORE
        size = () if length is None else ((b"content-length", str(length).encode()),)
        return (
            (b"content-type", media.content_type.encode()),
            *size,
            *caching,
            (headers.VERSION, str(version).encode()),
            *self._fixed,
        )

    async def _body(self, asked: _Asked, receive: Any) -> bytes:  # noqa: ANN401
        most = self.site.settings.query_length * _BYTES_PER_CHARACTER + _FORM_ROOM
        if asked.content_length > most:
            raise _too_large(most)
        body = b""
        while True:
            message: dict[str, Any] = await receive()
            if message["type"] == "http.disconnect":
                raise HangUp
            body += bytes(message.get("body", b""))
            if len(body) > most:
                raise _too_large(most)
            if not message.get("more_body", False):
                return body

    async def _page(self, query: Query | None, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401
        from starlette.requests import Request

        from iesi_kg.web import pages

        request = Request(scope, receive)
        reply = await watched(pages.sparql_html(request, query.text if query else None), receive)
        await reply(scope, receive, send)

    async def _describe(self, asked: _Asked, scope: Any, send: Any) -> None:  # noqa: ANN401
        """The address without a query: the service description for those who name RDF, else what is missing."""
        media = negotiation.best(negotiation.GRAPHS, asked.accept) if negotiation.names_rdf(asked.accept) else None
        if media is None:
            raise RequestError(
                "the `query` parameter is missing",
                hint=f"{PATH}?query=ASK%7B%7D asks a query; Accept: text/turtle gets a description of the service",
            )
        body = await asyncio.to_thread(described, self.site, _address(scope), media)
        await _send(send, 200, self._headers(self.site.version, media, "", len(body)), body)


class _Asked:
    """The few request headers the route reads, picked in one pass."""

    __slots__ = (
        "accept", "content_length", "content_type", "gzip", "if_none_match", "method", "query_string", "wants_html",
    )  # fmt: skip

    def __init__(self, scope: Any) -> None:  # noqa: ANN401
        self.method: str = scope["method"]
        self.query_string: bytes = scope["query_string"]
        self.accept: str | None = None
        self.content_type: str | None = None
        self.if_none_match: str | None = None
        self.gzip = False
        self.content_length = 0
        for name, value in scope["headers"]:
            if name == b"accept":
                more = value.decode("latin-1")
                self.accept = more if self.accept is None else f"{self.accept}, {more}"
            elif name == b"accept-encoding":
                self.gzip = self.gzip or negotiation.accepts_gzip(value.decode("latin-1"))
            elif name == b"if-none-match" and self.method != "POST":  # a POST is never "not modified"
                self.if_none_match = value.decode("latin-1")
            elif name == b"content-type":
                self.content_type = value.decode("latin-1")
            elif name == b"content-length":
                self.content_length = int(value) if value.isdigit() else 0
        self.wants_html = negotiation.prefers_html(self.accept)


def _tag(version: int, query: Query, media: MediaType) -> str:
    """A strong entity tag (RFC 9110 section 8.8.3): version, software, query, graphs and media type."""
    parts = (str(version), __version__, media.name, query.text, *query.default_graphs, "", *query.named_graphs)
    return f'"{blake2b(chr(0).join(parts).encode("utf-8", "replace"), digest_size=16).hexdigest()}"'


def _too_large(most: int) -> RequestTooLarge:
    return RequestTooLarge(
        f"the body is larger than {most:,} bytes",
        hint="ask in several smaller queries",
        limit="query_length",
        maximum=most,
    )


def _address(scope: Any) -> str:  # noqa: ANN401
    host = headers.find(scope["headers"], b"host") or "localhost"
    return f"{scope.get('scheme', 'http')}://{host}{scope.get('mount', '')}{PATH}"


async def preflight(send: Any, methods: str) -> None:  # noqa: ANN401
    """Answer OPTIONS: what works here, for scripts of any origin (https://fetch.spec.whatwg.org/#http-cors-protocol)."""
    allow = ((b"allow", methods.encode()), (b"access-control-allow-methods", methods.encode()))
    await _send(send, 204, (*allow, *headers.CORS, *headers.PREFLIGHT), b"")


async def _send(send: Any, status: int, fields: Headers, body: bytes) -> None:  # noqa: ANN401
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": body})
