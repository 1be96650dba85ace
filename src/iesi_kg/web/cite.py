"""Cites an answer and runs what was cited again: POST /cite makes a citation, GET on its address says if it holds."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, quote

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from iesi_kg.endpoint.citable import LONGEST, citable
from iesi_kg.endpoint.execution import execute
from iesi_kg.endpoint.fingerprint import Fingerprint, fingerprint, media
from iesi_kg.endpoint.negotiation import prefers_html
from iesi_kg.endpoint.protocol import Query
from iesi_kg.errors import NotFound, RequestError, RequestTooLarge, ResultTooLarge
from iesi_kg.publication import citation
from iesi_kg.publication.citation import FORMS, Citation
from iesi_kg.publication.release_shelf import Release
from iesi_kg.web import headers
from iesi_kg.web.counted import counted
from iesi_kg.web.editions import Editions
from iesi_kg.web.hangup import HangUp, watched
from iesi_kg.web.routing import readable
from iesi_kg.web.site import limits

router = APIRouter()
_FIELDS = {name.decode(): value.decode() for name, value in (*headers.CORS, *headers.NO_STORE)}
_MOST = LONGEST * 12 + 2_000
MOST_ROWS = 100_000  # what is cited is sorted as a whole, at each look at the citation


@dataclass(frozen=True, slots=True)
class _Asked:
    """The fields of a request: a query, a release or none for the latest, hashes of answer and data, a form."""

    query: str
    release: str = ""
    sha256: str = ""
    data: str = ""
    format: str = ""


@router.post(citation.PATH, summary="A citation of the answer to a query")
async def cite(request: Request) -> Response:
    """An address that holds release, query and hash of the answer, in BibTeX, CSL-JSON and CFF."""
    return await _answer(request, _asked(await _sent(request)))


async def cited(request: Request) -> Response:
    """The address of a citation: the query is run again on its release, and the hashes are compared."""
    return await _answer(request, _asked(dict(request.query_params)))


readable(router, citation.PATH, cited, "Whether a cited answer is the same today")


async def _answer(request: Request, asked: _Asked) -> Response:
    editions: Editions = request.app.state.editions
    try:
        release, found = await _run(editions, asked, request)
    except HangUp:
        return Response(status_code=499)  # nobody reads it
    service = str(request.base_url).rstrip("/")
    held = None
    if asked.sha256:
        held = citation.read(Citation(service, release.name, asked.query, asked.sha256, asked.data).address)
    made = Citation(service, release.name, asked.query, found.sha256, citation.data_of(release.manifest))
    verdict = citation.verdict(held, found, release.manifest) if held else None
    count = len(found.lines)
    if asked.format:
        form, suffix, write = FORMS[asked.format]
        name = f'attachment; filename="{made.key}.{suffix}"'
        text = write(held or made, release.manifest, count)
        return Response(text, media_type=form, headers={**_FIELDS, "Content-Disposition": name})
    written = {name: write(held or made, release.manifest, count) for name, (_, _, write) in FORMS.items()}
    shown: dict[str, Any] = {
        "address": (held or made).address,
        "release": release.name,
        "issued": release.issued,
        "query": asked.query,
        "sha256": (held or made).sha256,
        "rows": count,
    }
    if verdict is not None:
        shown |= {"verdict": verdict.value, "sha256_now": found.sha256}
    if prefers_html(request.headers.get("accept")):
        return _page(
            request, {**shown, "forms": written, "release": release, "run": _run_address(release, asked.query)}
        )
    return JSONResponse({**shown, **written}, headers=_FIELDS)


async def _run(editions: Editions, asked: _Asked, request: Request) -> tuple[Release, Fingerprint]:
    name = asked.release or next(reversed(editions.shelf.names()), "")
    if not name:
        raise NotFound(
            "nothing can be cited yet: there is no release, and what is published now may change",
            hint="those who run the service make a release: iesi-kg release 2026.1",
        )
    shape = citable(asked.query, editions.site.guards)
    caller, allowance = counted(editions.site, request.scope)
    with editions.site.turnstile.passage(caller, allowance):
        async with editions.use(name) as edition:
            most = replace(limits(allowance), rows=min(allowance.rows, MOST_ROWS))
            try:
                work = execute(Query(asked.query), media(shape.form), edition.site.pool, most, caller)
                answer = await watched(work, request.receive)
            except ResultTooLarge as error:
                raise _too_large(error) from None
            return edition.release, await asyncio.to_thread(fingerprint, answer)


def _too_large(error: ResultTooLarge) -> ResultTooLarge:
    hint = f"at most {MOST_ROWS:,} rows can be cited; cite the release itself, or ask for less"
    return ResultTooLarge(f"the answer cannot be cited: {error.detail}", hint=hint, **error.members)


async def _sent(request: Request) -> dict[str, Any]:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _MOST:
            raise RequestTooLarge(f"the request is larger than {_MOST:,} bytes", hint="cite a shorter query")
    try:
        text = body.decode("utf-8")
        if request.headers.get("content-type", "").startswith("application/json"):
            given = json.loads(text)
        else:
            given = dict(parse_qsl(text, keep_blank_values=True))
    except (ValueError, RecursionError):
        raise RequestError(
            "the body cannot be read", hint="send a form or a JSON object with a `query` field"
        ) from None
    if not isinstance(given, dict):
        raise RequestError("the body is not an object", hint="send a form or a JSON object with a `query` field")
    return {**dict(request.query_params), **given}


def _asked(given: dict[str, Any]) -> _Asked:
    known = {name: given.get(name) or "" for name in ("query", "release", "sha256", "data", "format")}
    wrong = [name for name, value in known.items() if not isinstance(value, str)]
    if wrong:
        raise RequestError(f"`{wrong[0]}` is not a text", parameter=wrong[0])
    if not known["query"].strip():
        raise RequestError("the `query` field is missing", hint="send the SPARQL query whose answer is to be cited")
    if known["format"] and known["format"] not in FORMS:
        raise RequestError(f"there is no form {known['format'][:40]!r}", hint="format=" + "|".join(FORMS))
    return _Asked(**known)


def _run_address(release: Release, query: str) -> str:
    return f"/v/{release.name}/sparql?query={quote(query, safe='')}"


def _page(request: Request, context: dict[str, Any]) -> Response:
    from iesi_kg.web.pages.rendering import render

    page = render(request, "cite.html", context)
    page.headers["Cache-Control"] = "no-store"
    return page
