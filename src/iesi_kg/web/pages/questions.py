"""The competency questions in words, by who asks them: each with its answer now, the query, and what was expected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from iesi_kg.analysis.answers import Line, difference, expected, table
from iesi_kg.analysis.examples import Example, competency
from iesi_kg.endpoint.negotiation import CSV, JSON, TABLES
from iesi_kg.errors import NotFound
from iesi_kg.web.pages.rendering import render
from iesi_kg.web.pages.results import MOST_ROWS, Shown, shown
from iesi_kg.web.pages.sparql import answer_to

router = APIRouter()
PATH = "/questions"
_STEPS = 5
_NUMBER = "initiatives"  # the variable that counts, in every query that is drawn as a cross-table
_PERSONAS = ("researcher", "policy maker", "data steward")
_MOST_MOVED = 50


@dataclass(frozen=True, slots=True)
class Drawn:
    """One bar: its name, its number, and its length in hundredths of the longest."""

    name: str
    number: int
    length: float


@dataclass(frozen=True, slots=True)
class Grid:
    """A cross-table: the names of rows and columns, the number in each cell, and its shade from 0 to 5."""

    title: str
    down: tuple[str, ...]
    across: tuple[str, ...]
    cells: tuple[tuple[tuple[int, int], ...], ...]


@router.api_route(PATH, methods=["GET", "HEAD"])
def listed(request: Request) -> Response:
    """All of them, by who asks."""
    ordered = sorted(competency(), key=lambda question: (_PERSONAS.index(question.persona), question.slug))
    groups = [(persona, list(found)) for persona, found in groupby(ordered, key=lambda question: question.persona)]
    unmet = {question.slug for question in ordered if not expected(question.slug)}
    return render(request, "questions.html", {"groups": groups, "count": len(ordered), "unmet": unmet})


@router.api_route(PATH + "/{slug}", methods=["GET", "HEAD"])
async def answered(request: Request, slug: str) -> Response:
    """One question with its answer on the graph as it stands; by its number too."""
    question = next((found for found in competency() if found.slug == slug), None)
    if question is None:
        return _by_number(request, slug)
    answer = await answer_to(request, question.query, JSON)
    text = await answer_to(request, question.query, CSV)
    head, *lines = table(text.body)
    result = shown(answer)
    numbers = [found.slug for found in competency()]
    place = numbers.index(slug)
    context = {
        "question": question,
        "number": int(slug[:3]),
        "result": result,
        "most_rows": MOST_ROWS,
        "version": answer.version,
        "expected": len(expected(slug)),
        "moved": difference(lines, expected(slug)),
        "most_moved": _MOST_MOVED,
        "bars": _bars(question, lines),
        "grids": _grids(question, head, lines),
        "formats": _formats(question, result),
        "before": competency()[place - 1] if place else None,
        "after": competency()[place + 1] if place + 1 < len(numbers) else None,
        "head": head,
    }
    return render(request, "question.html", context)


def _by_number(request: Request, slug: str) -> Response:
    named = next((found.slug for found in competency() if slug.isdecimal() and found.slug[:3] == slug.zfill(3)), None)
    if named is None:
        raise NotFound(f"there is no question {slug!r}", hint=f"{PATH} lists them")
    rest = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"{PATH}/{named}{rest}", status_code=301)


def _formats(question: Example, result: Shown) -> list[tuple[str, str]]:
    offers = [
        (offer.short, "/sparql?" + urlencode({"query": question.query, "format": offer.short})) for offer in TABLES
    ]
    return [*offers, ("xlsx", "/result.xlsx?" + urlencode({"query": question.query}))]


def _bars(question: Example, lines: Sequence[Line]) -> list[Drawn]:
    """A bar for each line, by the last whole number in it; a timeline has one for each year."""
    if question.chart == "timeline":
        counted = Counter[str]()
        for line in lines:
            counted[line[0]] += int(line[-1])
        pairs = sorted(counted.items())
    elif question.chart == "bars":
        pairs = [(", ".join(line[:-1]), int(line[-1])) for line in lines if line[-1].isdecimal()]
    else:
        return []
    longest = max((number for _, number in pairs), default=0) or 1
    return [Drawn(name, number, round(100 * number / longest, 1)) for name, number in pairs]


def _grids(question: Example, head: Line, lines: Sequence[Line]) -> list[Grid]:
    """A cross-table of the two columns before the number, one for each value of the columns before those."""
    if question.chart != "matrix":
        return []
    width = head.index(_NUMBER)
    keyed = sorted(lines, key=lambda line: line[: width - 2])
    groups = groupby(keyed, key=lambda line: line[: width - 2])
    return [_grid(", ".join(key), list(found), width) for key, found in groups]


def _grid(title: str, lines: Sequence[Line], width: int) -> Grid:
    numbers = {(line[width - 2], line[width - 1]): int(line[width]) for line in lines}
    down = tuple(sorted({row for row, _ in numbers}))
    across = tuple(sorted({column for _, column in numbers}))
    most = max(numbers.values(), default=1)
    cells = tuple(tuple(_cell(numbers.get((row, column), 0), most) for column in across) for row in down)
    return Grid(title, down, across, cells)


def _cell(number: int, most: int) -> tuple[int, int]:
    return number, -(-number * _STEPS // most)
