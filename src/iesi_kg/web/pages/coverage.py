"""The coverage page: how many initiatives each country, area, group and technology has, and where there are few."""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from markupsafe import Markup

from iesi_kg.analysis import coverage, grid_drawing
from iesi_kg.analysis.coverage import AREAS, FACETS, FEW, PLACES
from iesi_kg.analysis.listing import NONE
from iesi_kg.web.pages.charts import bars
from iesi_kg.web.pages.drawings import files
from iesi_kg.web.pages.filtering import filtering
from iesi_kg.web.pages.initiatives import asked_of
from iesi_kg.web.pages.language import spoken
from iesi_kg.web.pages.rendering import render
from iesi_kg.web.pages.shelf import index, inhabitants
from iesi_kg.web.pages.wording import drawing_words

router = APIRouter()
PATH = "/coverage"


@router.api_route(PATH, methods=["GET", "HEAD"])
def page(request: Request) -> Response:
    """The page."""
    listed, said, people = index(request), spoken(request), inhabitants(request)
    asked = asked_of(request, listed)
    kept = [*asked.pairs(), *said.kept]
    words = drawing_words(said.wording)

    found = coverage.gaps(listed, asked.choice, people, said.code)
    alone = coverage.gaps(listed, asked.choice.without(PLACES, AREAS), people, said.code)

    def link(down: str, across: str) -> str | None:
        """The list of a cell, where the filters of country and area that it takes away leave as many."""
        if alone.cells[down, across].count != found.cells[down, across].count:
            return None
        return "/initiatives?" + urlencode([*asked.placed({PLACES: down, AREAS: across}), *said.kept])

    parts = [coverage.coverage(listed, asked.choice, facet, people, said.code) for facet in FACETS]
    titles = {facet.key: facet.title for facet in listed.facets}
    context = {
        **filtering(listed, asked, ()),
        "action": PATH,
        "parts": [
            (
                part,
                titles[part.facet],
                bars([(line.value, line.count) for line in part.lines]),
                files(f"by-{part.facet}", kept),
            )
            for part in parts
        ],
        "total": parts[0].total,
        "few": FEW,
        "places": PLACES,
        "areas": AREAS,
        "uncoded": NONE,
        "found": found,
        "link": link,
        "grid": Markup(grid_drawing.svg(found, words["coverage"], words["none"], link)),
        "files": files("coverage", kept),
        "version": listed.version,
    }
    return render(request, "coverage.html", context)
