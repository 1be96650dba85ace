"""Counts by name to bars, and counts by year to columns, as SVG 1.1 that stands alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape

from iesi_kg.analysis.frame import Frame, cut

_STYLE = ".bar{fill:#0b5a5c}.track{fill:#f1ede4}.line{stroke:#ded8ca}.small{font-size:12px}"
_LABEL, _LENGTH, _LINE, _MARGIN, _TOP = 330, 420, 26, 16, 6
_LONGEST = 44
_COLUMN, _HIGH = 22, 220
_EVERY = 5  # years between two that are written


def bars(title: str, counted: Sequence[tuple[str, int]]) -> str:
    """A bar for each name, in the order given."""
    height = _TOP + _LINE * len(counted) + _MARGIN
    frame = Frame("bars", 0, 0, _LABEL + _LENGTH + 90, height, title, _STYLE)
    return frame.around(_bars(counted), alone=True)


def _bars(counted: Sequence[tuple[str, int]]) -> Iterator[str]:
    most = max((count for _, count in counted), default=0) or 1
    for place, (name, count) in enumerate(counted):
        y = _TOP + _LINE * place
        yield f"<g><title>{escape(name)}: {count}</title>"
        yield f'<text class="end" x="{_LABEL - 12}" y="{y + 16}">{escape(cut(name, _LONGEST))}</text>'
        yield f'<rect class="track" x="{_LABEL}" y="{y + 4}" width="{_LENGTH}" height="15"/>'
        yield f'<rect class="bar" x="{_LABEL}" y="{y + 4}" width="{_LENGTH * count / most:.1f}" height="15"/>'
        yield f'<text x="{_LABEL + _LENGTH + 12}" y="{y + 16}">{count}</text></g>'


def columns(title: str, counted: Sequence[tuple[int, int]]) -> str:
    """A column for each year; every fifth year is written, and the number above each column that is not empty."""
    width = max(2 * _MARGIN + _COLUMN * len(counted), 480)
    frame = Frame("bars", 0, 0, width, _TOP + _HIGH + 50, title, _STYLE)
    return frame.around(_columns(counted, width), alone=True)


def _columns(counted: Sequence[tuple[int, int]], width: int) -> Iterator[str]:
    most = max((count for _, count in counted), default=0) or 1
    floor = _TOP + _HIGH
    yield f'<path class="line" d="M{_MARGIN} {floor}H{width - _MARGIN}"/>'
    for place, (year, count) in enumerate(counted):
        x, high = _MARGIN + _COLUMN * place, (_HIGH - 20) * count / most
        middle = x + _COLUMN / 2
        if count:
            yield f'<g><title>{year}: {count}</title><rect class="bar" x="{x + 2}" y="{floor - high:.1f}"'
            yield f'width="{_COLUMN - 4}" height="{high:.1f}"/>'
            yield f'<text class="small mid" x="{middle:g}" y="{floor - high - 5:.1f}">{count}</text></g>'
        if year % _EVERY == 0:
            yield f'<text class="soft small mid" x="{middle:g}" y="{floor + 20}">{year}</text>'
