"""Answers for the list of peers: which other servers a query with SERVICE may ask, and within which bounds."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from iesi_kg.errors import NotFound
from iesi_kg.store.peers import Peer
from iesi_kg.web.headers import CORS
from iesi_kg.web.routing import readable
from iesi_kg.web.site import Site

router = APIRouter()
_SHOWN = ("name", "title", "address", "also", "licence", "about", "seconds", "loads")


async def _every(request: Request) -> Response:
    site: Site = request.app.state.site
    settings = site.settings
    limits = {
        "clauses": settings.service_clauses,
        "seconds": settings.service_seconds,
        "bytes": settings.service_bytes,
        "rows": settings.service_rows,
    }
    federation = site.federation
    peers = [_described(peer) for peer in federation.peers] if federation else []
    return _reply({"federation": federation is not None, "limits": limits, "peers": peers})


async def _one(request: Request, name: str) -> Response:
    site: Site = request.app.state.site
    peer = site.federation.peers.named(name) if site.federation else None
    if peer is None:
        raise NotFound(f"no peer is called {name[:100]!r}", hint="/peers lists them")
    return _reply(_described(peer))


def _described(peer: Peer) -> dict[str, Any]:
    facts = asdict(peer)
    return {name: facts[name] for name in _SHOWN if facts[name]}


def _reply(content: dict[str, Any]) -> Response:
    response = JSONResponse(content)
    response.raw_headers += [*CORS, (b"cache-control", b"public, no-cache")]
    return response


readable(router, "/peers", _every, "The other servers that SERVICE may ask, and its limits")
readable(router, "/peers/{name}", _one, "One server that SERVICE may ask")
