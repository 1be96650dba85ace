"""The map page: the matrix with its filters in the address, start years, objectives and outcomes; SVG and CSV of it."""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from markupsafe import Markup

from iesi_kg.analysis import country_map
from iesi_kg.analysis.knowledge_map import ACROSS, DOWN, Matrix, as_csv, matrix, tally, timeline
from iesi_kg.analysis.listing import NONE, Index, as_query
from iesi_kg.analysis.map_drawing import Link, svg
from iesi_kg.web.pages.charts import bars
from iesi_kg.web.pages.initiatives import Asked, Option, asked_of, chosen_of, options_of
from iesi_kg.web.pages.language import Spoken, spoken
from iesi_kg.web.pages.rendering import render
from iesi_kg.web.pages.shelf import index, inhabitants
from iesi_kg.web.pages.wording import map_words

router = APIRouter()
PATH = "/map"
_ALONE = "default-src 'none'; style-src 'unsafe-inline'"
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
        "asked": asked,
        "all": len(listed.entries),
        "matrix": drawn,
        "drawing": Markup(svg(drawn, map_words(said.wording), _cell_link(asked, said.kept), alone=False)),
        "filters": [(facet, _offered(listed, facet.key, asked)) for facet in listed.facets if facet.key not in _AXES],
        "chosen": [option for facet in listed.facets for option in chosen_of(listed, facet.key, asked)],
        "years": timeline(listed, asked.choice),
        "tables": [(facet, bars(tally(listed, asked.choice, facet, said.code))) for facet in _COUNTED],
        "places": found,
        "europe": _europe(found, asked, said),
        "query": as_query(listed, asked.choice),
        "files": [(name, f"{PATH}.{name}" + (f"?{urlencode(kept)}" if kept else "")) for name in ("svg", "csv")],
        "pairs_of": lambda down, across: asked.placed({DOWN: down, ACROSS: across}),
        "none": NONE,
        "version": listed.version,
    }
    return render(request, "map.html", context)


@router.api_route(PATH + ".svg", methods=["GET", "HEAD"])
def drawing(request: Request) -> Response:
    """The matrix alone, to put into a document."""
    text = svg(_matrix(request), map_words(spoken(request).wording))
    headers = {"Content-Security-Policy": _ALONE, "Content-Disposition": 'inline; filename="knowledge-map.svg"'}
    return Response(text, media_type="image/svg+xml", headers={**headers, "X-Content-Type-Options": "nosniff"})


@router.api_route(PATH + ".csv", methods=["GET", "HEAD"])
def table(request: Request) -> Response:
    """The matrix as rows."""
    headers = {"Content-Disposition": 'attachment; filename="knowledge-map.csv"', "X-Content-Type-Options": "nosniff"}
    return Response(as_csv(_matrix(request)), media_type="text/csv; charset=utf-8", headers=headers)


def _matrix(request: Request) -> Matrix:
    listed = index(request)
    return matrix(listed, asked_of(request, listed).choice, spoken(request).code)


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


def _offered(listed: Index, facet: str, asked: Asked) -> list[Option]:
    """The values of a filter by name, the one of no code last."""
    return sorted(
        options_of(listed, facet, asked), key=lambda one: (one.value.code == NONE, one.value.label.casefold())
    )
