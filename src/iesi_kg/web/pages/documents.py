"""Documents of the reference as pages: the data sheet and the codebook, which the numbers of the map rest on."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from fastapi import APIRouter, Request, Response
from markupsafe import Markup

from iesi_kg import assets
from iesi_kg.errors import NotFound
from iesi_kg.web.pages import markdown
from iesi_kg.web.pages.rendering import render

router = APIRouter()
SERVED: Mapping[str, str] = {
    "/data-sheet": "docs/reference/data-sheet.md",
    "/codebook": "docs/reference/codebook.md",
}


@router.api_route("/data-sheet", methods=["GET", "HEAD"])
@router.api_route("/codebook", methods=["GET", "HEAD"])
def document(request: Request) -> Response:
    """One of them."""
    title, body = _read(SERVED[request.url.path])
    return render(request, "document.html", {"title": title, "body": body})


@cache
def _read(path: str) -> tuple[str, Markup]:
    addresses = {file: address for address, file in SERVED.items()}
    title, body = markdown.html(assets.text(path), addresses)
    if not title:
        raise NotFound(f"{path} has no title")
    return title, body
