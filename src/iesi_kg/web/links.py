"""Links between records for programs, in JSON: what awaits a decision, and decisions; as on the page of review."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from iesi_kg.errors import NotFound
from iesi_kg.publication import linkage_queue
from iesi_kg.publication.linkage import LONGEST_REASON, Verdict
from iesi_kg.publication.linkage_queue import Item, Standing
from iesi_kg.publication.linkage_records import COMPARED, entity, values
from iesi_kg.publication.linkage_told import Choice
from iesi_kg.store.base import Reader
from iesi_kg.web.reception import reception, shown
from iesi_kg.web.session import asking, require_proof
from iesi_kg.web.site import Site

router = APIRouter(prefix="/api")
_FRESH = {"Cache-Control": "no-store"}


class Side(BaseModel):
    """One of the two records; ``record`` is what it says, null where its database is not loaded."""

    id: str
    iri: str
    label: str
    changed: list[str]
    record: dict[str, list[str]] | None = None


class LinkDecision(BaseModel):
    """One decision on a link."""

    decision: Choice
    by: str
    at: str
    reason: str
    identical: bool


class Link(BaseModel):
    """Two records that may be of one thing, and where they stand."""

    id: str
    relation: str
    standing: Standing
    confidence: float | None
    reason: str
    value: float
    revision: int
    sources: list[str]
    left: Side
    right: Side
    decisions: list[LinkDecision]


class Links(BaseModel):
    """Links, those first whose decision matters most."""

    links: list[Link]


class LinkVerdict(BaseModel):
    """A decision to make; ``revision`` is the one that was looked at."""

    decision: Choice
    reason: Annotated[str, Field(max_length=LONGEST_REASON)] = ""
    identical: bool = False
    revision: Annotated[int, Field(ge=0, le=1_000_000)] | None = None


@router.get("/links", response_model=Links, summary="Links between records (scope review)")
def listed(request: Request, standing: Standing | None = None) -> Response:
    """All of them, or those that stand at one place."""
    asking(request).require("review")
    items = linkage_queue.queue(_reader(request))
    return JSONResponse({"links": [told(item) for item in items if standing in (None, item.standing)]}, headers=_FRESH)


@router.get("/links/{link_id}", response_model=Link, summary="One link with both records (scope review)")
def one(request: Request, link_id: str) -> Response:
    """What each record says, and every decision."""
    asking(request).require("review")
    reader = _reader(request)
    return JSONResponse(told(found(reader, link_id), reader), headers=_FRESH)


@router.post("/links/{link_id}/decisions", response_model=Link, summary="Decide on a link (scope review)")
async def decide(request: Request, link_id: str, given: LinkVerdict) -> Response:
    """409 where somebody decided meanwhile, or where it contradicts another decision; sent twice, it is one."""
    require_proof(request, "")
    caller = asking(request)
    caller.require("review")
    site: Site = request.app.state.site
    item = await run_in_threadpool(found, _reader(request), link_id)
    verdict = Verdict(
        given.decision, caller.name or "", datetime.now(UTC), given.reason, given.identical, given.revision
    )
    await run_in_threadpool(reception(request).decide_link, site, item.pair, verdict)
    await shown(site)
    reader = _reader(request)
    return JSONResponse(told(found(reader, link_id), reader), headers=_FRESH)


def found(reader: Reader, link_id: str) -> Item:
    """One link. Raises NotFound."""
    item = linkage_queue.find(reader, link_id)
    if item is None:
        raise NotFound(f"there is no link {link_id[:40]}", hint="GET /api/links lists those that are known")
    return item


def told(item: Item, reader: Reader | None = None) -> dict[str, Any]:
    """A link as it is sent; with a reader also what both records say."""
    return {
        "id": item.pair.id,
        "relation": item.pair.relation,
        "standing": item.standing.value,
        "confidence": item.confidence,
        "reason": item.reason,
        "value": item.value,
        "revision": item.revision,
        "sources": list(item.sources),
        "left": _side(item, 0, reader),
        "right": _side(item, 1, reader),
        "decisions": [
            {
                "decision": decision.choice.value,
                "by": decision.by,
                "at": decision.at.isoformat(),
                "reason": decision.reason,
                "identical": decision.identical,
            }
            for decision in item.history
        ],
    }


def _side(item: Item, side: int, reader: Reader | None) -> dict[str, Any]:
    iri = item.pair.sides[side]
    record = entity(reader, iri) if reader is not None else None
    said = {field: list(values(record, field)) for field in COMPARED if values(record, field)} if record else None
    told = {"id": item.curies[side], "iri": iri.value, "label": item.labels[side], "changed": list(item.changed[side])}
    return {**told, "record": said}


def _reader(request: Request) -> Reader:
    site: Site = request.app.state.site
    return site.store.reader()
