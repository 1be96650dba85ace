"""Answers how the service is: /health for machines that start and watch it, /metrics, and /status in figures."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, PlainTextResponse, Response

from iesi_kg import __version__
from iesi_kg.endpoint.execution import execute
from iesi_kg.endpoint.negotiation import JSON
from iesi_kg.endpoint.protocol import Query
from iesi_kg.errors import IesiKgError
from iesi_kg.operations.gauges import gauges_of
from iesi_kg.store.copied import mark_of
from iesi_kg.store.versions import Layout
from iesi_kg.store.workers import Limits
from iesi_kg.web import meter as counting
from iesi_kg.web import pages
from iesi_kg.web.pages.shelf import counts
from iesi_kg.web.processes.fellows import Figures
from iesi_kg.web.site import Site

router = APIRouter()
_READY_SECONDS = 2.0
_FRESH = {"Cache-Control": "no-store", "Access-Control-Allow-Origin": "*"}
_PROBE = Limits(_READY_SECONDS, 10_000, 10)


class Copy(BaseModel):
    """What a copy is a copy of: its primary, what was copied, when that was seen last, and what keeps us from it."""

    primary: str
    version: int
    software: str
    seen: str
    failing_since: str
    problem: str


class Health(BaseModel):
    """Whether the service is up."""

    status: str
    version: int
    software: str
    copy_of: Copy | None = None


class Standing(BaseModel):
    """How the service stands."""

    status: str
    software: str
    version: int
    triples: int
    uptime_seconds: float
    workers: int
    requests_running: int
    requests_last_hour: int
    failures_last_hour: int
    error_rate_last_hour: float
    load_average: list[float]
    processors: int
    copy_of: Copy | None = None


@router.api_route("/health", methods=["HEAD"], include_in_schema=False)
@router.get("/health", response_model=Health, summary="Whether the service is up, and its version")
@router.api_route("/health/live", methods=["HEAD"], include_in_schema=False)
@router.get("/health/live", response_model=Health, summary="Whether the process answers at all")
async def live(request: Request) -> Response:
    """Asks nothing of the store: who restarts a process needs to know of the process only."""
    return JSONResponse(_health(request, "ok"), headers=_FRESH)


@router.api_route("/health/ready", methods=["HEAD"], include_in_schema=False)
@router.get(
    "/health/ready",
    response_model=Health,
    responses={503: {"model": Health, "description": "Queries are not answered"}},
    summary="Whether queries are answered",
)
async def ready(request: Request) -> Response:
    """Runs the smallest query there is; 503 when it is not answered in two seconds."""
    if await _answers(request):
        return JSONResponse(_health(request, "ok"), headers=_FRESH)
    return JSONResponse(_health(request, "not ready"), 503, headers=_FRESH)


@router.api_route("/status", methods=["GET", "HEAD"], include_in_schema=False)
async def status(request: Request) -> Response:
    """The figures as a page."""
    found = await run_in_threadpool(standing, request, await _figures(request))
    return pages.status_html(request, found, ready=await _answers(request))


@router.api_route("/metrics", methods=["HEAD"], include_in_schema=False)
@router.get("/metrics", summary="Counters in the text format of Prometheus", response_class=PlainTextResponse)
async def metrics(request: Request) -> Response:
    """No address, no query and no name of anybody is in it."""
    of_all = await _figures(request)
    found = await run_in_threadpool(standing, request, of_all)
    gauges = [
        ("iesi_kg_up_seconds", "Time since the start", found["uptime_seconds"]),
        ("iesi_kg_graph_version", "Version that is answered from", found["version"]),
        ("iesi_kg_triples", "Published statements in that version", found["triples"]),
        ("iesi_kg_workers", "Processes that serve", of_all.processes),
        ("iesi_kg_workers_lost", "Processes that ended without being told to, since the start", of_all.lost),
        *await run_in_threadpool(gauges_of, request.app.state.site.settings.state_folder),
    ]
    if seen := found.get("copy_of", {}).get("seen"):
        age = (datetime.now(UTC) - datetime.fromisoformat(seen)).total_seconds()
        gauges.append(("iesi_kg_copy_age_seconds", "Time since this copy was known to be up to date", age))
    return Response(counting.exposition(of_all.meter, gauges), media_type=counting.MEDIA_TYPE, headers=_FRESH)


@router.api_route("/status.json", methods=["HEAD"], include_in_schema=False)
@router.get("/status.json", response_model=Standing, summary="How the service stands, in figures")
async def figures(request: Request) -> Response:
    """The same as the page /status."""
    found = await run_in_threadpool(standing, request, await _figures(request))
    return JSONResponse(found, headers=_FRESH)


def standing(request: Request, of_all: Figures) -> dict[str, Any]:
    """The figures of this moment."""
    meter = of_all.meter
    answers, failures = meter.last_hour()
    return {
        "status": "ok",
        "software": __version__,
        "version": of_all.version,
        "triples": int(counts(request)["triples"]),
        "uptime_seconds": round(meter.uptime, 1),
        "workers": of_all.processes,
        "requests_running": sum(meter.running.values()),
        "requests_last_hour": answers,
        "failures_last_hour": failures,
        "error_rate_last_hour": round(failures / answers, 6) if answers else 0.0,
        "load_average": [round(value, 2) for value in os.getloadavg()],
        "processors": os.cpu_count() or 1,
        **_copied(request.app.state.site),
    }


async def _figures(request: Request) -> Figures:
    """The counts of all processes that serve."""
    site: Site = request.app.state.site
    return await site.fellows.figures(request.app.state.meter, site.version)


async def _answers(request: Request) -> bool:
    site: Site = request.app.state.site
    try:
        async with asyncio.timeout(_READY_SECONDS):
            await execute(Query("ASK {}"), JSON, site.pool, _PROBE)
    except (IesiKgError, TimeoutError):
        return False
    return True


def _health(request: Request, status: str) -> dict[str, Any]:
    site: Site = request.app.state.site
    return {"status": status, "version": site.version, "software": __version__, **_copied(site)}


def _copied(site: Site) -> dict[str, Any]:
    """How a copy stands to its primary; nothing for a store of its own."""
    mark = mark_of(Layout(site.settings.state_folder))
    return {"copy_of": {name: getattr(mark, name) for name in Copy.model_fields}} if mark is not None else {}
