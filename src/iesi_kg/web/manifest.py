"""Answers those who copy the store: /manifest, what there is to copy, and the blocks it names.

A block never changes under its name; caches keep it for an hour, so that what is erased here leaves them by then.
"""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.responses import FileResponse, Response

from iesi_kg.errors import Forbidden, NotFound, UsageError
from iesi_kg.operations.manifest import Edition, File
from iesi_kg.operations.offering import Offering
from iesi_kg.operations.snapshot import blocks_of
from iesi_kg.publication.release_copies import offered
from iesi_kg.publication.release_shelf import Shelf
from iesi_kg.settings import Settings
from iesi_kg.store.blocks import NAME
from iesi_kg.store.versions import Layout
from iesi_kg.web import access, headers
from iesi_kg.web.routing import readable
from iesi_kg.web.site import Site
from iesi_kg.web.validators import matches

router = APIRouter()
PATH = "/manifest"
ALLOWED = ("anybody", "token", "nobody")
_CORS = {name.decode(): value.decode() for name, value in headers.CORS}
_LASTING = "public, max-age=3600, immutable"


class Part(BaseModel):
    """A block of the version: canonical N-Quads, packed with gzip at /manifest/blocks/{sha256}."""

    sha256: str
    bytes: int
    quads: int


class ReleasedFile(BaseModel):
    """A file at /releases/{release}/{name}."""

    name: str
    bytes: int
    sha256: str


class Released(BaseModel):
    """A release."""

    release: str
    files: list[ReleasedFile]


class Offered(BaseModel):
    """One version of the store in blocks, and the releases."""

    format: int
    software: str
    store: str
    version: int
    created: str
    quads: int
    bytes: int
    sha256: str
    forgotten: int
    graphs: list[str]
    blocks: list[Part]
    releases: list[Released]
    path: list[str]


def checked(settings: Settings) -> None:
    """Raise UsageError for a setting that says nothing about who may copy."""
    if settings.mirrors not in ALLOWED:
        raise UsageError(
            f"IESI_KG_MIRRORS={settings.mirrors!r} says nobody who may copy the store",
            hint=f"one of {', '.join(ALLOWED)}",
        )


@router.api_route(PATH, methods=["HEAD"], include_in_schema=False)
@router.get(PATH, response_model=Offered, summary="What there is to copy: a version in blocks, and the releases")
async def manifest(request: Request) -> Response:
    """The newest version in blocks; a moment of waiting where it is made first."""
    _admit(request)
    site: Site = request.app.state.site
    offering: Offering = request.app.state.offering
    found = await offering.newest(partial(_editions, request.app.state.editions.shelf))
    tag = f'"{found.sha256}"'
    fields = _fields(site, tag, "public, no-cache") | {"IESI-KG-Version": str(found.version)}
    if matches(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=fields)
    return Response(found.document, headers=fields, media_type="application/json")


async def block(request: Request, name: str) -> Response:
    """One block of the version, packed with gzip; its ETag is the SHA-256 of its text."""
    _admit(request)
    site: Site = request.app.state.site
    path = blocks_of(Layout(site.settings.folder)).path(name)
    if not NAME.fullmatch(name) or not path.is_file():
        raise NotFound(f"there is no block {name[:64]!r}", hint="take the manifest again: the store has gone on")
    fields = _fields(site, f'"{name}"', _LASTING)
    if matches(request.headers.get("if-none-match", ""), fields["ETag"]):
        return Response(status_code=304, headers=fields)
    return FileResponse(path, headers=fields, media_type="application/gzip")


readable(router, PATH + "/blocks/{name}", block, "One block of the version: canonical N-Quads, packed with gzip")


def _admit(request: Request) -> None:
    """Raise Forbidden and Unauthorized for whoever may not copy the store."""
    allowed = request.app.state.site.settings.mirrors
    if allowed == "nobody":
        raise Forbidden("this service lets nobody copy its store", hint="its releases may be fetched: /releases")
    if allowed == "token":
        access.caller(request.scope).require("mirror")


def _fields(site: Site, tag: str, lasting: str) -> dict[str, str]:
    """What a token opened is for its caller: no shared cache may hand it on."""
    kept = lasting if site.settings.mirrors == "anybody" else lasting.replace("public", "private")
    return {**_CORS, "ETag": tag, "Cache-Control": kept, "X-Content-Type-Options": "nosniff"}


def _editions(shelf: Shelf) -> list[Edition]:
    return [Edition(name, tuple(File(*facts) for facts in files)) for name, files in offered(shelf)]
