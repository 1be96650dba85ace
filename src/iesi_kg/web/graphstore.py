"""Answers the SPARQL 1.1 Graph Store HTTP Protocol at /graph as a raw ASGI route.

https://www.w3.org/TR/sparql11-http-rdf-update/ ; conditional requests by RFC 9110 section 13.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from iesi_kg.endpoint import negotiation
from iesi_kg.endpoint.graphstore import METHODS, Target, parts, require, tag, target
from iesi_kg.errors import IesiKgError, NotFound
from iesi_kg.operations.amendments import Changes
from iesi_kg.operations.audit import Act
from iesi_kg.records import Form
from iesi_kg.store.amending import Amended, Amendment
from iesi_kg.store.base import ChangeSet
from iesi_kg.store.workers import Limits
from iesi_kg.vocabulary import iris
from iesi_kg.web import headers, problem
from iesi_kg.web.body import receive_body
from iesi_kg.web.counted import counted
from iesi_kg.web.hangup import HangUp, watched
from iesi_kg.web.headers import Headers
from iesi_kg.web.site import Site, limits
from iesi_kg.web.sparql import preflight
from iesi_kg.web.validators import matches
from iesi_kg.web.writing import Permit, permit

PATH = "/graph"


class GraphStore:
    """The route; it takes up work when the service has started."""

    def __init__(self) -> None:
        self.site: Site
        self.amendments: Changes

    def start(self, site: Site, amendments: Changes) -> None:
        """Take up work on a started site."""
        self.site, self.amendments = site, amendments

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401  (ASGI)
        try:
            await self._answer(scope, receive, send)
        except HangUp:
            return
        except IesiKgError as error:
            await problem.send(error, scope, receive, send, html=self._wants_html(scope))
        except Exception as error:  # noqa: BLE001  (the edge: every fault becomes a problem document)
            fault = problem.unexpected(error, PATH)
            await problem.send(fault, scope, receive, send, html=self._wants_html(scope))

    def _wants_html(self, scope: Any) -> bool:  # noqa: ANN401
        return negotiation.prefers_html(headers.find(scope["headers"], b"accept"))

    async def _answer(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401
        method: str = scope["method"]
        if method == "OPTIONS":
            await preflight(send, METHODS)
            return
        address = _address(scope)
        asked = target(method, scope["query_string"], self._direct(scope["path"], address), address)
        if method in ("GET", "HEAD"):
            await self._read(asked, scope, receive, send)
        else:
            await self._write(method.lower(), asked, scope, receive, send)

    def _direct(self, path: str, address: str) -> str | None:
        """The graph that a path stands for: in a scratch store its address, else the IRI of ours it dereferences."""
        if len(path.rstrip("/")) <= len(PATH):
            return None
        try:
            return address if self.site.scratch else iris.from_path(path).value
        except ValueError:
            raise NotFound("no graph has such an address") from None

    async def _read(self, asked: Target, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401
        media = negotiation.choose(Form.GRAPH, headers.find(scope["headers"], b"accept"))
        amendment = Amendment("get", graph=asked.graph or "", parts=((media.name, b""),))
        caller, allowance = counted(self.site, scope)
        with self.site.turnstile.passage(caller, allowance):
            work = self.amendments.read(amendment, limits(allowance), caller)
            outcome, version = await watched(work, receive)
        etag = tag(outcome.digest, media)
        fields: Headers = (
            (b"etag", etag.encode()),
            (headers.VERSION, str(version).encode()),
            *headers.REVALIDATE,
            *headers.VARY,
            *headers.CORS,
            *headers.INERT,
        )
        known = headers.find(scope["headers"], b"if-none-match")
        if known and matches(known, etag):
            await _send(send, 304, fields)
            return
        size = (b"content-length", str(len(outcome.payload)).encode())
        content = ((b"content-type", media.content_type.encode()), size)
        await _send(send, 200, (*content, *fields), b"" if scope["method"] == "HEAD" else outcome.payload)

    async def _write(self, verb: str, asked: Target, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401
        allowed = permit(self.site, scope)  # before anything is read
        graph = f"{asked.base}/{uuid4()}" if asked.graph is None else asked.graph
        allowed.allow(graph)
        documents: tuple[tuple[str, bytes], ...] = ()
        if verb != "delete":
            body = await receive_body(scope, receive, self.site.settings.upload_bytes)
            documents = await asyncio.to_thread(parts, headers.find(scope["headers"], b"content-type"), body)
        base = graph if asked.graph is None else asked.base
        amendment = Amendment(verb, base=base, graph=graph, parts=documents)
        caller, allowance = counted(self.site, scope)
        with self.site.turnstile.passage(caller, allowance):
            most = self.site.change_limits(allowance)
            outcome, version = await watched(self._make(amendment, allowed, scope, most, caller), receive)
        status = 204 if verb == "delete" or outcome.existed else 201
        fields: Headers = ((headers.VERSION, str(version).encode()), *headers.NO_STORE, *headers.CORS)
        if asked.graph is None:
            fields = ((b"location", quote(graph, safe=":/?&=%~!$'()*+,;@").encode()), *fields)
        await _send(send, status, ((b"content-length", b"0"), *fields) if status != 204 else fields)

    async def _make(
        self,
        amendment: Amendment,
        allowed: Permit,
        scope: Any,  # noqa: ANN401
        most: Limits,
        caller: str,
    ) -> tuple[Amended, int]:
        if_match, if_none_match = (headers.find(scope["headers"], name) for name in (b"if-match", b"if-none-match"))

        def check(outcome: Amended, change: ChangeSet) -> None:
            require(if_match, if_none_match, existed=outcome.existed, digest=outcome.digest)
            allowed.check(outcome, change)

        detail = {"graph": amendment.graph}
        act = Act(allowed.name, "http", f"graph {amendment.verb}", datetime.now(UTC), detail)
        return await self.amendments.make(amendment, most, check, act, caller)


def _address(scope: Any) -> str:  # noqa: ANN401
    """The address asked, without its parameters: what names a graph directly."""
    host = headers.find(scope["headers"], b"host") or "localhost"
    path = (scope.get("raw_path") or quote(scope["path"]).encode()).decode("ascii", "replace").partition("?")[0]
    return f"{scope.get('scheme', 'http')}://{host}{path.rstrip('/') if path.rstrip('/') == PATH else path}"


async def _send(send: Any, status: int, fields: Headers, body: bytes = b"") -> None:  # noqa: ANN401
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": body})
