"""The page where a steward checks a file: upload, verdict, findings by cell; checking changes nothing."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime
from functools import partial
from typing import Annotated

from fastapi import APIRouter, File, Form, Request, Response, UploadFile
from starlette.concurrency import run_in_threadpool

from iesi_kg.endpoint.negotiation import prefers_html
from iesi_kg.errors import FileTooLarge, InputError, NotFound
from iesi_kg.publication import blank, workflow
from iesi_kg.records import Finding, Report, Severity, SourceFile
from iesi_kg.validation import render as rendered
from iesi_kg.validation import workbook
from iesi_kg.vocabulary.uses import message_in
from iesi_kg.web.pages.language import spoken
from iesi_kg.web.pages.rendering import render
from iesi_kg.web.site import Site

router = APIRouter()

_TABLES = {"template": (), "template-full": ("all",), "example": ()}
_MEDIA = {"csv": "text/csv; charset=utf-8", "xlsx": workbook.MEDIA_TYPE}
_CHOOSE = "choose a file, then press “Check the file”; a program sends it as the form field `file`"
_MOST_FINDINGS = 500
_MOST_EMBEDDED = 2_000_000


@router.api_route("/check", methods=["GET", "HEAD"])
def form(request: Request) -> Response:
    """The empty form."""
    return _page(request)


@router.post("/check")
async def check(
    request: Request,
    file: Annotated[UploadFile | None, File()] = None,
    form: Annotated[str, Form(alias="as")] = "page",
) -> Response:
    """The verdict on one file, as a page or, for programs and on request, as the JSON of ``iesi-kg check``."""
    site: Site = request.app.state.site
    data = form == "json" or not prefers_html(request.headers.get("accept"))
    try:
        source = await _source(file, site.settings.upload_bytes)
        walk = partial(workflow.check, source, today=datetime.now(UTC).date(), reader=site.store.reader())
        report = await run_in_threadpool(walk)
    except InputError as error:
        if data:
            raise
        return _page(request, file.filename if file else "", error=error)
    text = rendered.json(report)
    if data:
        headers = {"Content-Disposition": 'attachment; filename="findings.json"'} if form == "json" else {}
        return Response(text, media_type="application/json", headers=headers)
    return _page(request, source.name, report=report, text=text)


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


async def _source(file: UploadFile | None, most: int) -> SourceFile:
    if file is None or not file.filename:
        raise InputError("no file was chosen", hint=_CHOOSE)
    content = await file.read(most + 1)
    if len(content) > most:
        raise FileTooLarge(f"the file is larger than {most:,} bytes", hint="split it into several files", limit=most)
    return SourceFile(file.filename, content)


def _page(
    request: Request,
    name: str | None = "",
    *,
    report: Report | None = None,
    text: str = "",
    error: InputError | None = None,
) -> Response:
    findings = _ordered(report) if report else []
    language = spoken(request).code
    site: Site = request.app.state.site
    context = {
        "report": report,
        "counts": {severity.value: report.count(severity) for severity in Severity} if report else {},
        "told": lambda finding: message_in(finding.code, finding.message, language),
        "findings": findings[:_MOST_FINDINGS],
        "total": len(findings),
        "error": error,
        "name": name,
        "download": _embedded(text),
        "upload_bytes": site.settings.upload_bytes,
        "sheets": any(finding.sheet or finding.file for finding in findings),
    }
    return render(request, "check.html", context, status=error.status if error else 200)


def _ordered(report: Report) -> list[Finding]:
    order = list(Severity)
    return sorted(report.findings, key=lambda finding: (order.index(finding.severity), finding.row or 0))


def _embedded(text: str) -> str:
    """The report as a ``data:`` address to save, so that nothing of the file is kept here (RFC 2397)."""
    if not text or len(text) > _MOST_EMBEDDED:
        return ""
    return "data:application/json;base64," + b64encode(text.encode("utf-8")).decode("ascii")
