"""One store for the session: the bundled data and a record (release 2026.1), then that changed and another (2026.2)."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from release_records import ALPHA, BETA, FIRST, SECOND, submit

from iesi_kg.publication import catalogue, release
from iesi_kg.publication.release_shelf import Shelf
from iesi_kg.store.base import ChangeSet
from iesi_kg.store.embedded import EmbeddedStore
from running_server import Server, serving


@pytest.fixture(scope="session")
def folder(bundled_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store; not to be changed."""
    path = Path(shutil.copytree(bundled_store, tmp_path_factory.mktemp("releases") / "store"))
    store = EmbeddedStore.open(path)
    submit(store, FIRST, ALPHA)
    release.make(store, Shelf(path), "2026.1", at=FIRST)
    submit(store, SECOND, ALPHA | {"start_year": "2013"}, BETA)
    release.make(store, Shelf(path), "2026.2", at=SECOND)
    store.close()
    return path


@pytest.fixture(scope="session")
def shelf(folder: Path) -> Shelf:
    return Shelf(folder)


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    """A copy of the store that a test may change."""
    return Path(shutil.copytree(folder, tmp_path / "store", ignore=shutil.ignore_patterns(".open")))


@pytest.fixture(scope="session")
def without_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same without the bundled data, but described as if it were there."""
    path = tmp_path_factory.mktemp("small") / "store"
    store = EmbeddedStore.open(path, create=True)
    submit(store, FIRST, ALPHA)
    with store.writer() as writer:
        writer.commit(catalogue.with_description(writer.reader, ChangeSet("description")))
    release.make(store, Shelf(path), "2026.1", at=FIRST)
    submit(store, SECOND, ALPHA | {"start_year": "2013"}, BETA)
    release.make(store, Shelf(path), "2026.2", at=SECOND)
    store.close()
    return path


@pytest.fixture
def small(without_bundle: Path, tmp_path: Path) -> Path:
    """A copy of the small store that a test may change."""
    return Path(shutil.copytree(without_bundle, tmp_path / "small"))


@pytest.fixture(scope="session")
def server(folder: Path) -> Iterator[Server]:
    """The service on the store."""
    with serving(folder) as running:
        yield running
