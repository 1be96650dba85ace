"""Puts the service together: the raw /sparql route in front, FastAPI with everything else behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from iesi_kg import __version__
from iesi_kg.endpoint.negotiation import prefers_html
from iesi_kg.errors import IesiKgError, UsageError
from iesi_kg.settings import Settings
from iesi_kg.store.embedded import EmbeddedStore
from iesi_kg.store.workers import Pool
from iesi_kg.web import cite, description, entity, feeds, headers, pages, problem, releases
from iesi_kg.web.cache import ResultCache
from iesi_kg.web.editions import Editions
from iesi_kg.web.routing import readable
from iesi_kg.web.site import Site
from iesi_kg.web.sparql import PATH, Sparql, preflight
from iesi_kg.web.versions import PREFIX, Versions

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
    "/problems/",
    "/releases",
    "/cite",
    "/feeds/",
    "/service",
    "/.well-known/",
)


class Application:
    """The ASGI application; ``state.site`` holds the running service."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.stopping = False
        self.failure: IesiKgError | None = None
        self.sparql = Sparql()
        self.editions = Editions(_edition)
        self.versions = Versions(self.editions)
        self.api = _api(self._lifespan)
        self.state = self.api.state

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401  (ASGI)
        if scope["type"] != "http":
            await self.api(scope, receive, self._in_a_sentence(send))
            return
        scope["app"] = self.api
        try:
            if scope["path"].rstrip("/") == PATH:
                await self.sparql(scope, receive, send)
            elif scope["path"].startswith(PREFIX):
                await self.versions(scope, receive, _secured(send))
            elif scope["method"] == "OPTIONS" and scope["path"].startswith(_OPEN):
                await preflight(send, "GET, HEAD, OPTIONS")
            else:
                await self.api(scope, receive, _secured(send))
        except asyncio.CancelledError:
            if not self.stopping:
                raise

    async def stop(self) -> None:
        """End the running queries, so that nobody waits for them while the server stops."""
        self.stopping = True
        if hasattr(self.state, "site"):
            await self.state.site.pool.close()
        await self.editions.close()

    def _in_a_sentence(self, send: Any) -> Any:  # noqa: ANN401
        """Say why the service cannot start without the traceback that the framework would send."""

        async def told(message: dict[str, Any]) -> None:
            if message["type"] == "lifespan.startup.failed" and self.failure is not None:
                message = {**message, "message": self.failure.detail}
            await send(message)

        return told

    @asynccontextmanager
    async def _lifespan(self, api: FastAPI) -> AsyncIterator[None]:
        settings = self.settings
        pool = Pool(settings.store, workers=settings.workers, memory=settings.query_memory, queue=settings.query_queue)
        try:
            store = EmbeddedStore.open(settings.store, lock_timeout=settings.lock_seconds, keep=settings.keep_versions)
            await pool.start()
        except IesiKgError as error:
            self.failure = error
            raise
        try:
            api.state.site = Site(settings, store, pool, ResultCache(settings.cache_bytes))
            self.sparql.start(api.state.site)
            self.editions.start(api.state.site)
            api.state.editions = self.editions
            yield
        finally:
            await self.editions.close()
            await pool.close()
            store.close()


def create_app(settings: Settings) -> Application:
    """The service on the store that the settings name; the store is opened when the server starts."""
    return Application(settings)


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
    readable(api, "/health", _health, "Whether the service is up, and its version")
    readable(api, "/problems/{code}", _problem_kind, "What a kind of error means")
    api.include_router(releases.router)
    api.include_router(cite.router)
    api.include_router(feeds.router)
    _equip(api)
    return api


def _edition() -> FastAPI:
    """The pages of a release: things, codes and lists, without what changes or checks anything."""
    api = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    _equip(api)
    return api


def _equip(api: FastAPI) -> None:
    api.include_router(description.router)
    api.include_router(entity.router)
    api.include_router(pages.router)
    api.add_exception_handler(IesiKgError, _on_error)
    api.add_exception_handler(HTTPException, _on_error)
    api.add_exception_handler(RequestValidationError, _on_error)
    api.add_exception_handler(Exception, _on_error)


async def _health(request: Request) -> Response:
    site: Site = request.app.state.site
    content = {"status": "ok", "version": site.version, "software": __version__}
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
        allow = ", ".join(sorted((error.headers or {}).get("Allow", "GET, HEAD").split(", ")))
        return problem.of_status(error.status_code, error.detail, request.url.path, allow)
    if isinstance(error, RequestValidationError):
        first = error.errors()[0]
        return UsageError(f"{first['loc'][-1]}: {first['msg']}", parameter=str(first["loc"][-1]))
    return problem.unexpected(error, request.url.path)


def _secured(send: Any) -> Any:  # noqa: ANN401
    """Add the security headers that an answer does not carry yet."""

    async def secured(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            given = list(message.get("headers", ()))
            names = {name.lower() for name, _ in given}
            message["headers"] = [*given, *(field for field in headers.SECURITY if field[0] not in names)]
        await send(message)

    return secured
