"""The page where a file is checked and handed in: findings by cell, what would change; checking keeps nothing.

What was uploaded travels back in the page, up to a size, so that filters, languages and the hand-in need no second
upload and nothing of the file is kept here meanwhile.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as NoBase64
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from functools import partial
from secrets import token_urlsafe
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Request, Response, UploadFile
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse

from iesi_kg.endpoint.negotiation import prefers_html
from iesi_kg.errors import IesiKgError, InputError, NotFound, UsageError
from iesi_kg.ingest import kinds
from iesi_kg.publication import blank, outlook, workflow
from iesi_kg.publication.outlook import Outlook
from iesi_kg.records import Report, Severity, SourceFile
from iesi_kg.validation import likeness, workbook
from iesi_kg.validation import render as rendered
from iesi_kg.validation.listing import Listed, in_sheet_order
from iesi_kg.validation.scoring import Standing
from iesi_kg.vocabulary import told
from iesi_kg.web import reception
from iesi_kg.web.pages.findings import FORMATS, saved
from iesi_kg.web.pages.language import keeping, spoken
from iesi_kg.web.pages.rendering import render
from iesi_kg.web.reception import address_of
from iesi_kg.web.session import asking, proof, require_proof
from iesi_kg.web.site import Site
from iesi_kg.web.submissions import read_upload

router = APIRouter()

_TABLES = {"template": (), "template-full": ("all",), "example": ()}
_MEDIA = {"csv": "text/csv; charset=utf-8", "xlsx": workbook.MEDIA_TYPE}
_MOST_FINDINGS = 500
_MOST_KEPT = 700_000  # as base64 below what a part of a form may be
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Asked:
    """What the form says beside the file."""

    wanted: str = "page"
    kept: str = ""
    kept_name: str = ""
    severity: str = ""
    code: str = ""
    key: str = ""
    proof: str = ""
    name: str = ""
    contact: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A file that was checked, with all that its page shows."""

    source: SourceFile
    report: Report
    standing: Standing
    listed: list[Listed]
    outlook: Outlook | None


@router.api_route("/check", methods=["GET", "HEAD"])
def form(request: Request) -> Response:
    """The empty form."""
    return _page(request)


@router.post("/check")
async def check(
    request: Request,
    file: Annotated[list[UploadFile] | None, File()] = None,
    form: Annotated[str, Form(alias="as")] = "page",
) -> Response:
    """The verdict on one file or several, as a page or, for programs and on request, the JSON of ``iesi-kg check``."""
    asked = _asked(form, await request.form())
    data = asked.wanted == "json" or not prefers_html(request.headers.get("accept"))
    chosen = [upload for upload in file or () if upload.filename]
    name = asked.kept_name or ", ".join(upload.filename or "" for upload in chosen)[:_LONGEST_NAME]
    try:
        source = await _source(request, chosen, asked)
        name = source.name
        if asked.wanted == "submit":
            return await _hand_in(request, source, asked)
        verdict = await run_in_threadpool(_judge, request, source, asked.wanted == "answers", data)
    except IesiKgError as error:
        if data or (not isinstance(error, InputError) and asked.wanted != "submit"):
            raise
        return _page(request, name, error=error, asked=asked)
    if asked.wanted in FORMATS:
        return await run_in_threadpool(_saved, request, verdict, asked)
    if data:
        return Response(rendered.json(verdict.report), media_type="application/json")
    return _page(request, source.name, verdict=verdict, asked=asked)


@router.api_route("/check/{name}.{suffix}", methods=["GET", "HEAD"])
def template(name: str, suffix: str) -> Response:
    """The table to fill in, as CSV or as a workbook: empty, empty with every column, or with a real record in it."""
    if name not in _TABLES or suffix not in blank.FORMATS:
        raise NotFound(
            f"there is no file {name[:40]}.{suffix[:10]}", hint="template.csv, template-full.xlsx, example.csv, ..."
        )
    headers = {"Content-Disposition": f'attachment; filename="iesi-kg-{name}.{suffix}"'}
    content = blank.FORMATS[suffix](parts=_TABLES[name], example=name == "example")
    return Response(content, media_type=_MEDIA[suffix], headers=headers)


def _asked(wanted: str, given: Mapping[str, object]) -> Asked:
    names = (field.name for field in fields(Asked))
    texts = {name: text for name in names if isinstance(text := given.get(name), str)}
    return Asked(**{**texts, "wanted": wanted})


async def _source(request: Request, chosen: Sequence[UploadFile], asked: Asked) -> SourceFile:
    """What was chosen, else what travelled in the page."""
    if not chosen and asked.kept:
        try:
            return SourceFile(asked.kept_name or "file", b64decode(asked.kept, validate=True))
        except (NoBase64, ValueError):
            raise InputError("the file did not come back whole from the page", hint="choose it again") from None
    return await read_upload(request, chosen)


def _judge(request: Request, source: SourceFile, answers: bool, data: bool) -> Verdict:
    site: Site = request.app.state.site
    now, reader, standing = datetime.now(UTC), site.store.reader(), Standing()
    report = workflow.check(source, today=now.date(), reader=reader, standing=standing)
    if data:
        return Verdict(source, report, standing, [], None)
    listed = in_sheet_order(report, spoken(request).code, workflow.rows(source))
    if not report.conforms or len(source.content) > _MOST_KEPT:
        return Verdict(source, report, standing, listed, None)
    receipt = workflow.against(reader, workflow.receive(source, today=now.date()))
    bounds = reception.reception(request).bounds if answers else None
    found = outlook.outlook(reader, receipt, now, spoken(request).code, bounds)
    return Verdict(source, report, standing, listed, found)


def _saved(request: Request, verdict: Verdict, asked: Asked) -> Response:
    try:
        return saved(asked.wanted, verdict.source, verdict.report, spoken(request).code, verdict.standing)
    except UsageError as error:  # RDF has no cells to write into
        return _page(request, verdict.source.name, error=error, asked=asked)


async def _hand_in(request: Request, source: SourceFile, asked: Asked) -> Response:
    require_proof(request, asked.proof)
    await run_in_threadpool(partial(workflow.check, source, today=datetime.now(UTC).date()))
    desk, sender = reception.reception(request), reception.sender_of({"name": asked.name, "contact": asked.contact})
    take = partial(desk.receive, source, asking(request), sender, address_of(request), asked.key)
    item = await run_in_threadpool(take)
    return RedirectResponse(keeping(request, desk.desk.address(item)), 303)


def _page(
    request: Request,
    name: str | None = "",
    *,
    verdict: Verdict | None = None,
    error: IesiKgError | None = None,
    asked: Asked | None = None,
) -> Response:
    language = spoken(request).code
    site: Site = request.app.state.site
    context: dict[str, Any] = {
        "report": verdict.report if verdict else None,
        "error": error,
        "hint": told.in_language(error.hint, language) if error and error.hint else "",
        "hint_language": told.spoken(error.hint, language) if error and error.hint else "",
        "name": name,
        "asked": asked,
        "outlook": verdict.outlook if verdict else None,
        "upload_bytes": site.settings.upload_bytes,
        "may": reception.reception(request).may_hand_in(asking(request)),
        "proof": proof(request),
        "key": token_urlsafe(16),
        **(_findings(verdict, asked, language) if verdict and asked else {}),
    }
    response = render(request, "check.html", context, status=error.status if error else 200)
    if error and "retry_after" in error.members:
        response.headers["Retry-After"] = str(error.members["retry_after"])
    return response


def _findings(verdict: Verdict, asked: Asked, language: str) -> Mapping[str, object]:
    """The findings in the order of the sheets, those that the filter lets through, with the cells around each."""
    report, content, listed = verdict.report, verdict.source.content, verdict.listed
    severities = (asked.severity,) if asked.severity in set(Severity) else tuple(Severity)
    through = [item for item in listed if item.finding.severity in severities and asked.code in ("", item.finding.code)]
    return {
        "counts": {severity.value: report.count(severity) for severity in Severity},
        "codes": sorted(Counter(item.finding.code for item in listed).items()),
        "total": len(listed),
        "through": len(through),
        "findings": through[:_MOST_FINDINGS],
        "alike": [item for item in listed if item.finding.code == likeness.RECORD],
        "scores": verdict.standing.lines(language) if verdict.standing.scores else (),
        "kept": b64encode(content).decode("ascii") if len(content) <= _MOST_KEPT else "",
        "tabular": kinds.detect(verdict.source).tabular,
    }
