"""A problem document (RFC 9457) to a page that says what happened and what to do."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import Request
from fastapi.responses import HTMLResponse

from iesi_kg.vocabulary import iris
from iesi_kg.web.pages.rendering import render

_KNOWN = frozenset({"type", "title", "status", "detail", "hint", "instance", "code", "choices"})


def problem_html(request: Request, problem: Mapping[str, object]) -> HTMLResponse:
    """The page for one error, with its status; it asks nothing of the store, which may be what failed."""
    status = int(str(problem.get("status", 500)))
    choices = [(iri, iris.local_path(iri) or "/") for iri in map(str, _listed(problem.get("choices")))]
    members = {name: value for name, value in problem.items() if name not in _KNOWN and value is not None}
    told = {"problem": problem, "members": members, "status": status, "choices": choices}
    return render(request, "problem.html", told, status=status)


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []
