"""The releases over HTTP: the list, one release, its files (with Range, RFC 9110 section 14)."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse, JSONResponse, Response

from iesi_kg.endpoint.negotiation import prefers_html
from iesi_kg.errors import NotFound
from iesi_kg.publication.release_shelf import CHANGES, MANIFEST, Release, Shelf
from iesi_kg.web import headers
from iesi_kg.web.routing import readable
from iesi_kg.web.validators import matches
from iesi_kg.web.versions import version_links

router = APIRouter()
_CORS = {name.decode(): value.decode() for name, value in headers.CORS}
_MOST_SHOWN = 200


async def releases(request: Request) -> Response:
    """Every release, newest first, as a page or as JSON; one that is damaged is named, and keeps no other away."""
    sound, damaged = await run_in_threadpool(_shelf(request).looked_through)
    found = [*reversed(sound)]
    if _wants_page(request):
        return _page(request, "releases.html", {"releases": found, "damaged": damaged})
    content: dict[str, object] = {"releases": [_summary(release) for release in found]}
    if damaged:
        content["damaged"] = [{**damage.members, "problem": damage.detail, "hint": damage.hint} for damage in damaged]
    return JSONResponse(content, headers=_CORS)


async def release(request: Request, name: str) -> Response:
    """One release: its manifest, as a page with the changes or as JSON."""
    wanted = name.removesuffix(".json")
    found = await run_in_threadpool(_shelf(request).get, wanted)
    shelf = _shelf(request)
    before, after = shelf.neighbours(wanted)
    link = ", ".join(version_links(shelf.names()[-1], before, after, "")).replace("/v/", "/releases/")
    if _wants_page(request) and wanted == name:
        changes = await run_in_threadpool(found.document, CHANGES)
        things = changes["things"]
        kinds = [(kind, [one for one in things if one["change"] == kind]) for kind in ("added", "changed", "removed")]
        context = {"release": found, "changes": changes, "kinds": kinds, "most": _MOST_SHOWN}
        page = _page(request, "release.html", {**context, "before": before, "after": after})
        page.headers["Link"] = link
        return page
    content = {**found.manifest, "links": _links(found)}
    return JSONResponse(content, headers={**_CORS, "Link": link, "Cache-Control": "no-cache"})


async def file(request: Request, name: str, file: str) -> Response:
    """One file of a release; its ETag is its SHA-256."""
    found = await run_in_threadpool(_shelf(request).get, name)
    facts = found.files.get(file)
    if facts is None and file != MANIFEST:
        raise NotFound(f"release {name} has no file {file[:80]!r}", hint=", ".join((MANIFEST, *found.files)))
    path = found.folder / file
    if not path.is_file():
        found.check((file,))
    fields = dict(_CORS) | {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
    if facts is not None:
        fields["ETag"] = f'"{facts["sha256"]}"'
        known = request.headers.get("if-none-match")
        if known and matches(known, fields["ETag"]):
            return Response(status_code=304, headers=fields)
    media = facts["media_type"] if facts else "application/json"
    return FileResponse(path, headers=fields, media_type=media, filename=f"iesi-kg-{name}-{file}")


readable(router, "/releases", releases, "Every release")
readable(router, "/releases/{name}", release, "One release: its manifest")
readable(router, "/releases/{name}/{file}", file, "One file of a release")


def _shelf(request: Request) -> Shelf:
    shelf: Shelf = request.app.state.editions.shelf
    return shelf


def _summary(release: Release) -> dict[str, object]:
    facts = release.manifest
    kept = ("release", "title", "issued", "quads", "triples", "counts", "changes", "redactions", "licences")
    return {**{name: facts[name] for name in kept}, "links": _links(release)}


def _links(release: Release) -> dict[str, str]:
    name = release.name
    return {"self": f"/releases/{name}", "sparql": f"/v/{name}/sparql", "manifest": f"/releases/{name}/{MANIFEST}"}


def _wants_page(request: Request) -> bool:
    return prefers_html(request.headers.get("accept"))


def _page(request: Request, template: str, context: dict[str, object]) -> Response:
    from iesi_kg.web.pages.rendering import render

    return render(request, template, context)
