"""The page under a status address: where a hand-in stands, why, and what its sender may do with it now."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, File, Request, Response, UploadFile
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse

from iesi_kg.publication.desk_item import Kind, State
from iesi_kg.web import reception
from iesi_kg.web.pages.desk import private, state_labels
from iesi_kg.web.pages.language import keeping, spoken
from iesi_kg.web.pages.rendering import render
from iesi_kg.web.site import Site
from iesi_kg.web.submissions import read_upload, reason_label, refuse_unreadable

router = APIRouter()
_PATH = "/receipts/{item_id}/{secret}"


@router.api_route(_PATH, methods=["GET", "HEAD"])
def receipt(request: Request, item_id: str, secret: str) -> Response:
    """The page; 404 for any address that is not exactly right."""
    site: Site = request.app.state.site
    item = reception.reception(request).desk.of_sender(item_id, secret, site.store.reader())
    language = spoken(request).code
    context = {
        "item": item,
        "address": str(request.base_url).rstrip("/") + request.url.path,
        "states": state_labels(language),
        "reason": partial(reason_label, language=language),
        "may_mend": item.kind is Kind.FILE and item.state is State.RETURNED,
        "may_withdraw": State.WITHDRAWN in item.next_states and item.state is not State.ACCEPTED,
    }
    return private(render(request, "receipt.html", context))


@router.post(f"{_PATH}/withdraw")
async def withdraw(request: Request, item_id: str, secret: str) -> Response:
    """Take back what is not decided yet."""
    site: Site = request.app.state.site
    await run_in_threadpool(reception.reception(request).take_back, site, (item_id, secret))
    return _back(request, "/withdraw")


@router.post(f"{_PATH}/file")
async def mend(
    request: Request, item_id: str, secret: str, file: Annotated[list[UploadFile] | None, File()] = None
) -> Response:
    """Hand in the mended file, or files, of what was returned."""
    source = await read_upload(request, file or ())
    await run_in_threadpool(refuse_unreadable, source)
    site: Site = request.app.state.site
    await run_in_threadpool(reception.reception(request).mend, site, (item_id, secret), source)
    return _back(request, "/file")


def _back(request: Request, action: str) -> Response:
    return RedirectResponse(keeping(request, request.url.path.removesuffix(action)), 303)
