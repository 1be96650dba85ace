"""The graph of the page tests, in a real store: ``graph.ttl`` beside this file, the shipped code lists and ontology."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pyoxigraph import Quad, RdfFormat, parse

from iesi_kg.store.base import ChangeSet, Reader
from iesi_kg.store.embedded import EmbeddedStore

HERE = Path(__file__).resolve().parent


def quads(root: Path) -> Iterator[Quad]:
    """Every statement of the test graph, in the default graph."""
    for path in (
        HERE / "graph.ttl",
        root / "ontology" / "iesi.ttl",
        *sorted((root / "ontology" / "codelists").glob("*.ttl")),
    ):
        if path.exists():
            yield from parse(path=path, format=RdfFormat.TURTLE)


@pytest.fixture(scope="session")
def folder(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store folder that holds the test graph."""
    path = tmp_path_factory.mktemp("pages") / "store"
    store = EmbeddedStore.open(path, create=True)
    with store.writer() as writer:
        writer.commit(ChangeSet("test graph", add=tuple(quads(root))))
    store.close()
    return path


@pytest.fixture(scope="session")
def reader(folder: Path) -> Iterator[Reader]:
    """A reader on the test graph."""
    store = EmbeddedStore.open(folder)
    yield store.reader()
    store.close()
