"""The answers to the competency questions, worked out from the tables in data/iesi with nothing but csv and counting.

What the queries must give is said here a second time. The answers beside the queries are written from it
(``python tests/queries/tabulation.py``), and a test holds both together.
"""

from __future__ import annotations

import csv
import re

import tabulated_from_22
import tabulated_to_21
from tables import COMPETENCY, TABLES

_HELD = (tabulated_to_21, tabulated_from_22)  # importing them fills the table of questions


def answer(number: str) -> list[list[str]]:
    """The header of a question's answer and its lines, as they stand in the file beside the query."""
    (query,) = COMPETENCY.glob(f"{number}-*.rq")
    head = re.search(r"^SELECT (.*?)\nWHERE", query.read_text("utf-8"), re.S | re.M)
    assert head is not None, f"{query.name} is not a SELECT"
    names = re.findall(
        r"AS \?(\w+)\)|(?<![(\w])\?(\w+)(?!\w)", re.sub(r"\((?:[^()]|\([^()]*\))*AS", "AS", head[1]).replace(")", ") ")
    )
    return [[a or b for a, b in names], *[[str(cell) for cell in line] for line in TABLES[number]()]]


if __name__ == "__main__":
    for found in sorted(COMPETENCY.glob("*.rq")):
        with found.with_suffix(".csv").open("w", encoding="utf-8", newline="") as out:
            csv.writer(out, lineterminator="\n").writerows(answer(found.stem[:3]))
