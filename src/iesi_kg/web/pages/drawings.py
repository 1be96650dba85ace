"""Every drawing as a file: SVG, PNG and CSV, of all initiatives or of those that the filters in the address leave."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response

from iesi_kg.analysis import drawings
from iesi_kg.analysis.drawings import FORMS, Speech
from iesi_kg.analysis.listing import Choice, Index, chosen
from iesi_kg.web.pages.initiatives import asked_of
from iesi_kg.web.pages.language import spoken
from iesi_kg.web.pages.rendering import reader
from iesi_kg.web.pages.shelf import index
from iesi_kg.web.pages.wording import drawing_words

router = APIRouter()
PATH = "/drawings"
_ALONE = "default-src 'none'; style-src 'unsafe-inline'"


@router.api_route(PATH + "/{name}.{form}", methods=["GET", "HEAD"])
def drawn(request: Request, name: str, form: str) -> Response:
    """One drawing."""
    return as_file(request, name, form, name)


@router.api_route("/map.{form}", methods=["GET", "HEAD"])
def knowledge_map(request: Request, form: str) -> Response:
    """The knowledge map, which has an address of its own."""
    return as_file(request, "matrix", form, "knowledge-map")


def as_file(request: Request, name: str, form: str, called: str) -> Response:
    """A drawing under a file name. Raises UsageError for a code that there is not, NotFound, NotInstalled."""
    listed, said = index(request), spoken(request)
    words = {
        **drawing_words(said.wording),
        **{each.title: str(said.wording.known(each.title)) for each in listed.facets},
    }
    choice = _strict(request, listed)
    made = drawings.drawing(name, reader(request), choice, index=listed, speech=Speech(said.code, words))
    place = "attachment" if form == "csv" else "inline"
    headers = {
        "Content-Security-Policy": _ALONE,
        "Content-Disposition": f'{place}; filename="{called}.{form}"',
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-cache",
        "Vary": "Accept-Language",
    }
    return Response(made.content(form), media_type=FORMS[form], headers=headers)


def _strict(request: Request, listed: Index) -> Choice:
    """What the address asks for; a file does not show which filter found nothing, so each must be one that there is."""
    asked = asked_of(request, listed)
    codes = chosen(listed, ((facet, code) for facet, those in asked.codes.items() for code in those)).codes
    return Choice(asked.choice.words, codes)


def files(name: str, kept: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The forms of a drawing and their addresses, the filters among them."""
    query = f"?{urlencode(kept)}" if kept else ""
    base = "/map" if name == "matrix" else f"{PATH}/{name}"
    return [(form, f"{base}.{form}{query}") for form in FORMS]
