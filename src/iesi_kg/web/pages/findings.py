"""The verdict on a file as something to save: findings in five formats, the workbook annotated, the file mended."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import Response

from iesi_kg.publication import returned, workflow
from iesi_kg.records import Report, SourceFile
from iesi_kg.validation import page, render, w3c, workbook
from iesi_kg.validation.scoring import Standing

_HTML = "text/html; charset=utf-8"
_TYPES = {"csv": "text/csv; charset=utf-8", "ttl": "text/turtle; charset=utf-8", "json": "application/json"}
FORMATS = ("json", "csv", "html", "ttl", "annotated", "mended")


def saved(wanted: str, source: SourceFile, report: Report, language: str, standing: Standing) -> Response:
    """One of ``FORMATS``, to be saved. Raises UsageError for what a file of statements has not."""
    stem, _, suffix = source.name.rpartition(".")
    if wanted == "annotated":
        content = returned.annotated(source, report, language)
        return _file(content, workbook.MEDIA_TYPE, f"{stem or suffix}-annotated.xlsx")
    if wanted == "mended":
        content, _ = returned.mended(source, report)
        return _file(content, "application/octet-stream", f"{stem or suffix}-mended.{suffix}")
    if wanted == "html":
        text = page.html(report, source.name, language, rows=workflow.rows(source), standing=standing)
        return _file(text.encode(), _HTML, "findings.html")
    if wanted == "ttl":
        return _file(w3c.turtle(report), _TYPES[wanted], "findings.ttl")
    text = render.csv(report, language) if wanted == "csv" else render.json(report)
    return _file(text.encode(), _TYPES[wanted], f"findings.{wanted}")


def _file(content: bytes, media_type: str, name: str) -> Response:
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}"}
    return Response(content, media_type=media_type, headers=headers)
