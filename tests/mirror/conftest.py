"""One primary with a release for the session, copied by hard links where a test changes it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from mirror_records import ALPHA, MakeCopy, publish
from primary_stub import Primary, standing

from iesi_kg.operations import mirror_fetch
from iesi_kg.operations.mirror import Mirror, Terms
from iesi_kg.publication import release
from iesi_kg.publication.release_copies import Copies
from iesi_kg.publication.release_shelf import Shelf
from iesi_kg.store.embedded import EmbeddedStore
from iesi_kg.store.fetching import Source
from iesi_kg.store.versions import Layout


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with one record, released; not to be changed."""
    path = tmp_path_factory.mktemp("mirror") / "primary"
    store = EmbeddedStore.open(path, create=True)
    publish(store, ALPHA)
    release.make(store, Shelf(path), "2026.1", at=datetime(2026, 11, 22, 9, 0, tzinfo=UTC))
    store.close()
    return path


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """A copy of it that a test may change."""
    return Path(shutil.copytree(made, tmp_path / "primary"))


@pytest.fixture
def primary(folder: Path) -> Iterator[Primary]:
    with standing(folder) as server:
        yield server


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """Where copies go."""
    return Layout(tmp_path / "copy")


@pytest.fixture
def copy(layout: Layout, primary: Primary) -> Iterator[MakeCopy]:
    """Makes what keeps the copy, as a new process would."""
    sources: list[Source] = []

    def make(address: str = "", **terms: bool) -> Mirror:
        sources.append(Source(address or primary.url, "test"))
        layout.root.mkdir(exist_ok=True)
        return Mirror(sources[-1], layout, Copies(layout.root), Terms(**terms))

    yield make
    for source in sources:
        source.close()


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mirror_fetch, "PAUSES", (0.0, 0.0))
