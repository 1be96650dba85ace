"""Fixture policy: real parts only. Stores are real Oxigraph directories under ``tmp_path``, servers are real
processes on free loopback ports, browsers are real Chromium. Records handed over by the researchers are read in
place through ``shared``, never copied. Nothing here needs the internet.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The researchers' folder beside the checkout; tests that read it skip where it is not, never in CI."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        message = "the researchers' folder ../shared is not beside this checkout"
        assert not os.environ.get("CI"), message
        pytest.skip(message)
    return folder
