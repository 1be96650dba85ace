"""The page where one record is filled in field by field: checked at the field, handed in as a table of one row."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from secrets import token_urlsafe

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse

from iesi_kg.errors import IesiKgError, NotFound
from iesi_kg.publication import fields, workflow
from iesi_kg.publication.fields import Checked, Filled
from iesi_kg.records import Report
from iesi_kg.validation.listing import in_sheet_order
from iesi_kg.vocabulary.told import in_language
from iesi_kg.web import reception
from iesi_kg.web.pages.language import keeping, spoken
from iesi_kg.web.pages.rendering import render
from iesi_kg.web.reception import address_of, sender_of
from iesi_kg.web.session import asking, proof, require_proof
from iesi_kg.web.site import Site

router = APIRouter()
_BASIC = ""


@router.api_route("/form", methods=["GET", "HEAD"])
def empty(request: Request, part: str = _BASIC) -> Response:
    """The empty form."""
    return _page(request, {"parts": part}, {})


@router.post("/form")
async def filled(request: Request) -> Response:
    """The form with what was filled in, checked, and handed in when that was asked for and nothing is in the way."""
    given = await reception.fields(request)
    texts, wanted = fields.read(given), given.get("as", "check")
    if "more" in given or "as" not in given:  # a place more, or the fields of a part
        return _page(request, given, texts)
    source = fields.table(texts)
    site: Site = request.app.state.site
    walk = partial(workflow.check, source, today=datetime.now(UTC).date(), reader=site.store.reader())
    try:
        report = await run_in_threadpool(walk)
        checked = fields.placed(source, report, texts)
        if wanted != "submit" or not report.conforms:
            return _page(request, given, texts, checked=checked)
        require_proof(request, given.get("proof", ""))
        desk = reception.reception(request)
        take = partial(desk.receive, source, asking(request), sender_of(given), address_of(request))
        item = await run_in_threadpool(take, given.get("key", ""))
    except IesiKgError as error:
        return _page(request, given, texts, error=error)
    return RedirectResponse(keeping(request, desk.desk.address(item)), 303)


def _page(
    request: Request,
    given: Mapping[str, str],
    texts: Filled,
    *,
    checked: Checked | None = None,
    error: IesiKgError | None = None,
) -> Response:
    language = spoken(request).code
    part, more = given.get("parts", _BASIC), given.get("more", "")
    if part not in (_BASIC, *fields.parts()):
        raise NotFound(f"the form has no part {part[:40]!r}", hint=f"one of: {', '.join(fields.parts())}")
    shown = fields.blocks() + (fields.blocks(part) if part else ())
    asked = asking(request)
    context = {
        "blocks": shown,
        "part": part,
        "parts": fields.parts(),
        "lists": {name: fields.options(name, language) for name in fields.code_lists(shown)},
        "places": {block.name: fields.places(block, texts, more) for block in shown},
        "texts": texts,
        "titles": fields.titles(language),
        "help": lambda field: in_language(field.help, language),
        "more": more,
        "checked": checked,
        "error": error,
        "given": given,
        "told": lambda finding: in_sheet_order(Report(0, (finding,)), language)[0],
        "key": given.get("key") or token_urlsafe(16),
        "proof": proof(request),
        "may": reception.reception(request).may_hand_in(asked),
    }
    status = error.status if error else 200
    response = render(request, "form.html", context, status=status)
    response.headers["Cache-Control"] = "no-store"
    return response
