"""Answers what the service and its data are: the service description, /.well-known/void, /service."""

from __future__ import annotations

import json
from hashlib import blake2b

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from iesi_kg import __version__
from iesi_kg.endpoint import description, negotiation
from iesi_kg.endpoint.description import Service
from iesi_kg.endpoint.negotiation import GRAPHS, MediaType
from iesi_kg.endpoint.serialisation import write
from iesi_kg.endpoint.sizes import Sizes, sizes
from iesi_kg.errors import NotAcceptable
from iesi_kg.publication import catalogue
from iesi_kg.store.base import Reader
from iesi_kg.vocabulary.namespaces import SERVICE
from iesi_kg.web import headers
from iesi_kg.web.cache import Entry
from iesi_kg.web.reconcile_request import PATH as RECONCILE
from iesi_kg.web.routing import readable
from iesi_kg.web.site import Site
from iesi_kg.web.validators import matches

router = APIRouter()
_SIZES = "sizes of graphs"  # a key of the cache
_WHOLE = "A query that meets a limit fails as a whole"
_UPDATES = "updates need a token and reach the workspace graphs named with it"
_MERGE = "the merge of everything published"


def described(site: Site, address: str, media: MediaType) -> bytes:
    """The service description of a site; made once per version."""
    key = ("description", address, media.short)
    reader = site.store.reader()
    kept = site.cache.get(reader.version, key)
    if kept is None:
        about = (quad.triple for quad in reader.quads(graph=catalogue.GRAPH))
        body = description.service_description(_service(site, reader, address), media, about)
        kept = Entry("", (), body)
        site.cache.put(reader.version, key, kept, len(address))
    return kept.body


def _service(site: Site, reader: Reader, address: str) -> Service:
    writable = "updates are taken" if site.scratch else _UPDATES
    languages: tuple[str, ...] = ("SPARQL10Query", "SPARQL11Query", "SPARQL11Update")
    if "/v/" in address:
        languages, writable = languages[:2], "a release does not change"
    asked = "SERVICE and LOAD are refused"
    if site.guards.services:
        asked = f"SERVICE asks the servers listed at /peers, at most {site.guards.services} in a query"
    return Service(
        address=address,
        limits=limits(site),
        sizes=_sizes(site, reader),
        languages=languages,
        features=("EmptyGraphs", "BasicFederatedQuery") if site.guards.services else ("EmptyGraphs",),
        comment=f"{_WHOLE}; {writable}; {asked}.",
        merge="" if site.scratch else _MERGE,
        beside=() if site.scratch or "/v/" in address else (address.removesuffix("/sparql") + RECONCILE,),
    )


def _sizes(site: Site, reader: Reader) -> Sizes:
    """The sizes of the graphs, counted once per version."""
    if (kept := site.cache.get(reader.version, _SIZES)) is None:
        counted = sizes(reader)
        kept = Entry("", (), json.dumps([counted.merged, {**counted.graphs}]).encode())
        site.cache.put(reader.version, _SIZES, kept, 0)
    return Sizes(*json.loads(kept.body))


def limits(site: Site) -> dict[str, dict[str, float]]:
    """What one query may use, by class of callers, under the names of the terms that say it."""
    text = site.guards
    of_text = {
        "characters": text.length,
        "nesting": text.nesting,
        "patterns": text.patterns,
        "path": text.path,
        "values": text.values,
        "waiting": site.settings.query_queue,
    }
    of_callers = {}
    for found in (site.anonymous, site.token):
        own = {name: getattr(found, name) for name in ("seconds", "rows", "bytes", "memory", "concurrent", "requests")}
        of_callers[found.name] = {**{name: most for name, most in own.items() if most}, **of_text}
    return of_callers


async def void(request: Request) -> Response:
    """The data set in VoID: counts, partitions, linksets, vocabularies, example resources, example queries."""
    site: Site = request.app.state.site
    media = _media(request)
    body, version = await run_in_threadpool(_void, site, media)
    return _reply(request, media, body, version)


async def service(request: Request) -> Response:
    """The terms in which the service description states limits."""
    media = _media(request)
    body = write(description.vocabulary(), media, {"service": SERVICE})
    return _reply(request, media, body, 0)


readable(router, "/.well-known/void", void, "The data set in VoID")
readable(router, "/service", service, "The vocabulary for limits of a service")


def _void(site: Site, media: MediaType) -> tuple[bytes, int]:
    reader = site.store.reader()
    triples = sorted((quad.triple for quad in reader.quads(graph=catalogue.GRAPH)), key=str)
    return write(triples, media), reader.version


def _media(request: Request) -> MediaType:
    media = negotiation.best(GRAPHS, request.headers.get("accept"))
    if media is None and negotiation.prefers_html(request.headers.get("accept")):
        media = negotiation.TURTLE
    if media is None:
        available = [offer.name for offer in GRAPHS]
        raise NotAcceptable("this is described in RDF", hint=", ".join(available), available=available)
    return media


def _reply(request: Request, media: MediaType, body: bytes, version: int) -> Response:
    tag = f'"{blake2b(f"{version} {__version__} {media.name}".encode() + body, digest_size=16).hexdigest()}"'
    fields = {name.decode(): value.decode() for name, value in (*headers.CORS, *headers.REVALIDATE)}
    fields |= {"ETag": tag, "Vary": "Accept"} | ({"IESI-KG-Version": str(version)} if version else {})
    known = request.headers.get("if-none-match")
    if known and matches(known, tag):
        return Response(status_code=304, headers=fields)
    return Response(body, headers={**fields, "Content-Type": media.content_type})
