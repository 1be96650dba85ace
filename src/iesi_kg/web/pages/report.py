"""“Something is wrong here”: the page where anybody asks for a correction or a takedown of a record."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from secrets import token_urlsafe

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse

from iesi_kg.errors import IesiKgError, UsageError
from iesi_kg.publication.desk import LONGEST_LINE, LONGEST_TEXT
from iesi_kg.web import reception
from iesi_kg.web.pages.language import keeping
from iesi_kg.web.pages.rendering import render
from iesi_kg.web.reception import address_of, sender_of, wish_of
from iesi_kg.web.session import asking, proof, require_proof

router = APIRouter()
_TRAP = "website"  # no person sees this field; what fills in every field does


@router.api_route("/report", methods=["GET", "HEAD"])
def empty(request: Request, about: str = "") -> Response:
    """The form, about the record that the link named."""
    return _page(request, {"about": about[:2_000], "kind": "correction"})


@router.post("/report")
async def sent(request: Request) -> Response:
    """Keep the request, and lead to its status address."""
    given = await reception.fields(request)
    try:
        if given.get(_TRAP):
            raise UsageError("the field that must stay empty was filled in", hint="leave it empty and send it again")
        require_proof(request, given.get("proof", ""))
        wish = wish_of(given.get("kind", ""), given.get("about", ""), given.get("text", ""))
        desk = reception.reception(request)
        ask = partial(desk.ask, wish, asking(request), sender_of(given), address_of(request), given.get("key", ""))
        item = await run_in_threadpool(ask)
    except IesiKgError as error:
        return _page(request, given, error)
    return RedirectResponse(keeping(request, desk.desk.address(item)), 303)


def _page(request: Request, given: Mapping[str, str], error: IesiKgError | None = None) -> Response:
    context = {
        "given": given,
        "error": error,
        "key": given.get("key") or token_urlsafe(16),
        "proof": proof(request),
        "longest_text": LONGEST_TEXT,
        "longest_line": LONGEST_LINE,
    }
    response = render(request, "report.html", context, status=error.status if error else 200)
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    if error and "retry_after" in error.members:
        response.headers["Retry-After"] = str(error.members["retry_after"])
    return response
