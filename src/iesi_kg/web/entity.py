"""Answers for the IRIs of things under this host: /id, /codes and /ontology, negotiated."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from urllib.parse import quote

from fastapi import APIRouter, Request
from pyoxigraph import NamedNode
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from iesi_kg import __version__
from iesi_kg.analysis.exports import Profile, applicable, export_thing
from iesi_kg.endpoint import negotiation
from iesi_kg.endpoint.entity import Description, describe, serialise
from iesi_kg.endpoint.negotiation import GRAPHS, HTML, MediaType
from iesi_kg.endpoint.serialisation import write
from iesi_kg.errors import NotAcceptable, NotFound, Replaced
from iesi_kg.store.base import Reader
from iesi_kg.vocabulary import iris
from iesi_kg.web import headers, pages, profile
from iesi_kg.web.cache import Entry
from iesi_kg.web.headers import Headers
from iesi_kg.web.routing import readable
from iesi_kg.web.site import Site
from iesi_kg.web.validators import matches, pack, packed_tag, without_content, worth_packing

router = APIRouter()

_OFFERS = (HTML, *GRAPHS)
_SUFFIX = re.compile(r"\.(ttl|jsonld|nt|rdf|html)\Z")
_VALID = re.compile(r"/[A-Za-z0-9/_~.:-]+")


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A thing, the path that stands for it, the form asked, whether the path names the form, and the profile asked."""

    iri: NamedNode
    path: str
    media: MediaType
    fixed: bool
    profile: Profile | None


async def thing(request: Request) -> Response:
    """What the graph says of one thing, in the form asked by Accept or by the suffix of the address."""
    wanted = _wanted(request)
    try:
        return await _answer(request, wanted)
    except Replaced as merged:
        return _redirect(request, wanted, merged)


async def _answer(request: Request, wanted: _Wanted) -> Response:
    site: Site = request.app.state.site
    if wanted.media is HTML:
        return await run_in_threadpool(_page, request, site, wanted)
    packed = negotiation.accepts_gzip(request.headers.get("accept-encoding"))
    endpoint = f"{request.base_url}sparql"
    name = wanted.profile.name if wanted.profile else ""
    key = ("entity", wanted.iri.value, wanted.media.short, wanted.fixed, packed, name, endpoint)
    entry = site.cache.get(site.version, key)
    if entry is None:
        body, version = await run_in_threadpool(_content, site, wanted, endpoint)
        entry = await _entry(site, wanted, body, version, packed)
        site.cache.put(version, key, entry, len(wanted.path))
    known = request.headers.get("if-none-match")
    if known and matches(known, entry.etag):
        return _response(304, without_content(entry.headers), b"")
    return _response(200, entry.headers, entry.body)


for _path, _summary in (
    ("/id/{kind}/{slug}", "One thing, as a page or as RDF"),
    ("/id/peer/{database}/{key:path}", "One record of a loaded database, as a page or as RDF"),
    ("/codes/{scheme}/{notation}", "One code of a code list, as a page or as RDF"),
    ("/codes/{scheme}", "One code list, as a page or as RDF"),
    ("/ontology", "The ontology, as a page or as RDF"),
    ("/ontology.{suffix}", "The ontology in one form"),
    ("/ontology/{name}", "One class or property, as a page or as RDF"),
):
    readable(router, _path, thing, _summary)


def _redirect(request: Request, wanted: _Wanted, merged: Replaced) -> Response:
    """To what stands for a thing that was merged into it, in the form that was asked for (RFC 9110 section 15.4.9)."""
    path = quote(iris.local_path(str(merged.members["successor"])) or "/", safe="/-._~")
    suffix = f".{wanted.media.short}" if wanted.fixed else ""
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"{path}{suffix}{query}", 308, headers={"Vary": "Accept", "Cache-Control": "no-cache"})


def _wanted(request: Request) -> _Wanted:
    path = request.url.path
    suffix = _SUFFIX.search(path)
    bare = path[: suffix.start()] if suffix else path
    if not _VALID.fullmatch(bare):
        raise NotFound("no thing has such an address")
    accept = request.headers.get("accept")
    asked = profile.wanted(request)
    if suffix:
        media: MediaType | None = next(offer for offer in _OFFERS if offer.short == suffix[1])
    elif asked:
        media = negotiation.best(GRAPHS, accept)
    elif negotiation.prefers_html(accept):
        media = HTML
    else:
        media = negotiation.best(GRAPHS, accept) or negotiation.best((HTML,), accept)
    if media is None or (asked and media is HTML):
        available = [offer.name for offer in (GRAPHS if asked else _OFFERS)]
        raise NotAcceptable("a thing is described in other media types", hint=", ".join(available), available=available)
    return _Wanted(iris.described_at(bare), quote(bare, safe="/-._~!$&'()*+,;=:@"), media, suffix is not None, asked)


def _describe(site: Site, iri: NamedNode, endpoint: str) -> Description:
    reader = site.store.reader()
    description = describe(reader, iri) or next(_exported(reader, iri, endpoint), None)
    if description is None:
        raise NotFound(f"nothing is known of <{iri.value}>", hint="the start page / leads to all lists", iri=iri.value)
    return description


def _exported(reader: Reader, iri: NamedNode, endpoint: str) -> Iterator[Description]:
    """A thing that is described by a profile alone, such as the catalogue, as that profile describes it."""
    for _, triples in applicable(reader, iri, endpoint):
        nodes = {triple.subject for triple in triples if isinstance(triple.subject, NamedNode)} - {iri}
        yield Description(iri, reader.version, tuple(triples), (), 0, tuple(sorted(nodes, key=str)), ())


def _content(site: Site, wanted: _Wanted, endpoint: str) -> tuple[bytes, int]:
    """What is answered, in the terms of the profile asked, and the version it was computed on."""
    reader = site.store.reader()
    if wanted.profile and (triples := export_thing(reader, wanted.profile, wanted.iri, endpoint)):
        return write(triples, wanted.media), reader.version
    description = _describe(site, wanted.iri, endpoint)
    if wanted.profile:
        raise profile.unacceptable(f"the profile {wanted.profile.name} does not apply to <{wanted.iri.value}>")
    return serialise(description, wanted.media), description.version


def _page(request: Request, site: Site, wanted: _Wanted) -> Response:
    endpoint = f"{request.base_url}sparql"
    description = _describe(site, wanted.iri, endpoint)
    profiles = [found for found, _ in applicable(site.store.reader(), wanted.iri, endpoint)]
    page: Response = pages.entity_html(request, description, profiles)
    for name, value in _fields(wanted, description.version):
        page.headers[name.decode()] = value.decode("latin-1")
    return page


async def _entry(site: Site, wanted: _Wanted, body: bytes, version: int, packed: bool) -> Entry:
    address = wanted.profile.address if wanted.profile else ""
    parts = (str(version), site.state, __version__, wanted.iri.value, wanted.media.name, address)
    tag = f'"{blake2b(chr(0).join(parts).encode(), digest_size=16).hexdigest()}"'
    encoding: Headers = ()
    if packed and worth_packing(body):
        body, tag, encoding = await pack(body), packed_tag(tag), ((b"content-encoding", b"gzip"),)
    size = ((b"content-type", wanted.media.content_type.encode()), (b"content-length", str(len(body)).encode()))
    tagged = ((b"etag", tag.encode()), *headers.REVALIDATE)
    return Entry(tag, (*size, *encoding, *tagged, *_fields(wanted, version)), body)


def _fields(wanted: _Wanted, version: int) -> Headers:
    return (
        (b"content-location", _location(wanted).encode()),
        (b"link", ", ".join(_links(wanted)).encode("ascii", "replace")),
        (b"vary", _vary(wanted)),
        (headers.VERSION, str(version).encode()),
        *headers.CORS,
    )


def _location(wanted: _Wanted) -> str:
    """The address that answers the same without negotiation."""
    suffix = f"?{profile.PARAMETER}={wanted.profile.name}" if wanted.profile else ""
    return f"{wanted.path}.{wanted.media.short}{suffix}"


def _vary(wanted: _Wanted) -> bytes:
    """What else the answer depends on: a page also on the language, unless the address names it."""
    fields = [] if wanted.fixed else ["Accept"]
    fields += ["Accept-Profile", "Accept-Encoding"]
    fields += ["Accept-Language"] if wanted.media is HTML else []
    return ", ".join(fields).encode()


def _links(wanted: _Wanted) -> Iterator[str]:
    """Links by RFC 8288: the other forms, the IRI of the thing, and the document that describes that IRI."""
    iri = quote(wanted.iri.value, safe=":/#?&=%@!$'()*+,;~-._")
    for offer in _OFFERS:
        if offer is not wanted.media:
            yield f'<{wanted.path}.{offer.short}>; rel="alternate"; type="{offer.name}"'
    yield f'<{iri}>; rel="canonical"'
    yield f'<{_location(wanted)}>; rel="describedby"; anchor="{iri}"'
    if wanted.profile:
        yield f'<{wanted.profile.address}>; rel="profile"'


def _response(status: int, fields: Headers, body: bytes) -> Response:
    response = Response(body, status)
    response.raw_headers = list(fields)
    return response
