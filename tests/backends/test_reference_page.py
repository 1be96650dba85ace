"""docs/reference/backends.md tells what the profiles say, of every product."""

from __future__ import annotations

from pathlib import Path

import pytest

from iesi_kg.store.remote.profiles import names, profile


def rows(root: Path) -> dict[str, list[str]]:
    text = (root / "docs" / "reference" / "backends.md").read_text("utf-8")
    lines = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| `")]
    return {cells[0].strip("`"): [cell.strip() for cell in cells[1:]] for cells in lines if len(cells) == 8}


def test_every_product_is_in_the_table(root: Path) -> None:
    assert set(rows(root)) == set(names())


@pytest.mark.parametrize("name", names())
def test_a_row_says_what_the_profile_says(name: str, root: Path) -> None:
    found, row = profile(name), rows(root)[name]
    title, tested, _, account, default_graph, timeout, transaction = row
    assert title == found.title
    assert tested.startswith("yes") == found.tested
    words = {"basic": "Basic", "digest": "Digest", "bearer": "token as password", "none": "none"}
    assert account.startswith(words[found.authentication])
    assert default_graph.startswith("its own") == (found.default_graph == "real")
    assert timeout == ("yes" if found.timeout_parameter else "no")
    assert transaction == {"request": "as a whole", "operation": "each operation"}[found.transaction]
