"""A cross-table to a grid of shaded cells as SVG 1.1, each with its number and, in a page, its link."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from xml.sax.saxutils import escape, quoteattr

from iesi_kg.analysis.frame import SHADES, Frame, cut, folded, hyphenated
from iesi_kg.analysis.knowledge_map import Matrix
from iesi_kg.analysis.listing import NONE, Value

_LEFT, _TOP, _WIDE, _HIGH, _MARGIN = 190, 96, 78, 26, 12
_STEPS = 5
_STYLE = (
    f"{SHADES}.cell text{{text-anchor:middle;font-size:13px}}.s4+text,.s5+text{{fill:#fff}}.s0{{fill:#fffefb}}"
    ".cell rect{stroke:#ded8ca}.small{font-size:12px}"
)
Link = Callable[[str, str], str | None]


def svg(found: Matrix, title: str, none: str, link: Link | None = None) -> str:
    """The grid; ``none`` names what is not coded, ``link`` is the address of a cell that has one.

    Without links it stands alone and carries its style.
    """
    width = _LEFT + _WIDE * len(found.across) + _MARGIN
    height = _TOP + _HIGH * len(found.down) + _MARGIN
    frame = Frame("heat", 0, 0, width, height, title, _STYLE)
    return frame.around([*_names(found, none), *_cells(found, none, link)], alone=link is None)


def _names(found: Matrix, none: str) -> Iterator[str]:
    for place, value in enumerate(found.across):
        x = _LEFT + _WIDE * (place + 0.5)
        lines = folded(hyphenated(_name(value, none), 11), 11)[:6]
        for number, line in enumerate(lines):
            y = _TOP - 10 - 14 * (len(lines) - 1 - number)
            yield f'<text class="small mid" x="{x:g}" y="{y}">{escape(cut(line, 13))}</text>'
    for place, value in enumerate(found.down):
        y = _TOP + _HIGH * place + 18
        yield f'<text class="end" x="{_LEFT - 10}" y="{y}">{escape(cut(_name(value, none), 24))}</text>'


def _cells(found: Matrix, none: str, link: Link | None) -> Iterator[str]:
    for down, row in enumerate(found.down):
        for across, column in enumerate(found.across):
            count = found.cells[row.code, column.code].count
            x, y = _LEFT + _WIDE * across, _TOP + _HIGH * down
            step = -(-count * _STEPS // found.most) if count else 0
            box = f'<rect class="s{step}" x="{x}" y="{y}" width="{_WIDE}" height="{_HIGH}"/>'
            drawn = f'{box}<text x="{x + _WIDE / 2:g}" y="{y + 18}">{count or ""}</text>'
            said = f"{_name(row, none)}, {_name(column, none)}: {count}"
            address = link(row.code, column.code) if link and count else None
            if address is None:
                yield f'<g class="cell"><title>{escape(said)}</title>{drawn}</g>'
            else:
                yield f'<a class="cell" href={quoteattr(address)} aria-label={quoteattr(said)}>{drawn}</a>'


def _name(value: Value, none: str) -> str:
    return none if value.code == NONE else value.label
