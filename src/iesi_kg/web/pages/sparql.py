"""The query page: a form that works without scripts, the example queries, and the result of the query as a table."""

from __future__ import annotations

import time
from dataclasses import dataclass
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse

from iesi_kg.analysis.examples import examples
from iesi_kg.endpoint.emptiness import explain
from iesi_kg.endpoint.execution import execute
from iesi_kg.endpoint.explanation import KINDS, RULES, Explainer, Explanation
from iesi_kg.endpoint.negotiation import GRAPHS, JSON, TABLES, TURTLE, MediaType
from iesi_kg.endpoint.protocol import Query
from iesi_kg.endpoint.syntax import inspect
from iesi_kg.errors import IesiKgError
from iesi_kg.operations.attempts import network_of
from iesi_kg.records import Answer, Form, ServiceCall
from iesi_kg.web.pages.rendering import new_nonce, render
from iesi_kg.web.pages.results import MOST_ROWS, Shown, shown
from iesi_kg.web.pages.snippets import Snippet, snippets
from iesi_kg.web.site import Site

_START = "SELECT ?subject ?predicate ?object\nWHERE {\n  ?subject ?predicate ?object .\n}\nLIMIT 10\n"


@dataclass(frozen=True, slots=True)
class Run:
    """One query that was run: what it gave or why it did not, and how long it took."""

    seconds: float
    result: Shown | None = None
    why_empty: str | None = None
    error: IesiKgError | None = None
    formats: tuple[tuple[str, str], ...] = ()
    services: tuple[ServiceCall, ...] = ()
    version: int = 0
    explanation: Explanation | None = None


async def sparql_html(request: Request, query_text: str | None = None) -> HTMLResponse:
    """The page; with a query it runs it as every other client's query is run."""
    site: Site = request.app.state.site
    chosen = next((found for found in examples() if found.slug == request.query_params.get("example")), None)
    run = None
    if query_text is not None and query_text.strip():
        explaining = request.query_params.get("explain", "") == "on"
        run = await (_explained if explaining else _run)(request, query_text)
    text = query_text if query_text is not None else chosen.query if chosen else _first()
    context = {
        "text": text,
        "run": run,
        "chosen": chosen,
        "examples": examples(),
        "limits": site.limits,
        "guards": site.guards,
        "allowed": site.anonymous,
        "tables": TABLES,
        "graphs": GRAPHS,
        "kinds": KINDS,
        "rules": RULES,
        "version": run.version if run and run.version else site.pool.version,
        "most_rows": MOST_ROWS,
        "snippets": [] if run and run.error else _snippets(request, text),
        "bad_lines": _numbered(text, run.error) if run and run.error else [],
    }
    status = run.error.status if run and run.error else 200
    return render(request, "sparql.html", context, status=status, nonce=new_nonce())


async def answer_to(request: Request, text: str, media: MediaType) -> Answer:
    """The answer to a query of a page, under the limits and the count of every query."""
    site: Site = request.app.state.site
    caller = _caller(request)
    with site.turnstile.passage(caller, site.anonymous):
        return await execute(Query(text), media, site.runner(inspect(text, site.guards)), site.limits, caller)


def _caller(request: Request) -> str:
    return network_of(request.client.host if request.client else "")


async def _run(request: Request, text: str) -> Run:
    begun = time.perf_counter()
    site: Site = request.app.state.site
    caller = _caller(request)
    why = None
    try:
        shape = inspect(text, site.guards)
        form = shape.form
        with site.turnstile.passage(caller, site.anonymous):
            media = TURTLE if form is Form.GRAPH else JSON
            answer = await execute(Query(text), media, site.runner(shape), site.limits, caller)
            seconds = time.perf_counter() - begun
            if answer.rows == 0:
                why = await explain(Query(text), site.pool, site.limits, caller)
    except IesiKgError as error:
        return Run(time.perf_counter() - begun, error=error)
    offers = GRAPHS if form is Form.GRAPH else TABLES
    formats = [(offer.short, _address(text, offer.short)) for offer in offers]
    if form is not Form.GRAPH:
        formats.append(("xlsx", "/result.xlsx?" + urlencode({"query": text})))
    return Run(
        seconds,
        result=shown(answer),
        why_empty=why,
        formats=tuple(formats),
        version=answer.version,
        services=answer.services,
    )


async def _explained(request: Request, text: str) -> Run:
    """A query told instead of answered; it counts as one query of its caller, as often as it runs."""
    begun = time.perf_counter()
    site: Site = request.app.state.site
    caller = _caller(request)
    try:
        with site.turnstile.passage(caller, site.anonymous):
            explainer = Explainer(site.pool, site.limits, site.guards, site.rewriter, caller)
            told = await explainer.explain(Query(text))
    except IesiKgError as error:
        return Run(time.perf_counter() - begun, error=error)
    return Run(time.perf_counter() - begun, explanation=told)


def _snippets(request: Request, text: str) -> list[Snippet]:
    try:
        form = inspect(text, request.app.state.site.guards).form
    except IesiKgError:
        return []
    return snippets(text, form, f"{request.base_url}sparql")


def _address(text: str, short: str) -> str:
    return "/sparql?" + urlencode({"query": text, "format": short})


def _first() -> str:
    return examples()[0].query if examples() else _START


def _numbered(text: str, error: IesiKgError) -> list[tuple[int, str, bool]]:
    """The query line by line, the line of the error marked, for those without the editor."""
    at = error.members.get("line")
    return [(number, line, number == at) for number, line in enumerate(text.splitlines(), start=1)] if at else []
