"""Counts by country to a map of Europe in SVG, shaded by initiatives for each million inhabitants.

Outlines: Natural Earth (public domain), made by ``tools/country-shapes.py``.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from iesi_kg.analysis.frame import SHADES, Frame
from iesi_kg.analysis.listing import Value

_SHAPES = Path(__file__).with_name("countries.json")
_STEPS = 5
_STYLE = "path,circle{fill:#f1ede4;stroke:#faf8f3}" + "".join(
    f"{shade.partition('{')[0]} *{{{shade.partition('{')[2]}}}" for shade in SHADES.split("}") if shade
)
_TINY = 400  # characters of an outline too small to be hit: a circle goes with it


@dataclass(frozen=True, slots=True)
class Place:
    """A country: its initiatives, those for each million inhabitants where that is known, its shade from 0 to 5."""

    value: Value
    count: int
    rate: float | None
    step: int


def places(counts: Iterable[tuple[Value, int]], inhabitants: Mapping[str, int]) -> list[Place]:
    """Every country with initiatives, the highest rate first, those without a rate last."""
    given = [(value, count, rate(count, inhabitants.get(value.code))) for value, count in counts]
    rates = sorted(each for _, _, each in given if each)
    limits = [rates[len(rates) * step // _STEPS] for step in range(1, _STEPS)] if rates else []
    made = [
        Place(value, count, each, bisect_right(limits, each) + 1 if each else int(count > 0))
        for value, count, each in given
    ]
    return sorted(made, key=lambda place: (place.rate is None, -(place.rate or 0), place.value.label))


def rate(count: int, people: int | None) -> float | None:
    """How many there are for each million inhabitants, where their number is known."""
    return round(1_000_000 * count / people, 2) if people else None


def svg(found: Iterable[Place], title: str, say: Callable[[Place], str], link: Callable[[str], str] | None) -> str:
    """The map; ``say`` is the text alternative of a country, ``link`` where it leads to by its code.

    Without links it stands alone and carries its style.
    """
    drawn = _outlines()
    by_code = {place.value.code: place for place in found if place.count}
    empty = (path for code, path in drawn.paths.items() if code not in by_code)
    frame = Frame("countries", -4, -4, drawn.width + 8, drawn.height + 12, title, _STYLE)
    full = ((place, code) for code, place in by_code.items() if code in drawn.paths)
    parts = [
        *(f'<path d="{path}"/>' for path in empty),
        *(_country(drawn, place, say(place), link(code) if link else None) for place, code in full),
    ]
    return frame.around(parts, alone=link is None)


def _country(drawn: _Outlines, place: Place, said: str, address: str | None) -> str:
    path, (x, y) = drawn.paths[place.value.code], drawn.middles[place.value.code]
    spot = f'<circle cx="{x}" cy="{y}" r="6"/>' if len(path) < _TINY else ""
    shape = f'<title>{escape(said)}</title><path d="{path}"/>{spot}'
    if address is None:
        return f'<g class="s{place.step}">{shape}</g>'
    return f'<a href={quoteattr(address)} class="s{place.step}" aria-label={quoteattr(said)}>{shape}</a>'


@dataclass(frozen=True, slots=True)
class _Outlines:
    width: int
    height: int
    paths: Mapping[str, str]
    middles: Mapping[str, tuple[float, float]]


@cache
def _outlines() -> _Outlines:
    read = json.loads(_SHAPES.read_text("utf-8"))
    countries = read["countries"]
    paths = {code: shape["path"] for code, shape in countries.items()}
    middles = {code: (shape["at"][0], shape["at"][1]) for code, shape in countries.items()}
    return _Outlines(read["width"], read["height"], paths, middles)
