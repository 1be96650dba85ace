"""The competency questions, the examples and their plain forms answer the same when all that may be is rewritten."""

from __future__ import annotations

import csv
from collections import Counter
from io import StringIO
from pathlib import Path

import pytest
from tables import COMPETENCY

from iesi_kg.store.base import Reader
from rewriting_in_hand import rewritten

PLAIN = sorted((Path(__file__).parent / "plain").glob("*.rq"))
FILES = [*sorted(COMPETENCY.glob("*.rq")), *sorted((COMPETENCY.parent / "examples").glob("*.rq")), *PLAIN]
REWRITTEN = [path for path in FILES if rewritten(path.read_text("utf-8"))]


def told(reader: Reader, text: str) -> tuple[list[str], Counter[tuple[str, ...]]]:
    head, *lines = csv.reader(StringIO(reader.answer(text, "text/csv").body.decode("utf-8"), newline=""))
    return head, Counter(map(tuple, lines))


@pytest.mark.parametrize("path", REWRITTEN, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_question_answers_the_same(published: Reader, path: Path) -> None:
    text = path.read_text("utf-8")
    found = rewritten(text)
    assert found is not None
    # A plain form may take seconds as it is written; it gives the rows of the question that it is a form of.
    wanted = (COMPETENCY / path.name).read_text("utf-8") if path in PLAIN else text
    before, after = told(published, wanted), told(published, found.text)
    assert before == after
    assert after[1]


def test_the_plain_forms_are_among_them() -> None:
    assert len(set(PLAIN) & set(REWRITTEN)) >= 3
