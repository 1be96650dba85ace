from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from iesi_kg.store.base import Reader
from iesi_kg.store.embedded import EmbeddedStore


@pytest.fixture(scope="session")
def published(bundled_store: Path) -> Iterator[Reader]:
    """The bundled data as a user meets it: published in a store on disk."""
    store = EmbeddedStore(bundled_store, lock_timeout=10)
    yield store.reader()
    store.close()
