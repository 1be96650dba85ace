"""A question and a graph to its answer as rows, and how that stands to another answer: what came and what went."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from io import StringIO
from typing import TypeAlias

from iesi_kg import assets
from iesi_kg.analysis.examples import COMPETENCY, Example
from iesi_kg.store.base import Reader

Line: TypeAlias = tuple[str, ...]
_CSV = "text/csv"


@dataclass(frozen=True, slots=True)
class Difference:
    """The rows that an answer has and the other had not, and those that went; each as often as it is there."""

    came: tuple[Line, ...]
    went: tuple[Line, ...]

    @property
    def same(self) -> bool:
        """Whether both have the same rows, in any order."""
        return not self.came and not self.went


def difference(found: Iterable[Line], wanted: Iterable[Line]) -> Difference:
    """What one answer has and another has not, in order.

    >>> difference([("a",), ("b",), ("b",)], [("b",), ("c",)])
    Difference(came=(('a',), ('b',)), went=(('c',),))
    """
    now, then = Counter(found), Counter(wanted)
    return Difference(tuple(sorted((now - then).elements())), tuple(sorted((then - now).elements())))


def given(reader: Reader, question: Example) -> tuple[Line, ...]:
    """The rows of the answer to a query that selects."""
    return table(reader.answer(question.query, _CSV).body)[1:]


@cache
def expected(slug: str) -> tuple[Line, ...]:
    """The rows beside a competency question, which were worked out from the tables of the bundle."""
    return table(assets.content(f"{COMPETENCY}/{slug}.csv"))[1:]


def table(content: bytes) -> tuple[Line, ...]:
    """The lines of a table in CSV, its header first."""
    return tuple(tuple(line) for line in csv.reader(StringIO(content.decode("utf-8"), newline="")))
