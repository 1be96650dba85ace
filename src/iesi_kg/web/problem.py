"""Turns every error into one problem document, RFC 9457, or into a page where the client prefers one."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from html import escape
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from iesi_kg import errors
from iesi_kg.errors import IesiKgError
from iesi_kg.publication.revision import Comparison
from iesi_kg.records import Report
from iesi_kg.validation import render
from iesi_kg.web.headers import CORS, NO_STORE, SECURITY, Headers

MEDIA_TYPE = b"application/problem+json"
_PATH = "/problems/"
_RETRY_AFTER = b"2"
_log = logging.getLogger("iesi_kg.web")


def members(error: IesiKgError) -> dict[str, Any]:
    """The members of the problem document: standard ones first, then ours."""
    document: dict[str, Any] = {
        "type": _PATH + error.code,
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
    }
    if error.hint:
        document["hint"] = error.hint
    for name, value in error.members.items():
        document.setdefault(name, _plain(value))
    return document


def _plain(value: object) -> object:
    """What an error carries, as JSON has it."""
    if isinstance(value, Report):
        return json.loads(render.json(value))
    return value.as_dict() if isinstance(value, Comparison) else value


def response(error: IesiKgError) -> tuple[int, Headers, bytes]:
    """Status, headers and body of the problem document."""
    body = json.dumps(members(error), ensure_ascii=False, default=str).encode("utf-8")
    size = ((b"content-type", MEDIA_TYPE), (b"content-length", str(len(body)).encode()))
    return error.status, (*size, *_extra(error), *SECURITY), body


async def send(error: IesiKgError, scope: Any, receive: Any, send: Any, *, html: bool) -> None:  # noqa: ANN401
    """Answer a request with an error, as a page where the client prefers one."""
    if html:
        await page(error, Request(scope, receive))(scope, receive, send)
        return
    status, fields, body = response(error)
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": body})


def unexpected(error: Exception, where: str) -> IesiKgError:
    """What the client may know of a fault of ours; the rest goes to the log."""
    _log.error("unexpected error at %s", where, exc_info=error)
    return IesiKgError(
        "something in the service failed while it answered this request",
        hint="try again; if it stays, tell those who run the service the time and the address you asked",
    )


def of_status(status: int, detail: str | None, path: str, allow: str) -> IesiKgError:
    """An error of the HTTP framework as one of ours."""
    if status == HTTPStatus.NOT_FOUND:
        return errors.NotFound(f"there is nothing at {path}", hint="the start page / lists the ways in")
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        return errors.MethodNotAllowed(f"this method does not work on {path}", allow=allow)
    error = errors.RequestError(detail or HTTPStatus(status).phrase)
    error.status, error.title = status, HTTPStatus(status).phrase
    return error


def kinds(base: type[IesiKgError] = IesiKgError) -> Iterator[type[IesiKgError]]:
    """Every kind of error, to describe the addresses that ``type`` names."""
    yield base
    for kind in base.__subclasses__():
        yield from kinds(kind)


def kind_document(code: str) -> dict[str, Any]:
    """What an address named in ``type`` answers. Raises NotFound."""
    for kind in kinds():
        if kind("").code == code:
            return {"type": _PATH + code, "title": kind.title, "status": kind.status, "hint": kind.hint}
    raise errors.NotFound(f"no kind of problem is called {code[:80]!r}", known=sorted({k("").code for k in kinds()}))


def page(error: IesiKgError, request: Request) -> Response:
    """The page of an error; one without templates where they fail."""
    try:
        from iesi_kg.web import pages

        shown: Response = pages.problem_html(request, members(error))
    except Exception as fault:  # noqa: BLE001  (an error while showing an error must still show the first one)
        _log.error("the page of a problem failed", exc_info=fault)
        shown = HTMLResponse(_plain_page(error), status_code=error.status)
    for name, value in _extra(error):
        shown.headers.setdefault(name.decode(), value.decode("latin-1"))
    shown.headers["Cache-Control"] = "no-store"
    return shown


def _extra(error: IesiKgError) -> Headers:
    extra = [(b"vary", b"Accept")]
    if "allow" in error.members:
        extra.append((b"allow", str(error.members["allow"]).encode("latin-1")))
    if "accept_encoding" in error.members:
        extra.append((b"accept-encoding", str(error.members["accept_encoding"]).encode("latin-1")))
    if "challenge" in error.members:
        extra.append((b"www-authenticate", str(error.members["challenge"]).encode("latin-1")))
    if "retry_after" in error.members:
        extra.append((b"retry-after", str(error.members["retry_after"]).encode()))
    elif isinstance(error, errors.ServiceBusy | errors.StoreBusy | errors.WorkerLost):
        extra.append((b"retry-after", _RETRY_AFTER))
    return (*extra, *NO_STORE, *CORS)


def _plain_page(error: IesiKgError) -> str:
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(str(value))}</dd>" for name, value in members(error).items())
    return f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Problem</title><h1>Problem</h1><dl>{rows}</dl>'
