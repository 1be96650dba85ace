"""Puts the service together: the raw /sparql route in front, FastAPI with everything else behind."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Match

from iesi_kg import __version__
from iesi_kg.endpoint.federation import of_settings
from iesi_kg.endpoint.negotiation import prefers_html
from iesi_kg.errors import IesiKgError, NotFound, RequestError, ServiceBusy, UsageError
from iesi_kg.operations.amendments import Amendments, Changes
from iesi_kg.operations.audit import AuditLog
from iesi_kg.operations.offering import Offering
from iesi_kg.operations.server_graphs import ServerGraphs
from iesi_kg.settings import Settings
from iesi_kg.store import allocator, opening
from iesi_kg.store.base import VersionedStore
from iesi_kg.store.embedded import EmbeddedStore
from iesi_kg.store.pools import QueryPool
from iesi_kg.store.remote.profiles import locate
from iesi_kg.store.versions import Layout
from iesi_kg.store.workers import Pool
from iesi_kg.web import (
    access,
    cite,
    description,
    entity,
    feeds,
    guard,
    headers,
    links,
    manifest,
    mappings,
    openapi,
    pages,
    peers,
    problem,
    queries,
    reconcile_decisions,
    releases,
    standing,
    submissions,
)
from iesi_kg.web.cache import ResultCache
from iesi_kg.web.editions import Editions
from iesi_kg.web.graphstore import PATH as GRAPH_PATH
from iesi_kg.web.graphstore import GraphStore
from iesi_kg.web.guard import Guard
from iesi_kg.web.meter import Meter
from iesi_kg.web.processes.fellows import handlers
from iesi_kg.web.processes.sharing import Sharing
from iesi_kg.web.querylog import QueryLog, open_log
from iesi_kg.web.reception import Reception
from iesi_kg.web.reconcile import Reconcile
from iesi_kg.web.reconcile_request import PATH as RECONCILE_PATH
from iesi_kg.web.reconcile_request import answers
from iesi_kg.web.repeats import Repeats
from iesi_kg.web.routing import readable
from iesi_kg.web.shortcut import Shortcut
from iesi_kg.web.site import Site
from iesi_kg.web.sparql import PATH, Sparql, preflight
from iesi_kg.web.update import PATH as UPDATE_PATH
from iesi_kg.web.update import Updates
from iesi_kg.web.versions import PREFIX, Versions
from iesi_kg.web.visit import Visit

_DESCRIPTION = (
    "An open knowledge graph of ICT-enabled social innovation. "
    "The SPARQL endpoint is at /sparql; it follows the SPARQL 1.1 Protocol and describes itself there in RDF."
)

# What scripts of other origins may read; the forms of the pages are not among it.
_OPEN = (
    "/id/",
    "/codes/",
    "/ontology",
    "/health",
    "/peers",
    "/problems/",
    "/releases",
    "/cite",
    "/manifest",
    "/feeds/",
    "/mappings",
    "/service",
    "/.well-known/",
)

_CROSS_ORIGIN = b"access-control-"
# What a scratch store serves beside /sparql, /update and /graph.
_OF_SCRATCH = ("/health", "/metrics", "/peers", "/problems/", "/queries/", "/static/")


_METHODS = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")
_LOOK_SECONDS = 1.0
_CATCH_UP_SECONDS = 10.0
_LOOKS_TO_TRIM = 10
_SHARE = 4  # of the memory for answers goes to those that are found by the bytes of their request


class Application:
    """The ASGI application; ``state.site`` holds the running service."""

    def __init__(self, settings: Settings, sharing: Sharing | None = None) -> None:
        self.settings = settings
        self.sharing = sharing or Sharing()
        self.federation = of_settings(settings)
        manifest.checked(settings)
        self.stopping = False
        self.scratch = not settings.remote and Layout(settings.folder).scratch.exists()
        self.failure: IesiKgError | None = None
        self.confined = True
        self.meter = Meter(begun=self.sharing.begun)
        self.repeats = Repeats(settings.cache_bytes // _SHARE, self.meter)
        self.shortcut = Shortcut(self.meter)
        self.log: QueryLog | None = None
        self.updates = Updates()
        self.graphs = GraphStore()
        self.sparql = Sparql(self.updates, repeated=True)
        self.editions = Editions(_edition)
        self.versions = Versions(self.editions)
        self.reconcile = Reconcile()
        self.api = _api(self._lifespan)
        self.state = self.api.state
        self.state.gate = access.Gate(settings, self.sharing.attempts)
        self.state.reception = Reception(settings, self.state.gate, self.sharing)
        self._guard = Guard(settings)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401  (ASGI)
        if scope["type"] != "http":
            await self.api(scope, receive, self._in_a_sentence(send))
            return
        scope["app"] = self.api
        visit = Visit(scope, receive, send, self.meter, self.log)
        receive = receive if self.log is None else visit.receive
        send = _private(visit.send) if self.scratch else visit.send
        try:
            self._guard.admit(scope)
            beside = self._beside(scope["path"])
            if beside is not None:
                await beside(scope, receive, send)
            elif self.scratch and not (scope["path"] == "/" or scope["path"].startswith(_OF_SCRATCH)):
                raise NotFound("a scratch store has no other pages", hint="/sparql, /update and /graph are there")
            elif scope["path"].startswith(PREFIX):
                await self.versions(scope, receive, _secured(send))
            elif scope["method"] == "OPTIONS" and scope["path"].startswith(_OPEN):
                await preflight(send, "GET, HEAD, OPTIONS")
            elif scope["method"] == "OPTIONS" and scope["path"].startswith(queries.PATH):
                await preflight(send, "DELETE, OPTIONS")
            else:
                await self.api(scope, receive, _secured(send))
        except (RequestError, NotFound) as error:  # no page for a strange request: it would name the host it asked for
            html = isinstance(error, NotFound) and prefers_html(headers.find(scope["headers"], b"accept"))
            await problem.send(error, scope, receive, _secured(send), html=html)
        except asyncio.CancelledError:
            if not self.stopping:
                raise
        finally:
            visit.end()

    def _beside(self, path: str) -> Any:  # noqa: ANN401  (ASGI)
        """The route beside the framework that answers for a path, if there is one."""
        bare = path.rstrip("/")
        if bare == PATH:
            return self.sparql
        if bare == UPDATE_PATH:
            return self.updates
        if path == GRAPH_PATH or path.startswith(f"{GRAPH_PATH}/"):
            return self.graphs
        if path.startswith(RECONCILE_PATH) and not self.scratch and answers(path):
            return self.reconcile
        return None

    def _site(self, store: VersionedStore, pool: QueryPool, cache: ResultCache) -> Site:
        return Site(
            self.settings,
            store,
            pool,
            cache,
            self.federation,
            scratch=self.scratch,
            turnstile=self.sharing.turnstile,
            fellows=self.sharing.fellows,
        )

    async def stop(self) -> None:
        """End the running queries, so that nobody waits for them while the server stops."""
        self.stopping = True
        if hasattr(self.state, "site"):
            await self.state.site.pool.close()
            await self.updates.amendments.close()
        await self.editions.close()

    async def catch_up(self, version: int) -> None:
        """Wait until queries are answered on this version, if it comes in time."""
        with suppress(ServiceBusy):
            await self.state.site.pool.reach(version, _CATCH_UP_SECONDS)

    def _in_a_sentence(self, send: Any) -> Any:  # noqa: ANN401
        """Say why the service cannot start without the traceback that the framework would send."""

        async def told(message: dict[str, Any]) -> None:
            if message["type"] == "lifespan.startup.failed" and self.failure is not None:
                message = {**message, "message": self.failure.detail}
            await send(message)

        return told

    def _changes(self, store: VersionedStore, pool: QueryPool, log: AuditLog | None) -> Changes:
        settings = self.settings
        if not isinstance(pool, Pool) or not isinstance(store, EmbeddedStore):
            return ServerGraphs(store, locate(str(settings.store)).profile.title)
        made = Amendments(store, pool, queue=settings.query_queue, log=log, lasting=self.scratch)
        made.others = self.sharing.fellows
        return made

    @asynccontextmanager
    async def _lifespan(self, api: FastAPI) -> AsyncIterator[None]:
        settings = self.settings
        allocator.few_arenas()
        allocator.large_apart()
        try:
            store = await asyncio.to_thread(opening.open_store, settings)
            pool = opening.open_pool(settings, store)
            await pool.start()
            self.confined = pool.confined
            self.log = open_log(settings)
        except IesiKgError as error:
            self.failure = error
            raise
        log = None if self.scratch else AuditLog(settings.state_folder)
        amendments = self._changes(store, pool, log)
        try:
            cache = ResultCache(settings.cache_bytes)
            api.state.site = site = self._site(store, pool, cache)
            api.state.meter = self.meter
            self.sharing.fellows.answer(handlers(site.queries, pool, self.meter))
            self.sparql.start(site)
            if self.log is None:  # else each request is read again, to be written down
                self.repeats.start(pool)
                self.shortcut.start(site, self.sparql.envelope)
            self.updates.start(site, amendments)
            self.graphs.start(site, amendments)
            self.reconcile.start(site)
            self.editions.start(site, gate=self.state.gate, meter=self.meter, editions=self.editions)
            api.state.editions = self.editions
            following = asyncio.create_task(_follow(store, None if self.scratch else pages.Beforehand(api.state)))
            api.state.offering = offering = Offering(Layout(settings.state_folder))
            yield
            following.cancel()
            await offering.close()
        finally:
            self.reconcile.close()
            await self.editions.close()
            await pool.close()
            await amendments.close()
            store.close()
            if self.log is not None:
                self.log.close()


async def _follow(store: VersionedStore, beforehand: pages.Beforehand | None) -> None:
    """Keep no version that has passed from being deleted, and no memory that is free, even while nobody asks."""
    for look in itertools.count(1):
        await asyncio.sleep(_LOOK_SECONDS)
        store.let_go()
        if beforehand is not None:
            await beforehand.look()
        if look % _LOOKS_TO_TRIM == 0:
            await asyncio.to_thread(allocator.give_back)


def create_app(settings: Settings, sharing: Sharing | None = None) -> Application:
    """The service on the store that the settings name; the store is opened when the server starts.

    ``sharing`` is what it shares with other processes that serve the same.
    """
    return Application(settings, sharing)


def _api(lifespan: Any) -> FastAPI:  # noqa: ANN401
    # The bundled documentation pages of FastAPI load scripts from a CDN: only the OpenAPI document stays.
    api = FastAPI(
        title="iesi-kg",
        version=__version__,
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    readable(api, "/whoami", _whoami, "What the token of this request opens")
    readable(api, "/problems/{code}", _problem_kind, "What a kind of error means")
    api.include_router(standing.router)
    api.include_router(releases.router)
    api.include_router(cite.router)
    api.include_router(feeds.router)
    api.include_router(submissions.router)
    api.include_router(links.router)
    api.include_router(mappings.router)
    api.include_router(manifest.router)
    api.include_router(reconcile_decisions.router)
    api.include_router(pages.desk_router)
    _equip(api)
    openapi.describe(api)
    return api


def _edition() -> FastAPI:
    """The pages of a release: things, codes and lists, without what changes or checks anything."""
    api = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    _equip(api)
    return api


def _equip(api: FastAPI) -> None:
    api.include_router(description.router)
    api.include_router(entity.router)
    api.include_router(peers.router)
    api.include_router(queries.router)
    api.include_router(pages.router)
    api.add_exception_handler(IesiKgError, _on_error)
    api.add_exception_handler(HTTPException, _on_error)
    api.add_exception_handler(RequestValidationError, _on_error)
    api.add_exception_handler(Exception, _on_error)


async def _whoami(request: Request) -> Response:
    asking = access.caller(request.scope)
    content = {"name": asking.name, "scopes": sorted(asking.scopes), "graphs": list(asking.graphs)}
    return JSONResponse(content, headers={"Cache-Control": "no-store"})


async def _problem_kind(request: Request, code: str) -> Response:
    return JSONResponse(problem.kind_document(code))


async def _on_error(request: Request, error: Exception) -> Response:
    shown = _as_ours(request, error)
    if prefers_html(request.headers.get("accept")) or request.url.path.endswith(".html"):
        return problem.page(shown, request)
    status, fields, body = problem.response(shown)
    response = Response(body, status)
    response.raw_headers = list(fields)
    return response


def _as_ours(request: Request, error: Exception) -> IesiKgError:
    if isinstance(error, IesiKgError):
        return error
    if isinstance(error, HTTPException):
        return problem.of_status(error.status_code, error.detail, request.url.path, _allowed(request))
    if isinstance(error, RequestValidationError):
        first = error.errors()[0]
        return UsageError(f"{first['loc'][-1]}: {first['msg']}", parameter=str(first["loc"][-1]))
    return problem.unexpected(error, request.url.path)


def _allowed(request: Request) -> str:
    """Every method that some route of this address knows; the framework names those of the first route only."""
    scopes = {method: {**request.scope, "method": method} for method in _METHODS}
    routes = request.app.routes
    known = (m for m, scope in scopes.items() if any(route.matches(scope)[0] is Match.FULL for route in routes))
    return ", ".join(known)


def _private(send: Any) -> Any:  # noqa: ANN401
    """Leave out what lets scripts of any site read an answer: a scratch store is nobody's publication."""

    async def private(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            fields = [field for field in message.get("headers", ()) if not field[0].lower().startswith(_CROSS_ORIGIN)]
            message = {**message, "headers": fields}
        await send(message)

    return private


def _secured(send: Any) -> Any:  # noqa: ANN401
    """Add the security headers that an answer does not carry yet."""

    async def secured(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            given = list(message.get("headers", ()))
            names = {name.lower() for name, _ in given}
            more = (field for field in headers.SECURITY if field[0] not in names)
            message["headers"] = [*guard.harmless(given), *more]
        await send(message)

    return secured
