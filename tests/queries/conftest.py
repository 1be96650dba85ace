from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from iesi_kg.publication.bundled import load_bundled
from iesi_kg.store.base import Reader
from iesi_kg.store.embedded import EmbeddedStore


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """The bundled data as a user meets it: published in a store on disk."""
    store = EmbeddedStore(tmp_path_factory.mktemp("published"), lock_timeout=10)
    load_bundled(store, at=datetime.now(UTC))
    yield store.reader()
    store.close()
