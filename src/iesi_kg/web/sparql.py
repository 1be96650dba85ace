"""Answers the SPARQL 1.1 Protocol at /sparql as a raw ASGI route: what is asked often must cost little.

https://www.w3.org/TR/sparql11-protocol/ ; caching by RFC 9111 and RFC 9110 section 13.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any, Protocol
from urllib.parse import urlencode

from iesi_kg.endpoint import negotiation
from iesi_kg.endpoint.allowance import Allowance
from iesi_kg.endpoint.emptiness import misspelt
from iesi_kg.endpoint.execution import execute, recognised
from iesi_kg.endpoint.negotiation import MediaType
from iesi_kg.endpoint.protocol import METHODS, Query, is_update, parse, with_base
from iesi_kg.endpoint.syntax import Shape
from iesi_kg.errors import IesiKgError, QueryRefused, QueryStopped, RequestError, RequestTooLarge
from iesi_kg.records import Answer
from iesi_kg.store.plain import Plain
from iesi_kg.web import consulted, headers, problem, queries
from iesi_kg.web.body import refuse_packed
from iesi_kg.web.cache import Entry
from iesi_kg.web.counted import counted
from iesi_kg.web.description import described
from iesi_kg.web.envelope import Content, Envelope, Key
from iesi_kg.web.exchange import MANNER, REPEATS
from iesi_kg.web.hangup import HangUp, watched
from iesi_kg.web.headers import Headers
from iesi_kg.web.shortcut import Manner
from iesi_kg.web.site import Site
from iesi_kg.web.validators import matches, pack, packed_tag, without_content, worth_packing

PATH = "/sparql"
_BYTES_PER_CHARACTER = 4
_FORM_ROOM = 65_536
_SELDOM = frozenset({b"authorization", b"content-encoding", queries.ID, queries.SECRET})


class Updating(Protocol):
    """What makes the updates that a POST carries here."""

    async def answer(self, scope: Any, receive: Any, send: Any, body: bytes) -> None: ...  # noqa: ANN401


class Sparql:
    """The route; ``site`` is set when the service has started.

    With ``repeated`` the server may give an answer again by itself while the version stays.
    """

    def __init__(self, updates: Updating | None = None, *, repeated: bool = False) -> None:
        self.site: Site
        self._repeated = repeated
        self._updates = updates
        self.envelope: Envelope
        self._loop: asyncio.AbstractEventLoop

    def start(self, site: Site) -> None:
        """Take up work on a started site."""
        self.site = site
        self._loop = asyncio.get_running_loop()
        self.envelope = Envelope(site)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401  (ASGI)
        asked = _Asked(scope)
        begun = time.monotonic()
        try:
            self._recognise(asked, scope)
            await self._answer(asked, scope, receive, send)
        except HangUp:
            return
        except IesiKgError as error:
            if asked.query_id is not None:
                error.members = {"query": asked.query_id, **error.members}
            error.members = {"elapsed_seconds": round(time.monotonic() - begun, 3), **error.members}
            await problem.send(error, scope, receive, send, html=asked.wants_html)
        except Exception as error:  # noqa: BLE001  (the edge: every fault becomes a problem document)
            fault = problem.unexpected(error, PATH)
            await problem.send(fault, scope, receive, send, html=asked.wants_html)

    def _recognise(self, asked: _Asked, scope: Any) -> None:  # noqa: ANN401
        """Who asks, and what that class of caller may use. Raises Unauthorized."""
        asked.caller, asked.allowance = counted(self.site, scope, has_token=asked.has_token)

    async def _answer(self, asked: _Asked, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401
        if asked.method == "OPTIONS":
            await preflight(send, METHODS)
            return
        body = await self._body(asked, receive) if asked.method == "POST" else b""
        if body and is_update(asked.content_type, body):
            if self._updates is None:
                raise QueryRefused("what is served here does not change", hint="updates go to /update of the service")
            await self._updates.answer(scope, receive, send, body)
            return
        key: Key = (asked.query_string, asked.content_type, body, asked.accept, asked.gzip, asked.allowance.name)
        version = self.site.pool.version
        entry = known = None if asked.wants_html else self.site.cache.get(version, key)
        if entry is None:
            query = parse(asked.method, asked.query_string, asked.content_type, body)
            if query is not None and self.site.scratch:
                query = with_base(query, _address(scope))
            if asked.wants_html and (query is None or not query.formats):
                await self._page(asked, query, body, receive, send)
                return
            if query is None:
                await self._describe(asked, scope, send)
                return
            entry = await self._fresh(asked, query, key, version, receive)
        if entry.etag and asked.if_none_match and matches(asked.if_none_match, entry.etag):
            status, fields, content = 304, without_content(entry.headers), b""
        else:
            status, fields, content = 200, entry.headers, entry.body
        start = {"type": "http.response.start", "status": status, "headers": fields}
        if self._repeated and not asked.has_token:
            if known is not None:
                start[REPEATS] = version
            elif asked.is_ordinary():
                start[MANNER] = Manner(asked.caller, asked.allowance, asked.accept, asked.gzip)
        await send(start)
        await send({"type": "http.response.body", "body": content})

    async def _fresh(self, asked: _Asked, query: Query, key: Key, version: int, receive: Any) -> Entry:  # noqa: ANN401
        shape, small = recognised(query, self.site.guards)
        media = negotiation.choose(shape.form, asked.accept, query.formats)
        tag = "" if shape.volatile or query.based else self.envelope.tag(version, query, media)
        if tag and asked.if_none_match:
            for known in (tag, packed_tag(tag)):
                if matches(asked.if_none_match, known):
                    return Entry(known, self.envelope.headers(asked.allowance, version, media, known), b"")
        answer = await self._evaluate(asked, query, media, (shape, small), receive)
        if tag and answer.version != version:
            tag = self.envelope.tag(answer.version, query, media)
        hint = misspelt(query.text) if answer.rows == 0 else None
        if answer.services:
            return await self._federated(asked, media, answer, hint)
        return self.envelope.keep(answer.version, key, await self._entry(asked, media, tag, answer, hint))

    async def _evaluate(
        self,
        asked: _Asked,
        query: Query,
        media: MediaType,
        read: tuple[Shape, Plain | None],
        receive: Any,  # noqa: ANN401
    ) -> Answer:
        """Have a query evaluated: counted once, at once where it is small, else so that its client can stop it."""
        site, (shape, small), allowed = self.site, read, self.envelope.limits[asked.allowance.name]
        running = site.queries.begin(asked.query_id, asked.query_secret) if asked.query_id is not None else None
        try:
            site.turnstile.enter(asked.caller, asked.allowance)
            try:
                if small is not None and running is None:
                    answer = site.pool.at_once(small, media.name, allowed)
                    if answer is not None:
                        return answer
                work = execute(query, media, site.runner(shape, rewrite=query.rewrite), allowed, asked.caller)
                return await watched(work, receive, self._loop, running)
            finally:
                site.turnstile.leave(asked.caller)
        finally:
            if running is not None:
                site.queries.end(running)

    async def _federated(self, asked: _Asked, media: MediaType, answer: Answer, hint: str | None) -> Entry:
        linked = consulted.told(answer, _address(asked.scope).removesuffix(PATH))
        entry = await self._entry(asked, media, "", linked, hint)
        return Entry("", (*entry.headers, *headers.MISS, *consulted.fields(answer.services)), entry.body)

    async def _entry(self, asked: _Asked, media: MediaType, tag: str, answer: Answer, hint: str | None) -> Entry:
        content = Content(tag, answer.body)
        if asked.gzip and worth_packing(answer.body):
            content = Content.packed(tag, await pack(answer.body))
        return self.envelope.entry(asked.allowance, media, answer, content, hint)

    async def _body(self, asked: _Asked, receive: Any) -> bytes:  # noqa: ANN401
        most = self.site.settings.query_length * _BYTES_PER_CHARACTER + _FORM_ROOM
        refuse_packed(asked.content_encoding)
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

    async def _page(self, asked: _Asked, query: Query | None, body: bytes, receive: Any, send: Any) -> None:  # noqa: ANN401
        """The page, which stays what it is when its own button stopped the query."""
        named = queries.of_form(asked.content_type, body) if body else (None, None)
        id_, secret = (asked.query_id, asked.query_secret) if asked.query_id is not None else named
        running = self.site.queries.begin(id_, secret) if id_ is not None else None
        scope = asked.scope
        try:
            reply = await watched(_rendered(scope, query, receive), receive, self._loop, running)
        except QueryStopped:
            if id_ != named[0]:
                raise
            await _send(send, 204, headers.NO_STORE, b"")
            return
        finally:
            if running is not None:
                self.site.queries.end(running)
        await reply(scope, receive, send)

    async def _describe(self, asked: _Asked, scope: Any, send: Any) -> None:  # noqa: ANN401
        """The service description at the bare address (SPARQL 1.1 Service Description section 2).

        With parameters, of which none is a query, it is for those who name RDF; the others are told what is missing.
        """
        is_asked = not asked.query_string or negotiation.names_rdf(asked.accept)
        media = negotiation.best(negotiation.GRAPHS, asked.accept) if is_asked else None
        if media is None:
            raise RequestError(
                "the `query` parameter is missing",
                hint=f"{PATH}?query=ASK%7B%7D asks a query; {PATH} alone, as text/turtle, describes the service",
            )
        body = await asyncio.to_thread(described, self.site, _address(scope), media)
        fields = self.envelope.headers(self.site.anonymous, self.site.version, media, "", len(body))
        await _send(send, 200, fields, body)


class _Asked:
    """The few request headers the route reads, picked in one pass."""

    __slots__ = (
        "accept", "allowance", "caller", "content_encoding", "content_length", "content_type", "gzip", "has_token",
        "if_none_match", "method", "query_id", "query_secret", "query_string", "scope", "wants_html",
    )  # fmt: skip

    def __init__(self, scope: Any) -> None:  # noqa: ANN401
        self.method: str = scope["method"]
        self.scope = scope
        self.query_string: bytes = scope["query_string"]
        self.accept: str | None = None
        self.content_type: str | None = None
        self.if_none_match: str | None = None
        self.query_id: str | None = None
        self.query_secret: str | None = None
        self.content_encoding = ""
        self.caller = ""
        self.allowance: Allowance
        self.has_token = False
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
            elif name in _SELDOM:
                self._seldom(name, value.decode("latin-1"))
        self.wants_html = negotiation.prefers_html(self.accept)

    def is_ordinary(self) -> bool:
        """Whether the header says nothing but who asks, and which form is liked."""
        unsaid = (self.content_type, self.if_none_match, self.query_id, self.query_secret)
        return self.method == "GET" and unsaid == (None, None, None, None) and not (self.has_token or self.wants_html)

    def _seldom(self, name: bytes, value: str) -> None:
        if name == b"content-encoding":
            self.content_encoding = value
        elif name == b"authorization":
            self.has_token = True
        elif name == queries.ID:
            self.query_id = value
        else:
            self.query_secret = value


async def _rendered(scope: Any, query: Query | None, receive: Any) -> Any:  # noqa: ANN401
    """The page at the address that would ask the same by GET: the links on it lead there."""
    from starlette.requests import Request

    from iesi_kg.web import pages

    if query is not None and scope["method"] == "POST":
        asked = scope["query_string"] + b"&" + urlencode({"query": query.text}).encode()
        scope = {**scope, "query_string": asked.removeprefix(b"&")}
    return await pages.sparql_html(Request(scope, receive), query.text if query else None)


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
