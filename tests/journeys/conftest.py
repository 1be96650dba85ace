"""The service as `make serve` leaves it after its first start: a folder filled with the bundled data."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from running_server import Server, serving


@pytest.fixture(scope="module")
def bundled(bundled_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    store = Path(shutil.copytree(bundled_store, tmp_path_factory.mktemp("bundled") / "store"))
    with serving(store) as server:
        yield server


@pytest.fixture(scope="module")
def service(bundled: Server) -> str:
    """Where it listens."""
    return bundled.url
