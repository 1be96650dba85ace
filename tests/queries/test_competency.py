"""The competency questions give the answers that were counted in the tables, and so do their plain forms."""

from __future__ import annotations

import csv
import re
from collections import Counter
from io import StringIO
from pathlib import Path

import pytest
from tables import COMPETENCY
from tabulation import answer

from iesi_kg.analysis.examples import asked, competency
from iesi_kg.store.base import Reader

QUESTIONS = sorted(COMPETENCY.glob("*.rq"))
PLAIN = sorted((Path(__file__).parent / "plain").glob("*.rq"))
PERSONAS = {"researcher", "policy maker", "data steward"}


def lines(text: str) -> list[list[str]]:
    return list(csv.reader(StringIO(text, newline="")))


def given(reader: Reader, path: Path) -> list[list[str]]:
    return lines(reader.answer(path.read_text("utf-8"), "text/csv").body.decode("utf-8"))


def difference(found: list[list[str]], wanted: list[list[str]]) -> str:
    """What to say of an answer that moved: the rows that came and went."""
    came = (Counter(map(tuple, found)) - Counter(map(tuple, wanted))).elements()
    went = (Counter(map(tuple, wanted)) - Counter(map(tuple, found))).elements()
    return "\n".join([*(f"came {row}" for row in came), *(f"went {row}" for row in went)]) or "only the order"


def test_all_forty_two_are_asked_in_words() -> None:
    assert [path.stem[:3] for path in QUESTIONS] == [f"{number:03}" for number in range(1, 43)]
    for question in competency():
        assert re.fullmatch(r"\d{3}-[a-z0-9-]+", question.slug)
        assert question.question.endswith((".", "?"))
        assert question.keywords
        assert question.persona in PERSONAS, question.slug


def test_no_two_queries_are_named_alike() -> None:
    slugs = [question.slug for question in asked()]
    assert len(slugs) == len(set(slugs)) >= 42 + 20


@pytest.mark.parametrize("path", QUESTIONS, ids=lambda path: path.stem)
def test_the_answer_beside_a_question_is_what_the_tables_say(path: Path) -> None:
    """When the data moved: ``python tests/queries/tabulation.py`` counts again, and the difference is to be read."""
    beside, counted = lines(path.with_suffix(".csv").read_text("utf-8")), answer(path.stem[:3])
    assert beside == counted, f"{path.stem}:\n{difference(counted, beside)}"


@pytest.mark.parametrize("path", QUESTIONS, ids=lambda path: path.stem)
def test_a_question_gives_the_answer_beside_it(published: Reader, path: Path) -> None:
    found, wanted = given(published, path), lines(path.with_suffix(".csv").read_text("utf-8"))
    assert found == wanted, f"{path.stem}:\n{difference(found, wanted)}"


@pytest.mark.parametrize("path", PLAIN, ids=lambda path: path.stem)
def test_the_plain_form_gives_the_same_rows(published: Reader, path: Path) -> None:
    fast = given(published, COMPETENCY / path.name)
    head, *rows = given(published, path)
    assert head == fast[0]
    assert sorted(rows) == sorted(fast[1:])
    assert path.read_text("utf-8") != (COMPETENCY / path.name).read_text("utf-8")


def test_a_moved_answer_is_told_row_by_row() -> None:
    assert difference([["a"], ["b"]], [["a"], ["c"]]) == "came ('b',)\nwent ('c',)"
    assert difference([["a"], ["b"]], [["b"], ["a"]]) == "only the order"
