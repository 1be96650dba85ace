"""The Atom feeds: releases, accepted submissions, and the answer of each example query."""

from __future__ import annotations

from hashlib import blake2b

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from iesi_kg.publication import feed
from iesi_kg.publication.release_shelf import Shelf
from iesi_kg.web import headers
from iesi_kg.web.routing import readable
from iesi_kg.web.site import Site
from iesi_kg.web.validators import matches

router = APIRouter(prefix="/feeds")


async def releases(request: Request) -> Response:
    """Every release, and every erasure from one."""
    entries = await run_in_threadpool(lambda: list(feed.releases(_shelf(request))))
    return _reply(request, feed.atom("releases", "iesi-kg: releases", entries, _service(request)))


async def submissions(request: Request) -> Response:
    """The newest accepted submissions."""
    site: Site = request.app.state.site
    entries = await run_in_threadpool(lambda: list(feed.submissions(site.store.reader())))
    return _reply(request, feed.atom("submissions", "iesi-kg: accepted submissions", entries, _service(request)))


async def example(request: Request, slug: str) -> Response:
    """What each release changed in the answer of one example query."""
    title, entries = await run_in_threadpool(feed.example, _shelf(request), slug)
    return _reply(request, feed.atom(f"examples/{slug}", f"iesi-kg: {title}", entries, _service(request)))


readable(router, "/releases.atom", releases, "Feed of the releases")
readable(router, "/submissions.atom", submissions, "Feed of the accepted submissions")
readable(router, "/examples/{slug}.atom", example, "Feed of the answers of one example query")


def _shelf(request: Request) -> Shelf:
    shelf: Shelf = request.app.state.editions.shelf
    return shelf


def _service(request: Request) -> str:
    return str(request.base_url).rstrip("/")


def _reply(request: Request, body: bytes) -> Response:
    tag = f'"{blake2b(body, digest_size=16).hexdigest()}"'
    fields = {name.decode(): value.decode() for name, value in (*headers.CORS, *headers.REVALIDATE)} | {"ETag": tag}
    known = request.headers.get("if-none-match")
    if known and matches(known, tag):
        return Response(status_code=304, headers=fields)
    return Response(body, media_type="application/atom+xml", headers=fields)
