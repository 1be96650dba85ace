"""SECURITY.md: what it points to is there, and it knows every scope."""

from __future__ import annotations

import re
from pathlib import Path

from iesi_kg import settings
from iesi_kg.operations.tokens import SCOPES


def test_every_test_and_document_it_names_is_there(root: Path) -> None:
    text = (root / "SECURITY.md").read_text("utf-8")
    named = re.findall(r"`((?:tests|docs)/[\w./*-]+)`", text)
    assert len(named) > 10
    assert [name for name in named if not list(root.glob(f"{name}*"))] == []


def test_every_scope_and_only_known_settings_are_named(root: Path) -> None:
    for page in ("SECURITY.md", "docs/how-to/tokens.md"):
        text = (root / page).read_text("utf-8")
        assert [scope for scope in SCOPES if f"`{scope}`" not in text] == [], page
    known = {row.variable for row in settings.table()}
    named = re.findall(r"IESI_KG_[A-Z_]+", (root / "SECURITY.md").read_text("utf-8"))
    assert set(named) <= known
