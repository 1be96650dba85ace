"""What somebody decided in a program on candidates, sent back: ``POST /reconcile/decisions``, an extension of ours.

Each is a decision on a link as on the page of review: kept for good, told in the mapping set of decisions.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field
from pyoxigraph import NamedNode
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from iesi_kg.errors import DecisionConflict, NotFound, UsageError
from iesi_kg.linking import adapters
from iesi_kg.linking.reconciliation_queries import too_many
from iesi_kg.publication import linkage_queue, redirects
from iesi_kg.publication.linkage import LONGEST_REASON, Verdict
from iesi_kg.publication.linkage_graphs import Pair, pair
from iesi_kg.publication.linkage_told import Choice
from iesi_kg.store.base import DEFAULT_GRAPH, Reader
from iesi_kg.vocabulary import iris, sssom
from iesi_kg.vocabulary.spelling import nearest
from iesi_kg.web.links import told
from iesi_kg.web.problem import members
from iesi_kg.web.reception import reception, shown
from iesi_kg.web.reconcile_request import DECISIONS
from iesi_kg.web.session import asking, require_proof
from iesi_kg.web.site import Site

router = APIRouter()
_NAME = re.compile(r"([a-z0-9-]+):([^\s<>\"{}|\\^`]+)")
_ADDRESS = re.compile(r"https?://[^\s<>\"{}|\\^`]+")
_OURS = {"initiative": sssom.SAME_INITIATIVE, "organisation": sssom.SAME_ORGANISATION}
_Id = Annotated[str, Field(min_length=1, max_length=500)]


class MatchDecision(BaseModel):
    """A record of somebody, one of ours, and whether they are of the same thing."""

    subject: Annotated[_Id, Field(description="jrc-ips:10025, or the address of the record")]
    object: Annotated[_Id, Field(description="the id of a candidate: initiative:smart")]
    decision: Choice
    reason: Annotated[str, Field(max_length=LONGEST_REASON)] = ""
    revision: Annotated[int, Field(ge=0, le=1_000_000)] | None = None


class MatchDecisions(BaseModel):
    """Decisions, in the order in which they are to be made."""

    decisions: list[MatchDecision]


class MatchAnswer(BaseModel):
    """What became of one: the link as it stands, or why nothing changed."""

    subject: str
    object: str
    link: dict[str, Any] | None = None
    error: dict[str, Any] | None = None


class MatchAnswers(BaseModel):
    """One for each decision, in the same order."""

    decisions: list[MatchAnswer]


@router.post(DECISIONS, response_model=MatchAnswers, summary="Send decisions on candidates back (scope review)")
async def decide(request: Request, given: MatchDecisions) -> Response:
    """All ids are looked at before anything is decided; a conflict leaves that one decision out and says why."""
    require_proof(request, "")
    caller = asking(request)
    caller.require("review")
    site: Site = request.app.state.site
    most = site.settings.reconcile_batch
    if len(given.decisions) > most:
        raise too_many(len(given.decisions), "decisions", most)
    reader = site.store.reader()
    pairs = [_pair(reader, one.subject, one.object) for one in given.decisions]
    answers = []
    for one, found in zip(given.decisions, pairs, strict=True):
        verdict = Verdict(one.decision, caller.name or "", datetime.now(UTC), one.reason, revision=one.revision)
        answers.append({"subject": one.subject, "object": one.object, **await _made(request, site, found, verdict)})
    await shown(site)
    return JSONResponse({"decisions": answers}, headers={"Cache-Control": "no-store"})


async def _made(request: Request, site: Site, found: Pair, verdict: Verdict) -> dict[str, Any]:
    try:
        await run_in_threadpool(reception(request).decide_link, site, found, verdict)
    except DecisionConflict as conflict:
        return {"error": members(conflict)}
    item = linkage_queue.find(site.store.reader(), found.id)
    return {"link": told(item)} if item else {}


def _pair(reader: Reader, subject: str, object_: str) -> Pair:
    """The link between two records. Raises UsageError, NotFound."""
    kind, _, key = object_.partition(":")
    if kind not in _OURS or not _NAME.fullmatch(object_):
        raise UsageError(f"{object_[:80]!r} is no id of a candidate", hint="initiative:... or organisation:...")
    ours = redirects.target(reader, iris.from_path(f"/id/{kind}/{key}"))
    if next(reader.quads(ours, graph=DEFAULT_GRAPH), None) is None:
        raise NotFound(f"nothing is known of {object_[:80]}", hint="send the `id` of a candidate")
    return pair(_record(subject), _OURS[kind], ours)


def _record(text: str) -> NamedNode:
    """The record of somebody else: its address, or its database and its key there."""
    if _ADDRESS.fullmatch(text):
        return NamedNode(text)
    named = _NAME.fullmatch(text)
    if not named:
        raise UsageError(f"{text[:80]!r} names no record", hint="database:key, such as jrc-ips:10025, or an address")
    if named[1] not in _databases():
        near = nearest(named[1], _databases(), likeness=60)
        raise UsageError(
            f"there is no database {named[1][:80]!r}" + (f"; did you mean {near}:?" if near else ""),
            hint=f"{', '.join(_databases())}; any other record by its address",
        )
    return iris.peer_record(named[1], named[2])


@cache
def _databases() -> tuple[str, ...]:
    return tuple(prefix for name in adapters.names() for prefix in adapters.load(name).prefixes)
