"""Serves a release under /v/{release}/...: the same routes as the present, on other data, with links between versions.

Relations of RFC 5829 (latest-version, predecessor-, successor-version) and RFC 7089 (original, Memento-Datetime).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from email.utils import format_datetime
from typing import Any

from iesi_kg.endpoint.negotiation import prefers_html
from iesi_kg.errors import IesiKgError, NotFound
from iesi_kg.publication.release_shelf import Release
from iesi_kg.web import headers, problem
from iesi_kg.web.editions import Edition, Editions
from iesi_kg.web.hangup import HangUp
from iesi_kg.web.headers import Headers
from iesi_kg.web.sparql import PATH, preflight

PREFIX = "/v/"
RELEASE = b"iesi-kg-release"
_ADDRESS = re.compile(r"/v/([^/]+)(/.*)?")
_SERVED = re.compile(
    r"/(?:sparql/?|id/.+|codes(?:[/.].*)?|ontology(?:[/.].*)?|initiatives(?:[/.].*)?|\.well-known/void)"
)
_OWN = re.compile(rb'((?:href|action)=")(/(?:id|codes|ontology|initiatives|sparql)(?=["/?.#]))')
_CITE = re.compile(rb'(formaction="/cite)(\?)?')
_LINK = re.compile(rb"<(/[^>]*)>")
_PLAIN = re.compile(r"[!#-;=?-~]{0,4000}")
_MAIN = b'<main id="content" tabindex="-1">'


class Versions:
    """The route; ``editions`` opens the releases."""

    def __init__(self, editions: Editions) -> None:
        self._editions = editions

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401  (ASGI)
        html = prefers_html(headers.find(scope["headers"], b"accept")) or scope["path"].endswith(".html")
        try:
            await self._answer(scope, receive, send, html)
        except HangUp:
            return
        except IesiKgError as error:
            await problem.send(error, scope, receive, send, html=html)
        except Exception as error:  # noqa: BLE001  (the edge: every fault becomes a problem document)
            fault = problem.unexpected(error, scope["path"])
            await problem.send(fault, scope, receive, send, html=html)

    async def _answer(self, scope: Any, receive: Any, send: Any, html: bool) -> None:  # noqa: ANN401
        found = _ADDRESS.fullmatch(scope["path"])
        name, path = (found[1], found[2] or "/") if found else ("", "/")
        if path == "/":
            self._editions.shelf.get(name)
            location = ((b"location", f"/releases/{name}".encode()), (b"content-length", b"0"))
            await send({"type": "http.response.start", "status": 303, "headers": location})
            await send({"type": "http.response.body", "body": b""})
            return
        if not _SERVED.fullmatch(path):
            raise NotFound(
                f"a release does not answer at {path}", hint="/sparql, /id/..., /codes and /ontology are there"
            )
        if scope["method"] == "OPTIONS" and path.rstrip("/") != PATH:
            await preflight(send, "GET, HEAD, OPTIONS")
            return
        async with self._editions.use(name) as edition:
            inner = _inner(scope, path, edition, html=html)
            links = self._links(edition.release, path, scope["query_string"].decode("latin-1"))
            route = edition.sparql if path.rstrip("/") == PATH else edition.api
            await route(inner, receive, _marked(send, edition.release, links))

    def _links(self, release: Release, path: str, query: str) -> str:
        tail = f"{path}?{query}" if query else path
        tail = tail if _PLAIN.fullmatch(tail) else ""
        names = self._editions.shelf.names()
        before, after = self._editions.shelf.neighbours(release.name)
        links = list(version_links(names[-1], before, after, tail))
        return ", ".join([*links, f'<{tail or "/"}>; rel="original"', f'</releases/{release.name}>; rel="describedby"'])


def version_links(latest: str, before: str | None, after: str | None, tail: str) -> Iterator[str]:
    """Links between the versions of what is at ``tail``."""
    for relation, name in (("latest-version", latest), ("predecessor-version", before), ("successor-version", after)):
        if name:
            yield f'<{PREFIX}{name}{tail}>; rel="{relation}"'
    yield '</releases>; rel="version-history"'


def _inner(scope: Any, path: str, edition: Edition, *, html: bool) -> dict[str, Any]:  # noqa: ANN401
    """The request as it would be asked of the present; a page comes unpacked, since its links will be changed."""
    fields = [field for field in scope["headers"] if not (html and field[0] == b"accept-encoding")]
    mount = f"{PREFIX}{edition.release.name}"
    return {
        **scope, "path": path, "raw_path": path.encode(), "headers": fields, "app": edition.api, "mount": mount,
    }  # fmt: skip


def _marked(send: Any, release: Release, links: str) -> Any:  # noqa: ANN401
    """Send on with the links of the version, the addresses of pages and headers put under its prefix."""
    mount = f"{PREFIX}{release.name}".encode()
    held: dict[str, Any] = {}
    body = bytearray()

    async def marked(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": _fields(message["headers"], release, mount, links)}
            if any(name == b"content-type" and value.startswith(b"text/html") for name, value in message["headers"]):
                held.update(message)
                return
        elif held:
            body.extend(message.get("body", b""))
            if message.get("more_body", False):
                return
            page = _page(bytes(body), release, mount)
            fields = [field for field in held["headers"] if field[0] != b"content-length"]
            await send({**held, "headers": [*fields, (b"content-length", str(len(page)).encode())]})
            message = {**message, "body": page if body else b""}
        await send(message)

    return marked


def _fields(given: Headers, release: Release, mount: bytes, links: str) -> Headers:
    fields = []
    own = [links.encode()]
    for name, value in given:
        if name == b"link":
            own.insert(0, _LINK.sub(rb"<" + mount + rb"\1>", value))
        elif name in (b"content-location", b"location") and value.startswith(b"/"):
            fields.append((name, mount + value))
        else:
            fields.append((name, value))
    issued = datetime.fromisoformat(release.issued)
    return (
        *fields,
        (b"link", b", ".join(own)),
        (RELEASE, release.name.encode()),
        (b"memento-datetime", format_datetime(issued, usegmt=True).encode()),
    )


def _page(body: bytes, release: Release, mount: bytes) -> bytes:
    body = _OWN.sub(rb"\1" + mount + rb"\2", body)
    name = release.name
    cited = b"?release=" + name.encode()
    body = _CITE.sub(lambda found: found[1] + cited + (b"&amp;" if found[2] else b""), body)
    note = f"""{_MAIN.decode()}
<p class="note">This is <a href="/releases/{name}">release {name}</a>, as it stood then.</p>"""
    return body.replace(_MAIN, note.encode(), 1)
