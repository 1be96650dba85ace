"""The page on inference says what is claimed and what is left out, and its query gives what the tables hold."""

from __future__ import annotations

import csv
import re
from io import StringIO
from pathlib import Path

import pytest

from iesi_kg import assets
from iesi_kg.inference import axioms, rules, written
from iesi_kg.inference.axioms import Kind
from iesi_kg.inference.derivation import derive, statements
from iesi_kg.store.base import Reader


@pytest.fixture(scope="module")
def page(root: Path) -> str:
    return (root / "docs" / "explanation" / "inference.md").read_text(encoding="utf-8")


def test_the_page_names_every_claim_and_all_that_is_left_out(page: str) -> None:
    named = set(re.findall(r"`([a-z0-9-]+)`", page))
    assert set(axioms.claims()) | set(axioms.left_out()) <= named
    assert {rule.name for rule in written.bundled()} <= named


def test_the_query_of_the_page(page: str, published: Reader) -> None:
    query, _ = re.findall(r"```sparql\n(.*?)```", page, re.DOTALL)
    rows = [
        row
        for name in assets.names("data/iesi", ".csv")
        for row in csv.DictReader(StringIO(assets.text(name), newline=""))
    ]
    portuguese = sum("PT" in row["country"].split("|") for row in rows)
    assert portuguese > 0
    assert published.answer(query, "text/csv").body.decode().split() == ["n", str(portuguese)]


def test_no_bundled_record_gets_a_class_by_domain_or_range_alone(published: Reader) -> None:
    program = rules.bundled()
    stated = list(statements(published, program))
    without = rules.compiled(axiom for axiom in program.axioms if axiom.kind not in {Kind.DOMAIN, Kind.RANGE})
    assert derive(stated, without).triples == derive(stated, program).triples
