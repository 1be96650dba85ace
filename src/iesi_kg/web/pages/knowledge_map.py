"""The map page: the matrix with its filters in the address, start years, objectives and outcomes."""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from markupsafe import Markup

from iesi_kg.analysis import country_map
from iesi_kg.analysis.knowledge_map import ACROSS, DOWN, matrix, tally, timeline
from iesi_kg.analysis.listing import as_query
from iesi_kg.analysis.map_drawing import Link, svg
from iesi_kg.web.pages.charts import bars
from iesi_kg.web.pages.drawings import files
from iesi_kg.web.pages.filtering import filtering
from iesi_kg.web.pages.initiatives import Asked, asked_of
from iesi_kg.web.pages.language import Spoken, spoken
from iesi_kg.web.pages.rendering import render
from iesi_kg.web.pages.shelf import index, inhabitants
from iesi_kg.web.pages.wording import drawing_words

router = APIRouter()
PATH = "/map"
_AXES = {DOWN, ACROSS}
_COUNTRY = "country"
_COUNTED = ("sip-objective", "outcome-type")


@router.api_route(PATH, methods=["GET", "HEAD"])
def page(request: Request) -> Response:
    """The page."""
    listed, said = index(request), spoken(request)
    asked = asked_of(request, listed)
    drawn = matrix(listed, asked.choice, said.code)
    kept = [*asked.pairs(), *said.kept]
    found = country_map.places(listed.counts(_COUNTRY, asked.choice), inhabitants(request))
    context = {
        **filtering(listed, asked, _AXES),
        "action": PATH,
        "matrix": drawn,
        "drawing": Markup(svg(drawn, drawing_words(said.wording), _cell_link(asked, said.kept), alone=False)),
        "years": timeline(listed, asked.choice),
        "tables": [
            (facet, bars(tally(listed, asked.choice, facet, said.code)), files(f"by-{facet}", kept))
            for facet in _COUNTED
        ],
        "places": found,
        "europe": _europe(found, asked, said),
        "query": as_query(listed, asked.choice),
        "files": {name: files(name, kept) for name in ("matrix", "countries", "years")},
        "pairs_of": lambda down, across: asked.placed({DOWN: down, ACROSS: across}),
        "version": listed.version,
    }
    return render(request, "map.html", context)


def _cell_link(asked: Asked, kept: tuple[tuple[str, str], ...]) -> Link:
    return lambda down, across: "/initiatives?" + urlencode([*asked.placed({DOWN: down, ACROSS: across}), *kept])


def _europe(found: list[country_map.Place], asked: Asked, said: Spoken) -> Markup:
    t = said.wording

    def name(place: country_map.Place) -> str:
        rate = "" if place.rate is None else f"; {t.decimals(place.rate, 2)} {t('per million inhabitants')}"
        return f"{place.value.label}: {place.count}{rate}"

    def link(code: str) -> str:
        return "/initiatives?" + urlencode([*asked.placed({_COUNTRY: code}), *said.kept])

    return Markup(country_map.svg(found, t("Initiatives for each million inhabitants"), name, link))
