"""The bundled data as published, in a store on disk, and a server on it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from iesi_kg.store.base import Reader
from iesi_kg.store.embedded import EmbeddedStore
from running_server import Server, serving


@pytest.fixture(scope="session")
def folder(bundled_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(bundled_store, tmp_path_factory.mktemp("exports") / "store"))


@pytest.fixture(scope="session")
def published(folder: Path) -> Iterator[Reader]:
    store = EmbeddedStore(folder, lock_timeout=10)
    yield store.reader()
    store.close()


@pytest.fixture(scope="session")
def server(folder: Path) -> Iterator[Server]:
    with serving(folder) as running:
        yield running
