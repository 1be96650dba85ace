"""Two serving processes on a small graph, for all tests that look at them from outside."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from iesi_kg.operations.tokens import Grant, Tokens
from running_server import Server, serving
from serving_processes import store_of

WORKSPACE = "http://example.org/workspace"
REQUESTS = 300


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Two serving processes under one supervisor."""
    store = store_of(tmp_path_factory.mktemp("processes") / "store")
    with serving(store, "--workers", "2", query_requests=REQUESTS, query_concurrent=3, query_seconds=30) as running:
        yield running


@pytest.fixture(scope="module")
def tokens(pair: Server) -> dict[str, str]:
    """A token that writes, and one that reviews."""
    made, now = Tokens(pair.store), datetime.now(UTC)
    return {
        "write": made.create(Grant("writer", frozenset({"write"}), (WORKSPACE,)), now)[1],
        "review": made.create(Grant("rita", frozenset({"review"})), now)[1],
    }
