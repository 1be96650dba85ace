"""The page that says how the service stands: version, size, uptime, load, failures."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import Request
from fastapi.responses import HTMLResponse

from iesi_kg.web.pages.rendering import render


def status_html(request: Request, found: Mapping[str, object], *, ready: bool) -> HTMLResponse:
    """The page of these figures."""
    context = {"found": found, "ready": ready, "version": found["version"]}
    page = render(request, "status.html", context)
    page.headers["Cache-Control"] = "no-store"
    return page
