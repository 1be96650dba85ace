"""The service as `make serve` starts it: an empty folder, filled with the bundled data."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from running_server import Server, serving


@pytest.fixture(scope="module")
def bundled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("bundled") / "store") as server:
        yield server


@pytest.fixture(scope="module")
def service(bundled: Server) -> str:
    """Where it listens."""
    return bundled.url
