"""The graph of the page tests, in a real store: ``graph.ttl`` beside this file, the shipped code lists and ontology."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from iesi_kg.store.base import Reader
from iesi_kg.store.embedded import EmbeddedStore
from running_server import fill

PROVENANCE = "https://w3id.org/iesi-kg/graph/provenance"


@pytest.fixture(scope="session")
def folder(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store folder that holds the test graph."""
    lists = sorted((root / "ontology" / "codelists").glob("*.ttl"))
    files = (Path(__file__).with_name("graph.ttl"), root / "ontology" / "iesi.ttl", *lists)
    path = tmp_path_factory.mktemp("pages") / "store"
    provenance = {PROVENANCE: Path(__file__).with_name("provenance.ttl").read_text("utf-8")}
    fill(path, "\n".join(file.read_text("utf-8") for file in files), provenance)
    return path


@pytest.fixture(scope="session")
def reader(folder: Path) -> Iterator[Reader]:
    """A reader on the test graph."""
    store = EmbeddedStore.open(folder)
    yield store.reader()
    store.close()
