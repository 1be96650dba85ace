from __future__ import annotations

import pytest
from pyoxigraph import QuerySolutions, RdfFormat, Store

from iesi_kg import assets


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


def rows(store: Store, query: str) -> list[tuple[str, ...]]:
    """The rows of a SELECT as plain texts."""
    solutions = store.query(query, use_default_graph_as_union=False)
    assert isinstance(solutions, QuerySolutions)
    return [tuple("" if term is None else term.value for term in solution) for solution in solutions]
