"""Folders that are costly to make: one worker of a run makes each, all read it, and who would change it copies it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from iesi_kg.store.durable import locked

PATIENCE_SECONDS = 600.0


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """The folder that ``make`` fills, in this worker or in another one of the run."""
    base = factory.getbasetemp()
    folder = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "made once"
    folder.mkdir(exist_ok=True)
    with locked(folder / f"{name}.lock", PATIENCE_SECONDS):
        if not (folder / name).is_dir():
            draft = folder / f"{name}.draft"
            shutil.rmtree(draft, ignore_errors=True)
            make(draft)
            draft.rename(folder / name)
    return folder / name


def copied(folder: Path, to: Path) -> Path:
    """A copy of a store that a test may change; what its readers hold open stays behind."""
    return Path(shutil.copytree(folder, to, symlinks=True, ignore=shutil.ignore_patterns(".open")))
