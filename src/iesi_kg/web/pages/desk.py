"""The desk for reviewers: sign in with a token, see what came in and what it would change, decide with a reason."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse

from iesi_kg.errors import Forbidden, IesiKgError, TooManyAttempts, Unauthorized
from iesi_kg.publication import outlook, workflow
from iesi_kg.publication.desk import LONGEST_TEXT, Verdict
from iesi_kg.publication.desk_item import REASONED, REASONS, STATES, Item, Kind, State
from iesi_kg.publication.outlook import Outlook
from iesi_kg.publication.workflow import Receipt
from iesi_kg.records import Severity
from iesi_kg.validation.listing import in_sheet_order
from iesi_kg.vocabulary.codelists import CodeLists
from iesi_kg.web import reception, session
from iesi_kg.web.pages.language import keeping, spoken
from iesi_kg.web.pages.rendering import render
from iesi_kg.web.reception import address_of
from iesi_kg.web.session import asking, proof, require_proof
from iesi_kg.web.site import Site
from iesi_kg.web.submissions import reason_label

router = APIRouter()
_DESK = "/submissions"
_MOST_FINDINGS = 200


@router.api_route(_DESK, methods=["GET", "HEAD"])
def listed(request: Request, state: str = "", error: str = "") -> Response:
    """What lies on the desk, or the form to sign in."""
    caller = asking(request)
    if not caller.may("review"):
        return sign_in_first(request, _DESK)
    site: Site = request.app.state.site
    items = reception.reception(request).desk.all(site.store.reader())
    language = spoken(request).code
    context = {
        "caller": caller,
        "items": [item for item in items if state in ("", item.state.value)],
        "counts": {found.value: sum(item.state is found for item in items) for found in State},
        "total": len(items),
        "state": state,
        "states": state_labels(language),
        "proof": proof(request),
    }
    return private(render(request, "submissions.html", context))


@router.api_route(f"{_DESK}/sign-in", methods=["GET", "HEAD"])
def sign_in_form(request: Request, to: str = _DESK) -> Response:
    """The form to sign in, which leads back to where one came from; a reviewer who has signed in is there already."""
    if asking(request).may("review"):
        return private(RedirectResponse(_own(to), 303))
    return sign_in_first(request, to, status=200)


@router.post(f"{_DESK}/sign-in")
async def sign_in(request: Request) -> Response:
    """A token to a session."""
    given = await reception.fields(request)
    target = _own(given.get("to", ""))
    try:
        cookie = reception.reception(request).sessions.begin(given.get("token", ""), address_of(request))
    except (Unauthorized, TooManyAttempts) as error:
        return sign_in_first(request, target, error=error)
    response = RedirectResponse(target, 303)
    session.give(request, response, cookie)
    return private(response)


@router.post(f"{_DESK}/sign-out")
async def sign_out(request: Request) -> Response:
    """End the session."""
    require_proof(request, (await reception.fields(request)).get("proof", ""))
    reception.reception(request).sessions.end(request.cookies.get(session.COOKIE, ""))
    response = RedirectResponse(_DESK, 303)
    session.give(request, response, "")
    return private(response)


@router.api_route(f"{_DESK}/{{item_id}}", methods=["GET", "HEAD"])
def case(request: Request, item_id: str, answers: bool = False) -> Response:
    """One submission or request: what it is, what it would change, what was decided, what may be."""
    if not asking(request).may("review"):
        return sign_in_first(request, f"{_DESK}/{quote(item_id)}")
    return _case(request, item_id, answers=answers)


@router.api_route(f"{_DESK}/{{item_id}}/file", methods=["GET", "HEAD"])
def file(request: Request, item_id: str) -> Response:
    """The file as it came, to save: no browser is to show it."""
    asking(request).require("review")
    site: Site = request.app.state.site
    desk = reception.reception(request).desk
    source = desk.source(desk.find(item_id, site.store.reader()))
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(source.name)}"}
    return private(Response(source.content, media_type="application/octet-stream", headers=headers))


@router.post(f"{_DESK}/{{item_id}}")
async def decide(request: Request, item_id: str) -> Response:
    """Decide; what stands against it is told on the page of the item."""
    given = await reception.fields(request)
    caller = asking(request)
    if not caller.may("review"):
        return sign_in_first(request, f"{_DESK}/{quote(item_id)}")
    require_proof(request, given.get("proof", ""))
    try:
        verdict = _verdict(caller.name or "", given)
        site: Site = request.app.state.site
        await run_in_threadpool(reception.reception(request).decide, site, item_id, verdict)
        await reception.shown(site)
    except IesiKgError as error:
        return await run_in_threadpool(partial(_case, request, item_id, error=error, given=given))
    return private(RedirectResponse(keeping(request, f"{_DESK}/{quote(item_id)}"), 303))


def state_labels(language: str) -> dict[str, str]:
    """The states in words."""
    return {c.notation: c.labels.get(language, c.label) for c in CodeLists.load().concepts(STATES)}


def private(response: Response) -> Response:
    """Kept by no cache, found by no search engine."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _verdict(name: str, given: dict[str, str]) -> Verdict:
    revision = given.get("revision", "")
    known = given.get("decision", "") in set(State)
    if not known or not revision.isdigit():
        raise Forbidden("this decision is not one of those on the page", hint="open the page again and decide there")
    return Verdict(
        State(given["decision"]),
        name,
        datetime.now(UTC),
        given.get("reason", ""),
        given.get("note", "").replace("\r\n", "\n"),
        int(revision[:6]),
    )


def _case(
    request: Request,
    item_id: str,
    *,
    answers: bool = False,
    error: IesiKgError | None = None,
    given: dict[str, str] | None = None,
) -> Response:
    site: Site = request.app.state.site
    desk = reception.reception(request)
    item, language = desk.desk.find(item_id, site.store.reader()), spoken(request).code
    read, found = _judged(request, item, answers)
    context = {
        "item": item,
        "caller": asking(request),
        "states": state_labels(language),
        "reasons": {c.notation: c.labels.get(language, c.label) for c in CodeLists.load().concepts(REASONS)},
        "reasoned": {state.value for state in REASONED},
        "reason": partial(reason_label, language=language),
        "status_address": desk.desk.address(item),
        "report": read.report if read else None,
        "findings": in_sheet_order(read.report, language)[:_MOST_FINDINGS] if read else (),
        "counts": {severity.value: read.report.count(severity) for severity in Severity} if read else {},
        "outlook": found,
        "error": error,
        "given": given or {},
        "proof": proof(request),
        "longest_text": LONGEST_TEXT,
    }
    return private(render(request, "case.html", context, status=error.status if error else 200))


def _judged(request: Request, item: Item, answers: bool) -> tuple[Receipt | None, Outlook | None]:
    """The verdict on the file of an open item as things stand now, and what accepting it would change."""
    if item.kind is not Kind.FILE or State.ACCEPTED not in item.next_states:
        return None, None
    site: Site = request.app.state.site
    desk, reader, now = reception.reception(request), site.store.reader(), datetime.now(UTC)
    alike = workflow.likeness(reader)
    read = workflow.against(reader, workflow.receive(desk.desk.source(item), today=now.date(), alike=alike))
    if not read.report.conforms:
        return read, None
    bounds = desk.bounds if answers else None
    return read, outlook.outlook(reader, read, now, spoken(request).code, bounds)


def sign_in_first(request: Request, to: str, *, error: IesiKgError | None = None, status: int = 401) -> Response:
    """The form to sign in; a session that may not come here is told what it lacks."""
    caller = asking(request)
    context = {"target": _own(to), "error": error, "caller": caller, "proof": proof(request)}
    if caller.name is not None and status != 200 and error is None:
        status = Forbidden.status
    response = private(render(request, "sign-in.html", context, status=error.status if error else status))
    if response.status_code == Unauthorized.status:
        response.headers["WWW-Authenticate"] = 'Bearer realm="iesi-kg"'
    return response


def _own(path: str) -> str:
    """A path on this server to go on to, never an address elsewhere."""
    fine = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable() and "\\" not in path
    return path if fine else _DESK
