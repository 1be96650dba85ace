from __future__ import annotations

from pathlib import Path

import pytest
from pyoxigraph import QuerySolutions, RdfFormat, Store

from iesi_kg import assets

RECORDS = Path(__file__).parent.parent / "shapes"


def load(*paths: str) -> Store:
    store = Store()
    for path in paths:
        store.load(assets.content(path), format=RdfFormat.TURTLE)
    return store


@pytest.fixture(scope="session")
def ontology() -> Store:
    return load("ontology/iesi.ttl")


@pytest.fixture(scope="session")
def meaning() -> Store:
    """Ontology and code lists in one graph, as they are published."""
    return load("ontology/iesi.ttl", *assets.names("ontology/codelists", ".ttl"))


@pytest.fixture(scope="session")
def everything() -> Store:
    """Ontology, code lists, assignments, the data cube and a record that says everything, in one graph."""
    folders = ("ontology/codelists", "ontology/assignments")
    store = load(
        "ontology/iesi.ttl", "ontology/observations.ttl", *(n for f in folders for n in assets.names(f, ".ttl"))
    )
    for name in ("valid.ttl", "framework.ttl"):
        store.load((RECORDS / name).read_bytes(), format=RdfFormat.TURTLE)
    return store


def rows(store: Store, query: str) -> list[tuple[str, ...]]:
    """The rows of a SELECT as plain texts."""
    solutions = store.query(query, use_default_graph_as_union=False)
    assert isinstance(solutions, QuerySolutions)
    return [tuple("" if term is None else term.value for term in solution) for solution in solutions]
