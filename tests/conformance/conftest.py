"""Servers for the suites: ours in scratch mode, one for all tests of a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import suite_service
from suite_service import Service


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """``iesi-kg serve --scratch`` on an empty store."""
    with suite_service.ours(tmp_path_factory.mktemp("scratch") / "store") as running:
        yield running
