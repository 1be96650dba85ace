"""The copies of the benchmark have the shape of the real records and nothing of them; its sums are right."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from pyoxigraph import DefaultGraph, Literal, NamedNode, Quad

from benchmarks import copies, questions
from benchmarks.graph import INITIATIVE, NAMESPACE, RDF_TYPE
from iesi_kg.store.embedded import EmbeddedStore
from iesi_kg.vocabulary.namespaces import BASE


@pytest.fixture(scope="module")
def copied(bundled_store: Path) -> tuple[int, list[Quad]]:
    """How many real initiatives there are, and copies of all of them with two more."""
    reader = EmbeddedStore(bundled_store, lock_timeout=10).reader()
    real = sum(1 for _ in reader.quads(predicate=RDF_TYPE, object=INITIATIVE, graph=DefaultGraph()))
    return real, list(copies.quads(reader, real + 2))


def test_copies_are_as_many_as_asked_and_none_is_a_real_record(copied: tuple[int, list[Quad]]) -> None:
    real, quads = copied
    made = {q.subject for q in quads if q.predicate == RDF_TYPE and q.object == INITIATIVE}
    assert len(made) == real + 2
    terms = [term for quad in quads for term in (quad.subject, quad.object)]
    names = {term.value for term in terms if isinstance(term, NamedNode)}
    assert not [name for name in names if name.startswith((f"{BASE}id/initiative/", f"{BASE}id/organisation/"))]
    titles = Counter(
        quad.object.value
        for quad in quads
        if isinstance(quad.object, Literal) and quad.subject in made and quad.predicate.value.endswith("/terms/title")
    )
    assert len(titles) == real + 2
    assert all(title.startswith("Benchmark initiative/") for title in titles)


def test_every_part_of_a_copy_belongs_to_it_and_its_organisations_are_copies_too(
    copied: tuple[int, list[Quad]],
) -> None:
    _, quads = copied
    own = [quad for quad in quads if isinstance(quad.subject, NamedNode) and quad.subject.value.startswith(NAMESPACE)]
    second = [quad for quad in own if quad.subject.value.partition("#")[0].endswith("-1")]  # type: ignore[union-attr]
    involved = [quad.object.value for quad in second if quad.predicate.value.endswith("#involves")]  # type: ignore[union-attr]
    assert involved
    assert all(name.startswith(f"{NAMESPACE}organisation/") and name.endswith("-1") for name in involved)


def test_growth_and_ratios_by_hand() -> None:
    ours = {
        "10": {"milliseconds": {"a": 1.0, "b": 2.0, "c": 4.0}},
        "100": {"milliseconds": {"a": 10.0, "b": 40.0, "c": 8.0}},
    }
    assert questions._growth(ours, (10, 100)) == {"100 of 10": {"initiatives": 10.0, "median": 10.0, "b": 20.0}}
    told = {"a": {"milliseconds": 9.0, "rows": 1}, "b": {"milliseconds": 32.0, "rows": 5}, "c": {"error": "x"}}
    mine = {"milliseconds": {"a": 1.0, "b": 2.0, "c": 4.0}, "rows": {"a": 1, "b": 5, "c": 2}}
    assert questions._against(mine, {"questions": told, "peak_mb": 7}) == {
        "answered with as many rows": 2,
        "other rows": [],
        "not answered": ["c"],
        "takes times as long, geometric mean": 12.0,
        "peak MB": 7,
    }
    assert (
        copies.query(f"<{BASE}id/initiative/smart> <{BASE}codes/x>") == f"<{NAMESPACE}initiative/smart> <{BASE}codes/x>"
    )
