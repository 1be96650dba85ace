"""The index of the code lists; each list and code is an entity page of its own."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from iesi_kg.analysis import browse
from iesi_kg.web.pages.language import spoken
from iesi_kg.web.pages.rendering import reader, render
from iesi_kg.web.pages.shelf import shelf

router = APIRouter()


@router.api_route("/codes", methods=["GET", "HEAD"])
def codes(request: Request) -> Response:
    """Every code list with the number of its codes, in the reader's language."""
    source, lang = reader(request), spoken(request).code
    schemes = shelf(request).get(f"schemes {lang}", source, lambda same: browse.rows(same, "schemes", lang=lang))
    return render(request, "codes.html", {"schemes": schemes, "version": source.version})
