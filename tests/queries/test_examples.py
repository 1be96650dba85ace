"""The example queries give the answers that were worked out from the tables of records beside them."""

from __future__ import annotations

import csv
import json
import re
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from iesi_kg import assets
from iesi_kg.store.base import Reader

FOLDER = assets.root() / "queries" / "examples"
QUERIES = sorted(FOLDER.glob("*.rq"))
FEDERATED = sorted(FOLDER.glob("federated-*.rq"))
OWN = [path for path in QUERIES if "SERVICE <" not in path.read_text("utf-8")]
HEADER = re.compile(r"# (title|question|keywords): (\S.*)")


def header(text: str) -> dict[str, str]:
    """The comment lines at the head of a query."""
    lines = text.splitlines()
    return dict(match.groups() for line in lines[:3] if (match := HEADER.fullmatch(line)))


def expectation(path: Path) -> Path:
    (found,) = (path.with_suffix(suffix) for suffix in (".csv", ".json") if path.with_suffix(suffix).exists())
    return found


def body(reader: Reader, path: Path, media_type: str) -> str:
    return reader.answer(path.read_text("utf-8"), media_type).body.decode("utf-8")


def table(text: str) -> list[list[str]]:
    return list(csv.reader(StringIO(text, newline="")))


def assert_facts(reader: Reader, path: Path, facts: dict[str, Any]) -> None:
    if "boolean" in facts:
        assert json.loads(body(reader, path, "application/sparql-results+json"))["boolean"] is facts["boolean"]
    elif "triples" in facts:
        lines = set(body(reader, path, "application/n-triples").splitlines())
        assert set(facts["contains"]) - lines == set()
        assert len(lines) == facts["triples"]
    else:
        names, *rows = table(body(reader, path, "text/csv"))
        assert dict(zip(names, rows[0], strict=True)) == facts["first"]
        assert len(rows) == facts["rows"]


def test_there_are_enough_questions_of_every_form() -> None:
    texts = [path.read_text("utf-8") for path in QUERIES]
    assert len(texts) >= 15
    for form in (r"^SELECT\b", r"^ASK\b", r"^CONSTRUCT\b", r"\bGRAPH <"):
        assert any(re.search(form, text, re.M) for text in texts), form


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.stem)
def test_a_query_says_what_it_asks(path: Path) -> None:
    assert re.fullmatch(r"(\d{3}|federated)-[a-z0-9-]+", path.stem)
    said = header(path.read_text("utf-8"))
    assert list(said) == ["title", "question", "keywords"]
    number = "" if path in FEDERATED else f"| {path.stem[:3]} "
    row = f"{number}| [{said['title']}]({path.name}) |"
    assert row in (FOLDER / "README.md").read_text("utf-8")


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.stem)
def test_a_query_gives_the_answer_beside_it(published: Reader, path: Path) -> None:
    expected = expectation(path).read_text("utf-8")
    if expectation(path).suffix == ".csv":
        assert table(body(published, path, "text/csv")) == table(expected)
    else:
        assert_facts(published, path, json.loads(expected))


def test_every_answer_has_its_question() -> None:
    stems = {path.stem for path in QUERIES}
    assert {path.stem for path in FOLDER.iterdir() if path.suffix != ".md"} == stems
