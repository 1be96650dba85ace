"""The landing page: what this is, how much is in it, and three ways in; of a scratch store, where it answers."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from iesi_kg.analysis.examples import competency, examples
from iesi_kg.web.pages.charts import bars, tiles
from iesi_kg.web.pages.rendering import render
from iesi_kg.web.pages.shelf import counts, index
from iesi_kg.web.site import Site

router = APIRouter()
# Where a program goes on that knows the address alone (RFC 8288, RFC 8631).
_LINKS = ", ".join(
    f'<{address}>; rel="{relation}"; type="{form}"'
    for address, relation, form in (
        ("/.well-known/void", "describedby", "text/turtle"),
        ("/sparql", "http://www.w3.org/ns/sparql-service-description#endpoint", "application/sparql-results+json"),
        ("/openapi.json", "service-desc", "application/json"),
        ("/build", "service-doc", "text/html"),
        ("/status", "status", "text/html"),
        ("/feeds/releases.atom", "alternate", "application/atom+xml"),
    )
)


@router.api_route("/", methods=["GET", "HEAD"])
def landing(request: Request) -> Response:
    """The landing page."""
    site: Site = request.app.state.site
    if site.scratch:
        return _scratch(request, site)
    listed = index(request)
    drawn, mapped = listed.charted("bars"), listed.charted("map")
    places = listed.counts(mapped)
    context = {
        "counts": counts(request),
        "version": listed.version,
        "drawn": drawn,
        "mapped": mapped,
        "bars": bars(listed.leaves(drawn)),
        "tiles": tiles(places),
        "places": bars(places),
        "examples": examples()[:6],
        "example_count": len(examples()),
        "question_count": len(competency()),
    }
    page = render(request, "landing.html", context)
    page.headers["Link"] = _LINKS
    return page


def _scratch(request: Request, site: Site) -> Response:
    guarded = bool(site.settings.token)
    token = '-H "Authorization: Bearer $IESI_KG_TOKEN" ' if guarded else ""
    host = str(request.base_url).rstrip("/")
    shown = {"version": site.version, "guarded": guarded, "token": token, "host": host}
    return render(request, "scratch.html", shown)
