"""The name of a drawing to the drawing: SVG that stands alone, PNG, and the rows that it shows as CSV.

One door for the pages, the command line and a notebook, where a drawing shows itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial

from iesi_kg.analysis import (
    bar_drawing,
    browse,
    country_map,
    coverage,
    grid_drawing,
    knowledge_map,
    map_drawing,
    network,
    network_drawing,
    picture,
)
from iesi_kg.analysis.browse import ENGLISH
from iesi_kg.analysis.listing import NONE, Choice, Index, Value, build
from iesi_kg.errors import NotFound
from iesi_kg.store.base import Reader

# What stands at the drawings; a page says it in the language of its reader.
WORDS: Mapping[str, str] = {
    "title": "Initiatives by potential and level of integration",
    "down": "Potential",
    "across": "Level of integration",
    "none": "not coded",
    "both": "together",
    "countries": "Initiatives for each million inhabitants",
    "rate": "per million inhabitants",
    "years": "Number of initiatives that began in each year",
    "coverage": "Initiatives by country and policy area",
    "network": "Organisations that join initiatives",
}
FORMS = {"svg": "image/svg+xml", "png": "image/png", "csv": "text/csv; charset=utf-8"}
_BY = "by-"


@dataclass(frozen=True, slots=True)
class Drawing:
    """A drawing as SVG 1.1, and its rows as CSV (RFC 4180)."""

    name: str
    svg: str
    csv: str

    def _repr_svg_(self) -> str:
        """What a notebook shows."""
        return self.svg

    @property
    def png(self) -> bytes:
        """The same as a picture. Raises NotInstalled where the library for it is missing."""
        return picture.png(self.svg)

    def content(self, form: str) -> bytes:
        """The file of a form. Raises NotFound for one that there is not."""
        if form not in FORMS:
            raise NotFound(f"there is no drawing as {form!r}", hint="one of " + ", ".join(FORMS))
        return self.png if form == "png" else (self.svg if form == "svg" else self.csv).encode()


@dataclass(frozen=True, slots=True)
class Speech:
    """The language of the labels, and the words of the drawings in it."""

    code: str = ENGLISH
    words: Mapping[str, str] = field(default_factory=lambda: WORDS)


ENGLISH_SPEECH = Speech()


@dataclass(frozen=True, slots=True)
class Ground:
    """What a drawing is made of: the list of a version, the part of it that is drawn, and its words."""

    reader: Reader
    index: Index
    choice: Choice
    lang: str
    words: Mapping[str, str]

    @property
    def inhabitants(self) -> dict[str, int]:
        """How many people live in each country, by its code."""
        return {row["code"]: int(row["inhabitants"]) for row in browse.rows(self.reader, "inhabitants")}


def names(index: Index) -> list[str]:
    """Every drawing that can be asked for."""
    return [*_MADE, *(_BY + facet.key for facet in index.facets)]


def drawing(
    name: str,
    reader: Reader,
    choice: Choice | None = None,
    *,
    index: Index | None = None,
    speech: Speech = ENGLISH_SPEECH,
) -> Drawing:
    """A drawing of what is published, or of the part that meets a choice. Raises NotFound, which names those there are.

    ``index`` is the list of this version in this language, where it is at hand.
    """
    index = index or build(reader, speech.code)
    if name not in names(index):
        raise NotFound(f"there is no drawing {name!r}", hint="one of " + ", ".join(names(index)))
    make = _MADE.get(name) or partial(_by_code, name.removeprefix(_BY))
    svg, csv = make(Ground(reader, index, choice or Choice(), speech.code, speech.words))
    return Drawing(name, svg, csv)


def _matrix(ground: Ground) -> tuple[str, str]:
    found = knowledge_map.matrix(ground.index, ground.choice, ground.lang)
    return map_drawing.svg(found, ground.words), knowledge_map.as_csv(found)


def _countries(ground: Ground) -> tuple[str, str]:
    counted = ground.index.counts(coverage.PLACES, ground.choice)
    found = country_map.places(counted, ground.inhabitants)
    drawn = country_map.svg(found, ground.words["countries"], partial(named_place, ground.words), None)
    return drawn, _coverage_csv(ground, coverage.PLACES)


def named_place(words: Mapping[str, str], place: country_map.Place) -> str:
    """The text alternative of a country."""
    rate = "" if place.rate is None else f"; {place.rate:.2f} {words['rate']}"
    return f"{place.value.label}: {place.count}{rate}"


def _years(ground: Ground) -> tuple[str, str]:
    counted = knowledge_map.timeline(ground.index, ground.choice)
    return bar_drawing.columns(ground.words["years"], counted), knowledge_map.written(("year", "initiatives"), counted)


def _coverage(ground: Ground) -> tuple[str, str]:
    found = coverage.gaps(ground.index, ground.choice, ground.inhabitants, ground.lang)
    head = ("place", "place_label", "area", "area_label", "initiatives", "share")
    return grid_drawing.svg(found, ground.words["coverage"], ground.words["none"]), knowledge_map.as_csv(found, head)


def _network(ground: Ground) -> tuple[str, str]:
    kept = {entry.iri for entry in ground.index.select(ground.choice)}
    whole = network.network(network.read(ground.reader), kept)
    return network_drawing.svg(whole, network.clusters(whole), ground.words["network"]), network.as_csv(whole)


def _by_code(facet: str, ground: Ground) -> tuple[str, str]:
    part = coverage.coverage(ground.index, ground.choice, facet, ground.inhabitants, ground.lang)
    title = next(each.title for each in ground.index.facets if each.key == facet)
    counted = [(line.value, line.count) for line in part.lines]
    if part.uncoded:
        counted.append((Value("", NONE, NONE), part.uncoded))
    return bar_drawing.bars(ground.words.get(title, title), _labelled(counted, ground.words)), coverage.as_csv(part)


def _labelled(counted: Iterable[tuple[Value, int]], words: Mapping[str, str]) -> list[tuple[str, int]]:
    return [(words["none"] if value.code == NONE else value.label, count) for value, count in counted]


def _coverage_csv(ground: Ground, facet: str) -> str:
    return coverage.as_csv(coverage.coverage(ground.index, ground.choice, facet, ground.inhabitants, ground.lang))


_MADE: Mapping[str, Callable[[Ground], tuple[str, str]]] = {
    "matrix": _matrix,
    "countries": _countries,
    "years": _years,
    "coverage": _coverage,
    "network": _network,
}
