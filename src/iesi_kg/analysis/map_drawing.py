"""The knowledge map to SVG 1.1: a circle in each cell, its area the number of initiatives, with a text alternative.

https://www.w3.org/TR/SVG11/ ; text alternatives as in https://www.w3.org/TR/svg-aam-1.0/
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from math import sqrt
from xml.sax.saxutils import escape, quoteattr

from iesi_kg.analysis.frame import Frame, folded
from iesi_kg.analysis.knowledge_map import Matrix
from iesi_kg.analysis.listing import NONE, Value

_CELL, _LEFT, _TOP, _MARGIN = 124, 230, 120, 16
_NARROW, _WIDE = 14, 26  # letters in a line above a column and before a row
_STYLE = (
    ".axis{fill:#565c69}.line{stroke:#ded8ca}"
    "circle{fill:#0b5a5c;fill-opacity:.85}.none circle{fill:#8b8576}.n{text-anchor:middle;font-weight:600}"
    ".in{fill:#fff}.sum{fill:#565c69;font-weight:600}.mid{text-anchor:middle;font-size:12.5px}"
)
Link = Callable[[str, str], str]


def svg(found: Matrix, words: Mapping[str, str], link: Link | None = None, *, alone: bool = True) -> str:
    """The drawing; ``words`` are its title, its axes and what is not coded, ``link`` the address of a cell.

    One that stands ``alone`` carries its own style; in a page the stylesheet of the page draws it.
    """
    width = _LEFT + _CELL * len(found.across) + 70
    height = _TOP + _CELL * len(found.down) + 50
    frame = Frame("knowledge-map", 0, 0, width, height, words["title"], _STYLE)
    return frame.around([*_axes(found, words), *_circles(found, words, link)], alone=alone)


def _axes(found: Matrix, words: Mapping[str, str]) -> Iterator[str]:
    middle = _LEFT + _CELL * len(found.across) / 2
    yield f'<text class="axis mid" x="{middle:g}" y="24">{escape(words["across"])}</text>'
    yield f'<text class="axis" x="{_MARGIN}" y="{_TOP - 18}">{escape(words["down"])}</text>'
    for place, value in enumerate(found.across):
        yield from _lines(value, words, _LEFT + _CELL * (place + 0.5), 50, "mid")
        x = _LEFT + _CELL * place
        yield f'<path class="line" d="M{x} {_TOP}V{_TOP + _CELL * len(found.down)}"/>'
        total = found.column(value.code)
        y = _TOP + _CELL * len(found.down) + 28
        yield f'<text class="sum mid" x="{x + _CELL / 2:g}" y="{y}">{total}</text>'
    for place, value in enumerate(found.down):
        y = _TOP + _CELL * place
        yield from _lines(value, words, _MARGIN, y + _CELL / 2 - 8, "start")
        right = _LEFT + _CELL * len(found.across)
        yield f'<path class="line" d="M{_MARGIN} {y}H{right}"/>'
        yield f'<text class="sum mid" x="{right + 34}" y="{y + _CELL / 2 + 5:g}">{found.row(value.code)}</text>'


def _lines(value: Value, words: Mapping[str, str], x: float, y: float, anchor: str) -> Iterator[str]:
    text = words["none"] if value.code == NONE else f"{value.code} {value.label}"
    longest = _NARROW if anchor == "mid" else _WIDE
    for number, line in enumerate(folded(text, longest)[:4]):
        yield f'<text class="{anchor}" x="{x:g}" y="{y + 16 * number:g}">{escape(line)}</text>'


def _circles(found: Matrix, words: Mapping[str, str], link: Link | None) -> Iterator[str]:
    for down, row in enumerate(found.down):
        for across, column in enumerate(found.across):
            count = found.cells[row.code, column.code].count
            if count:
                x, y = _LEFT + _CELL * (across + 0.5), _TOP + _CELL * (down + 0.5)
                drawn = _circle(x, y, count, found.most, NONE in (row.code, column.code))
                yield _linked(drawn, f"{_name(row, words)}, {_name(column, words)}: {count}", link, row, column)


def _circle(x: float, y: float, count: int, most: int, uncoded: bool) -> str:
    radius = max(4.0, (_CELL / 2 - 5) * sqrt(count / most))
    inside = radius > 13
    kind, high = ("n in", y + 5) if inside else ("n", y - radius - 4)
    where = "none" if uncoded else "coded"
    label = f'<text class="{kind}" x="{x:g}" y="{high:.1f}">{count}</text>'
    return f'<g class="{where}"><circle cx="{x:g}" cy="{y:g}" r="{radius:.1f}"/>{label}</g>'


def _linked(drawn: str, name: str, link: Link | None, row: Value, column: Value) -> str:
    if link is None:
        return drawn.replace("<circle", f"<title>{escape(name)}</title><circle", 1)
    return f"<a href={quoteattr(link(row.code, column.code))} aria-label={quoteattr(name)}>{drawn}</a>"


def _name(value: Value, words: Mapping[str, str]) -> str:
    return words["none"] if value.code == NONE else value.label
