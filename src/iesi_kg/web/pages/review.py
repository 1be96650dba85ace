"""Links for stewards: what awaits a decision, both records side by side, and one button for each decision."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse

from iesi_kg.errors import Forbidden, IesiKgError
from iesi_kg.publication import linkage_clusters, linkage_queue
from iesi_kg.publication.linkage import LONGEST_REASON, Verdict
from iesi_kg.publication.linkage_queue import Item, Standing
from iesi_kg.publication.linkage_records import compared, entity
from iesi_kg.publication.linkage_told import CHOICES, Choice
from iesi_kg.vocabulary.codelists import CodeLists
from iesi_kg.web import links, reception
from iesi_kg.web.pages.desk import private, sign_in_first
from iesi_kg.web.pages.language import keeping, spoken
from iesi_kg.web.pages.rendering import reader, render
from iesi_kg.web.pages.shelf import shelf
from iesi_kg.web.session import asking, proof, require_proof
from iesi_kg.web.site import Site

router = APIRouter()
_REVIEW = "/review"
_ON_A_PAGE = 50
_AWAITING = (Standing.REOPENED, Standing.OPEN)


@router.api_route(_REVIEW, methods=["GET", "HEAD"])
def listed(request: Request, standing: str = "", page: int = 1, done: str = "") -> Response:
    """What awaits a decision, or stands elsewhere; ``done`` names the link that was just decided."""
    if not asking(request).may("review"):
        return sign_in_first(request, _REVIEW)
    items = _queue(request)
    wanted = [Standing(standing)] if standing in set(Standing) else list(_AWAITING)
    shown = [item for item in items if item.standing in wanted]
    first = max(page - 1, 0) * _ON_A_PAGE
    context = {
        "caller": asking(request),
        "items": shown[first : first + _ON_A_PAGE],
        "first": first,
        "total": len(shown),
        "page": max(page, 1),
        "more": len(shown) > first + _ON_A_PAGE,
        "counts": {found.value: sum(item.standing is found for item in items) for found in Standing},
        "standing": standing if standing in set(Standing) else "",
        "done": next((item for item in items if item.pair.id == done), None),
        "choices": _choices(request),
        "findings": linkage_clusters.texts(reader(request)),
        "proof": proof(request),
    }
    return private(render(request, "review.html", context))


@router.api_route(f"{_REVIEW}/{{link_id}}", methods=["GET", "HEAD"])
def one(request: Request, link_id: str, done: str = "") -> Response:
    """Both records side by side, what was decided, and what may be; ``done`` names the link that was just decided."""
    if not asking(request).may("review"):
        return sign_in_first(request, f"{_REVIEW}/{quote(link_id)}")
    return _one(request, link_id, done=done)


@router.post(f"{_REVIEW}/{{link_id}}")
async def decide(request: Request, link_id: str) -> Response:
    """Decide and go on to the next link; what stands against it is told on the page of the link."""
    given = await reception.fields(request)
    caller = asking(request)
    if not caller.may("review"):
        return sign_in_first(request, f"{_REVIEW}/{quote(link_id)}")
    require_proof(request, given.get("proof", ""))
    site: Site = request.app.state.site
    try:
        item = await run_in_threadpool(links.found, site.store.reader(), link_id)
        verdict = _verdict(caller.name or "", given)
        await run_in_threadpool(reception.reception(request).decide_link, site, item.pair, verdict)
        await reception.shown(site)
    except IesiKgError as error:
        return await run_in_threadpool(partial(_one, request, link_id, error=error, given=given))
    target = await run_in_threadpool(_after, request, quote(link_id), verdict.choice)
    return private(RedirectResponse(keeping(request, target), 303))


def _after(request: Request, link_id: str, choice: Choice) -> str:
    """Where a decision leads: to the next link that awaits one, if there is any."""
    if choice is Choice.UNDONE:
        return f"{_REVIEW}/{link_id}"
    following = next((item for item in _queue(request) if item.standing in _AWAITING), None)
    return f"{_REVIEW}/{following.pair.id}?done={link_id}" if following else f"{_REVIEW}?done={link_id}"


def _verdict(name: str, given: dict[str, str]) -> Verdict:
    revision = given.get("revision", "")
    if given.get("decision", "") not in set(Choice) or not revision.isdigit():
        raise Forbidden("this decision is not one of those on the page", hint="open the page again and decide there")
    return Verdict(
        Choice(given["decision"]),
        name,
        datetime.now(UTC),
        given.get("reason", ""),
        identical=given.get("identical", "") == "yes" and given["decision"] == Choice.ACCEPTED,
        revision=int(revision[:6]),
    )


def _queue(request: Request) -> list[Item]:
    return shelf(request).get("links", reader(request), linkage_queue.queue)


def _one(
    request: Request,
    link_id: str,
    *,
    error: IesiKgError | None = None,
    given: dict[str, str] | None = None,
    done: str = "",
) -> Response:
    source = reader(request)
    item = next((known for known in _queue(request) if known.pair.id == link_id), None) or links.found(source, link_id)
    left, right = (entity(source, record) for record in item.pair.sides)
    awaiting = [other for other in _queue(request) if other.standing in _AWAITING and other.pair != item.pair]
    context = {
        "item": item,
        "lines": compared(left, right),
        "missing": [side for side, record in enumerate((left, right)) if record is None],
        "choices": _choices(request),
        "error": error,
        "given": given or {},
        "next": awaiting[0] if awaiting else None,
        "done": next((known for known in _queue(request) if known.pair.id == done), None),
        "proof": proof(request),
        "longest_reason": LONGEST_REASON,
    }
    return private(render(request, "link.html", context, status=error.status if error else 200))


def _choices(request: Request) -> dict[str, str]:
    """The decisions in words."""
    language = spoken(request).code
    return {c.notation: c.labels.get(language, c.label) for c in CodeLists.load().concepts(CHOICES)}
