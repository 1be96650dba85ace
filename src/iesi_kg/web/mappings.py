"""The mapping sets to download: which there are, and each as SSSOM/TSV or as RDF (https://mapping-commons.github.io/sssom/)."""

from __future__ import annotations

from fastapi import APIRouter, Request
from pyoxigraph import RdfFormat, serialize
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from iesi_kg.endpoint.negotiation import prefers_html
from iesi_kg.linking import sssom
from iesi_kg.publication import linkage_graphs, linkage_told
from iesi_kg.store.base import Reader
from iesi_kg.vocabulary import iris
from iesi_kg.vocabulary.namespaces import PREFIXES
from iesi_kg.web import headers
from iesi_kg.web.routing import readable
from iesi_kg.web.site import Site

router = APIRouter()
DECISIONS = "decisions"
_FIELDS = {name.decode(): value.decode() for name, value in (*headers.CORS, *headers.REVALIDATE)}
_TSV, _TURTLE = "text/tab-separated-values; charset=utf-8", "text/turtle; charset=utf-8"


async def listed(request: Request) -> Response:
    """Name, graph and size of each set, and where it is downloaded."""
    return JSONResponse({"mappings": await run_in_threadpool(_sets, _reader(request))}, headers=_FIELDS)


async def one(request: Request, name: str) -> Response:
    """A set as SSSOM/TSV, under NAME or NAME.sssom.tsv; as RDF under NAME.ttl, or where the request asks for Turtle."""
    asked = request.headers.get("accept", "")
    wants_turtle = name.endswith(".ttl") or ("text/turtle" in asked and not prefers_html(asked))
    bare = name.removesuffix(".ttl").removesuffix(".sssom.tsv")
    if wants_turtle and not name.endswith(".sssom.tsv"):
        body = await run_in_threadpool(_turtle, _reader(request), bare)
        return Response(body, media_type=_TURTLE, headers=_FIELDS | {"Vary": "Accept"})
    text = await run_in_threadpool(_tsv, _reader(request), bare)
    saved = {"Content-Disposition": f'attachment; filename="{bare}.sssom.tsv"', "Vary": "Accept"}
    return Response(text, media_type=_TSV, headers=_FIELDS | saved)


readable(router, "/mappings", listed, "The mapping sets")
readable(router, "/mappings/{name}", one, "One mapping set as SSSOM/TSV or RDF")


def _sets(reader: Reader) -> list[dict[str, object]]:
    return [
        {
            "name": name,
            "graph": iris.graph("mappings", name).value,
            "mappings": linkage_graphs.size(reader, name),
            "tsv": f"/mappings/{name}.sssom.tsv",
            "turtle": f"/mappings/{name}.ttl",
        }
        for name in linkage_graphs.names(reader)
    ]


def _tsv(reader: Reader, name: str) -> str:
    if name == DECISIONS:  # there may be none yet
        return sssom.write(linkage_told.exported(reader))
    return sssom.write(linkage_graphs.published(reader, name))


def _turtle(reader: Reader, name: str) -> bytes:
    linkage_graphs.published(reader, name)  # raises NotFound where there is none
    quads = reader.quads(graph=iris.graph("mappings", name))
    return serialize((quad.triple for quad in quads), format=RdfFormat.TURTLE, prefixes=PREFIXES) or b""


def _reader(request: Request) -> Reader:
    site: Site = request.app.state.site
    return site.store.reader()
