"""One store for the session: the bundled data and a record (release 2026.1), then that changed and another (2026.2)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from release_records import ALPHA, BETA, FIRST, SECOND, submit

from iesi_kg.publication import catalogue, release
from iesi_kg.publication.release_shelf import Shelf
from iesi_kg.store.base import ChangeSet
from iesi_kg.store.embedded import EmbeddedStore
from made_once import copied, made_once
from running_server import Server, serving


@pytest.fixture(scope="session")
def folder(bundled_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store; not to be changed."""

    def make(path: Path) -> None:
        store = EmbeddedStore.open(copied(bundled_store, path))
        submit(store, FIRST, ALPHA)
        release_twice(store)

    return made_once(tmp_path_factory, "releases of the bundle", make)


def release_twice(store: EmbeddedStore) -> None:
    """Release what there is, change a record and add one, and release that."""
    shelf = Shelf(store.layout.root)
    release.make(store, shelf, "2026.1", at=FIRST)
    submit(store, SECOND, ALPHA | {"start_year": "2013"}, BETA)
    release.make(store, shelf, "2026.2", at=SECOND)
    store.close()


@pytest.fixture(scope="session")
def shelf(folder: Path) -> Shelf:
    return Shelf(folder)


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    """A copy of the store that a test may change."""
    return copied(folder, tmp_path / "store")


@pytest.fixture(scope="session")
def without_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same without the bundled data, but described as if it were there."""

    def make(path: Path) -> None:
        store = EmbeddedStore.open(path, create=True)
        submit(store, FIRST, ALPHA)
        with store.writer() as writer:
            writer.commit(catalogue.with_description(writer.reader, ChangeSet("description")))
        release_twice(store)

    return made_once(tmp_path_factory, "releases", make)


@pytest.fixture
def small(without_bundle: Path, tmp_path: Path) -> Path:
    """A copy of the small store that a test may change."""
    return copied(without_bundle, tmp_path / "small")


@pytest.fixture(scope="session")
def server(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The service on a copy of the store."""
    with serving(copied(folder, tmp_path_factory.mktemp("served") / "store")) as running:
        yield running
