"""The links between classes to a drawing: boxes in columns by their distance from the class with most links."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

WIDTH, GAP, LINE, LEFT = 160, 168, 19, 8
_PADDING = 23
_BETWEEN = 16
_COLUMNS = 3  # what fits beside one another on a screen; the last one holds all that is farther


@dataclass(frozen=True, slots=True)
class Link:
    """A property that leads from one class to another; a kind of a class is a link too."""

    start: str
    term: str
    end: str
    kind: bool = False


@dataclass(frozen=True, slots=True)
class Box:
    """A class where it is drawn; ``loops`` are the properties that lead from it to itself."""

    term: str
    x: float
    y: float
    height: float
    loops: tuple[str, ...]

    @property
    def middle(self) -> float:
        return self.y + self.height / 2


@dataclass(frozen=True, slots=True)
class Line:
    """A link as an SVG path, with the place of its label; ``backwards`` when its arrow is at the path's beginning."""

    link: Link
    path: str
    x: float
    y: float
    anchor: str
    backwards: bool


@dataclass(frozen=True, slots=True)
class Drawing:
    """All boxes and lines and the room they take."""

    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    width: float
    height: float


def draw(links: Iterable[Link]) -> Drawing:
    """The same links give the same drawing."""
    given = sorted(set(links), key=lambda link: (link.start, link.term, link.end))
    loops: dict[str, list[str]] = defaultdict(list)
    for link in given:
        if link.start == link.end:
            loops[link.start].append(link.term)
    between = [link for link in given if link.start != link.end]
    columns = _columns(between)
    place = {term: number for number, column in enumerate(columns) for term in column}
    entering = Counter(_far(link, place) for link in between if place[link.start] != place[link.end])
    boxes = _boxes(columns, entering, loops)
    lines = _lines(between, place, boxes)
    height = max((box.y + box.height for box in boxes.values()), default=0) + LEFT
    return Drawing(tuple(boxes.values()), tuple(lines), _width(columns, lines), height)


def _width(columns: Sequence[Sequence[str]], lines: Iterable[Line]) -> float:
    """The columns, and room for the labels to the right of the last one where it has any."""
    edge = LEFT * 2 + len(columns) * (WIDTH + GAP) - GAP
    return max([edge, *(line.x + GAP / 2 for line in lines if line.anchor == "start")])


def _columns(links: Sequence[Link]) -> list[list[str]]:
    """Classes by the number of links to the one with most; those linked inside a column stand together."""
    neighbours: dict[str, set[str]] = defaultdict(set)
    for link in links:
        neighbours[link.start].add(link.end)
        neighbours[link.end].add(link.start)
    if not neighbours:
        return []
    waiting = sorted(neighbours, key=lambda term: (-len(neighbours[term]), term))
    columns: list[list[str]] = [[waiting[0]]]
    seen = set(columns[0])
    while len(seen) < len(neighbours):
        rest = set(waiting) - seen
        near = {other for term in columns[-1] for other in neighbours[term]} - seen
        taken = near if near and len(columns) < _COLUMNS - 1 else rest
        columns.append(_together(taken, neighbours, columns[-1]))
        seen |= taken
    return columns


def _together(terms: set[str], neighbours: Mapping[str, set[str]], before: Sequence[str]) -> list[str]:
    """Terms in the order of what they hang on, each followed by those of the same column that it is linked with."""
    ordered: list[str] = []

    def take(term: str) -> None:
        if term in terms and term not in ordered:
            ordered.append(term)
            for other in sorted(neighbours[term]):
                take(other)

    for term in sorted(terms, key=lambda term: (_mean(neighbours[term], before), term)):
        take(term)
    return ordered


def _mean(terms: set[str], order: Sequence[str]) -> float:
    places = [order.index(term) for term in terms if term in order]
    return sum(places) / len(places) if places else len(order)


def _far(link: Link, place: Mapping[str, int]) -> str:
    return max((link.start, link.end), key=lambda term: place[term])


def _boxes(
    columns: Sequence[Sequence[str]], entering: Mapping[str, int], loops: Mapping[str, Sequence[str]]
) -> dict[str, Box]:
    """Each class beside those of its column, the columns centred on one another; room for each line that enters."""
    heights = {
        term: LINE * max(1, entering.get(term, 0), 1 + len(loops.get(term, ()))) + _PADDING
        for column in columns
        for term in column
    }
    totals = [sum(heights[term] + _BETWEEN for term in column) for column in columns]
    boxes: dict[str, Box] = {}
    for number, column in enumerate(columns):
        y = LEFT + (max(totals) - totals[number]) / 2
        for term in column:
            x = LEFT + number * (WIDTH + GAP)
            boxes[term] = Box(term, x, round(y, 1), heights[term], tuple(loops.get(term, ())))
            y += heights[term] + _BETWEEN
    return boxes


def _lines(links: Sequence[Link], place: Mapping[str, int], boxes: Mapping[str, Box]) -> list[Line]:
    taken: Counter[str] = Counter()
    entering = Counter(_far(link, place) for link in links if place[link.start] != place[link.end])
    lines = []
    for link in links:
        start, end = boxes[link.start], boxes[link.end]
        if place[link.start] == place[link.end]:
            lines.append(_beside(link, start, end))
            continue
        far = _far(link, place)
        near = boxes[link.end if far == link.start else link.start]
        taken[far] += 1
        box = boxes[far]
        y = round(box.middle + LINE * (taken[far] - (entering[far] + 1) / 2), 1)
        lines.append(_across(link, near, box, y))
    return lines


def _across(link: Link, near: Box, far: Box, y: float) -> Line:
    x, to = near.x + WIDTH, far.x
    path = f"M{x} {near.middle}C{x + 70} {near.middle} {x + 20} {y} {x + 78} {y}L{to} {y}"
    return Line(link, path, to - 9, y - 4, "end", link.end == near.term)


def _beside(link: Link, start: Box, end: Box) -> Line:
    x = start.x + WIDTH
    down = 1 if end.y > start.y else -1
    y, to = round(start.middle + 5 * down, 1), round(end.middle - 5 * down, 1)
    path = f"M{x} {y}C{x + 26} {y} {x + 26} {to} {x} {to}"
    return Line(link, path, x + 23, round((y + to) / 2 + 4, 1), "start", False)
