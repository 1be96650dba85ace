"""The part of the network that hangs together to SVG 1.1: organisations as circles, initiatives as squares, named."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import NamedTuple
from xml.sax.saxutils import escape, quoteattr

from iesi_kg.analysis.frame import Frame, cut
from iesi_kg.analysis.network import Cluster, Network
from iesi_kg.analysis.network_layout import Points, layout

_WIDTH, _MARGIN, _GAP = 1180, 14, 26
_DISTANCE = 96
_STEP = (26, 28)  # of the initiatives of an organisation that stands alone, to the right and down
_SQUARE = 9
_LONGEST, _SHORTER = 30, 24
_STYLE = (
    "circle{fill:#0b5a5c}.one rect{fill:#f6e8d4;stroke:#8a4b0f}.tie{stroke:#8b8576;stroke-opacity:.6}"
    ".who{font-size:13px;font-weight:600}.what{font-size:12px;fill:#565c69}.in{font-size:11px;text-anchor:middle}"
)
Link = Callable[[str], str]


class Box(NamedTuple):
    """A rectangle by its edges."""

    left: float
    top: float
    right: float
    bottom: float

    def overlap(self, other: Box) -> float:
        """The area that both cover."""
        wide = min(self.right, other.right) - max(self.left, other.left)
        high = min(self.bottom, other.bottom) - max(self.top, other.top)
        return wide * high if wide > 0 and high > 0 else 0.0

    def moved(self, x: float, y: float) -> Box:
        """The rectangle elsewhere."""
        return Box(self.left + x, self.top + y, self.right + x, self.bottom + y)


@dataclass(frozen=True, slots=True)
class Node:
    """An organisation or an initiative in the picture, with its name and where that is written."""

    iri: str
    name: str
    is_organisation: bool
    number: int
    size: float
    x: float
    y: float

    @property
    def box(self) -> Box:
        return Box(self.x - self.size, self.y - self.size, self.x + self.size, self.y + self.size)

    def labels(self) -> Iterator[Box]:
        """Where its name may stand, the best place first."""
        text = self.written
        wide, high = len(text) * (7.4 if self.is_organisation else 6.2), 15
        away = self.size + 4
        for dx, dy in ((away + wide / 2, 0), (-away - wide / 2, 0), (0, away + high / 2), (0, -away - high / 2)):
            x, y = self.x + dx, self.y + dy
            yield Box(x - wide / 2, y - high / 2, x + wide / 2, y + high / 2)

    @property
    def written(self) -> str:
        """The name as it is written beside it."""
        return cut(self.name, _LONGEST if self.is_organisation else _SHORTER)


@dataclass(frozen=True, slots=True)
class _Island:
    """A cluster that was laid out: its nodes, where their names stand, its ties, and the room it takes."""

    nodes: tuple[Node, ...]
    labels: tuple[Box, ...]
    ties: tuple[tuple[str, str], ...]
    box: Box


def svg(whole: Network, parts: Sequence[Cluster], title: str, link: Link | None = None) -> str:
    """The picture; ``link`` is the address of an organisation or initiative. Without it, it stands alone."""
    placed = list(_packed([_island(whole, part) for part in parts]))
    bottom = max((y + island.box.bottom for island, _, y in placed), default=60.0) + _MARGIN
    frame = Frame("network", 0, 0, _WIDTH, round(bottom), title, _STYLE)
    drawn = (line for island, x, y in placed for line in _drawn(island, x, y, link))
    return frame.around(drawn, alone=link is None)


def _island(whole: Network, part: Cluster) -> _Island:
    names = [member.iri for member in part.members]
    points = _listed(part) if len(names) == 1 else layout([*part.initiatives, *names], part.ties, _DISTANCE)
    nodes = tuple(_nodes(whole, part, points))
    labels = tuple(_labelled(nodes))
    boxes = [*labels, *(node.box for node in nodes)]
    edges = zip(*boxes, strict=True)
    left, top, right, bottom = (pick(edge) for pick, edge in zip((min, min, max, max), edges, strict=True))
    return _Island(nodes, labels, tuple(part.ties), Box(left, top, right, bottom))


def _listed(part: Cluster) -> Points:
    """An organisation above its initiatives, where no other one joins these to more."""
    right, down = _STEP
    below = {one: (float(right), float(down * at)) for at, one in enumerate(part.initiatives, start=1)}
    return {part.members[0].iri: (0.0, 0.0), **below}


def _nodes(whole: Network, part: Cluster, points: Points) -> Iterator[Node]:
    for member in part.members:
        number = len(member.initiatives)
        yield Node(member.iri, member.name, True, number, 5 + 2.4 * sqrt(number), *points[member.iri])
    for one in part.initiatives:
        yield Node(one, whole.titles[one], False, len(whole.partners[one]), _SQUARE, *points[one])


def _labelled(nodes: Sequence[Node]) -> Iterator[Box]:
    """A place for each name, that which covers least of what is there."""
    taken = [node.box for node in nodes]
    for node in nodes:
        best = min(node.labels(), key=lambda box: sum(box.overlap(other) for other in taken))
        taken.append(best)
        yield best


def _packed(islands: Iterable[_Island]) -> Iterator[tuple[_Island, float, float]]:
    """Side by side in rows, each with how far it is moved."""
    x, y, high = float(_MARGIN), float(_MARGIN), 0.0
    for island in islands:
        wide = island.box.right - island.box.left
        if x > _MARGIN and x + wide > _WIDTH - _MARGIN:
            x, y, high = float(_MARGIN), y + high + _GAP, 0.0
        yield island, x - island.box.left, y - island.box.top
        x += wide + _GAP
        high = max(high, island.box.bottom - island.box.top)


def _drawn(island: _Island, x: float, y: float, link: Link | None) -> Iterator[str]:
    places = {node.iri: node for node in island.nodes}
    for one, other in island.ties:
        a, b = places[one], places[other]
        yield f'<path class="tie" d="M{a.x + x:.1f} {a.y + y:.1f}L{b.x + x:.1f} {b.y + y:.1f}"/>'
    for node, label in zip(island.nodes, island.labels, strict=True):
        yield _node(node, label.moved(x, y), node.x + x, node.y + y, link)


def _node(node: Node, label: Box, x: float, y: float, link: Link | None) -> str:
    text = f'x="{label.left:.1f}" y="{label.bottom - 3:.1f}"'
    if node.is_organisation:
        shape = f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{node.size:.1f}"/><text class="who" {text}>'
    else:
        corner = f'x="{x - _SQUARE:.1f}" y="{y - _SQUARE:.1f}" width="{2 * _SQUARE}" height="{2 * _SQUARE}" rx="3"'
        inside = f'<text class="in" x="{x:.1f}" y="{y + 4:.1f}">{node.number}</text>'
        shape = f'<rect {corner}/>{inside}<text class="what" {text}>'
    drawn = f"{shape}{escape(node.written)}</text>"
    said = f"{node.name}: {node.number}"
    kind = "many" if node.is_organisation else "one"
    if link is None:
        return f'<g class="{kind}"><title>{escape(said)}</title>{drawn}</g>'
    return f'<a class="{kind}" href={quoteattr(link(node.iri))} aria-label={quoteattr(said)}>{drawn}</a>'
