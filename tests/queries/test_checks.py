"""The published graph violates none of the checks (tests/ontology shows that each check finds what it looks for)."""

from __future__ import annotations

import pytest

from iesi_kg import assets
from iesi_kg.store.base import Reader


@pytest.mark.parametrize("path", sorted(assets.names("queries/checks", "-violation.rq")))
def test_the_published_graph_passes_a_check(published: Reader, path: str) -> None:
    assert published.select(assets.text(path)) == []
