"""One server on the bundled data; a decision on a link is all that changes it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from reconciliation_suite import Client, Suite

from running_server import serving


@pytest.fixture(scope="session")
def suite(shared: Path) -> Suite:
    return Suite(shared / "suites" / "reconciliation" / "0.2")


@pytest.fixture(scope="session")
def client(bundled_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    folder = Path(shutil.copytree(bundled_store, tmp_path_factory.mktemp("reconciliation") / "store"))
    with serving(folder, query_processes=1, reconcile_batch=50) as running:
        yield Client(running)
