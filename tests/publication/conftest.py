"""What tests of publication share."""

from __future__ import annotations

from pathlib import Path

import pytest

from iesi_kg import assets


@pytest.fixture
def bare_bundle(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A bundle with our ontology, shapes and queries, and no data yet."""
    folder = tmp_path / "bundle"
    (folder / "data" / "iesi").mkdir(parents=True)
    for name in ("ontology", "shapes", "queries"):
        (folder / name).symlink_to(root / name)
    monkeypatch.setattr(assets, "root", lambda: folder)
    return folder
