"""The nodes and ties of a graph to places: springs and repulsion (Fruchterman and Reingold 1991), nothing by chance."""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, hypot, pi, sin, sqrt
from typing import TypeAlias

Point: TypeAlias = tuple[float, float]
Points: TypeAlias = dict[str, Point]

_WORK = 600_000  # pairs looked at for one part: more nodes have fewer rounds
_ROUNDS = 240
_REACH = 3.5  # distances beyond which nodes do not push one another, so that long parts stay together
_CENTRE = 0.25  # how strongly the middle pulls
_GOLDEN = pi * (3 - sqrt(5))


def layout(nodes: Sequence[str], ties: Sequence[tuple[str, str]], distance: float) -> Points:
    """A place for each node, tied ones about a distance apart; the same for the same nodes in the same order."""
    placed = {
        node: (distance * sqrt(at + 0.5) * cos(at * _GOLDEN), distance * sqrt(at + 0.5) * sin(at * _GOLDEN))
        for at, node in enumerate(nodes)
    }
    rounds = max(20, min(_ROUNDS, _WORK // max(1, len(nodes) ** 2)))
    for step in range(rounds):
        heat = distance * (1 - step / rounds)
        placed = _moved(placed, _forces(placed, ties, distance), heat)
    wide, high = (max(edge) - min(edge) for edge in zip(*placed.values(), strict=True))
    return placed if wide >= high else {node: (y, x) for node, (x, y) in placed.items()}


def _forces(placed: Points, ties: Sequence[tuple[str, str]], distance: float) -> dict[str, list[float]]:
    force = {node: [-_CENTRE * x, -_CENTRE * y] for node, (x, y) in placed.items()}
    reach = (_REACH * distance) ** 2
    nodes = list(placed.items())
    for at, (one, (x, y)) in enumerate(nodes):
        mine = force[one]
        for other, (u, v) in nodes[at + 1 :]:
            dx, dy = x - u, y - v
            apart = dx * dx + dy * dy
            if apart > reach:
                continue
            push = distance * distance / max(apart, 1.0)
            theirs = force[other]
            mine[0] += dx * push
            mine[1] += dy * push
            theirs[0] -= dx * push
            theirs[1] -= dy * push
    for one, other in ties:
        (x, y), (u, v) = placed[one], placed[other]
        dx, dy = x - u, y - v
        pull = hypot(dx, dy) / distance
        force[one][0] -= dx * pull
        force[one][1] -= dy * pull
        force[other][0] += dx * pull
        force[other][1] += dy * pull
    return force


def _moved(placed: Points, force: dict[str, list[float]], heat: float) -> Points:
    found = {}
    for node, (x, y) in placed.items():
        fx, fy = force[node]
        size = hypot(fx, fy) or 1.0
        step = min(size, heat) / size
        found[node] = (round(x + fx * step, 3), round(y + fy * step, 3))
    return found
