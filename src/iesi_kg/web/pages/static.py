"""The files under ``static/`` by digest: an address with the digest may be kept for ever (RFC 8246)."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

from fastapi import APIRouter, Request, Response

from iesi_kg.endpoint.negotiation import accepts_gzip
from iesi_kg.errors import NotFound

FOLDER = Path(__file__).resolve().parent / "static"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Asset:
    """One shipped file, as it is and packed."""

    content: bytes
    packed: bytes
    media_type: str
    digest: str


@cache
def shipped() -> dict[str, Asset]:
    """Every file by its path under ``static/``; what is not listed here is not served."""
    paths = (path for path in sorted(FOLDER.rglob("*")) if path.is_file() and path.suffix in _TYPES)
    return {path.relative_to(FOLDER).as_posix(): _read(path) for path in paths}


def address(name: str) -> str:
    """Where a shipped file is served."""
    return f"/static/{name}?v={shipped()[name].digest}"


@router.api_route("/static/{name:path}", methods=["GET", "HEAD"])
def serve(request: Request, name: str) -> Response:
    """One shipped file."""
    found = shipped().get(name)
    if found is None:
        raise NotFound(f"there is no file {name}")
    return _response(request, found)


@router.api_route("/favicon.ico", methods=["GET", "HEAD"])
def favicon(request: Request) -> Response:
    """The icon that browsers ask for unasked."""
    return _response(request, shipped()["icon.svg"])


@router.api_route("/robots.txt", methods=["GET", "HEAD"])
def robots(request: Request) -> Response:
    """What crawlers are asked to leave alone (RFC 9309)."""
    return _response(request, shipped()["robots.txt"])


def _response(request: Request, found: Asset) -> Response:
    packed = accepts_gzip(request.headers.get("accept-encoding"))
    tag = f'"{found.digest}-gzip"' if packed else f'"{found.digest}"'
    lasting = request.query_params.get("v") == found.digest
    headers = {
        "ETag": tag,
        "Cache-Control": "public, max-age=31536000, immutable" if lasting else "no-cache",
        "X-Content-Type-Options": "nosniff",
        "Vary": "Accept-Encoding",
    }
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    if packed:
        return Response(found.packed, media_type=found.media_type, headers={**headers, "Content-Encoding": "gzip"})
    return Response(found.content, media_type=found.media_type, headers=headers)


def _read(path: Path) -> Asset:
    content = path.read_bytes()
    return Asset(content, gzip.compress(content, 9, mtime=0), _TYPES[path.suffix], sha256(content).hexdigest()[:16])
