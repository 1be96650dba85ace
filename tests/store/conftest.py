"""Real stores under ``tmp_path``; a small one with known contents, and a larger one on which a query can run away."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyoxigraph import Literal, Quad
from store_mounts import Mount
from store_processes import forget_earlier
from store_quads import iri

from iesi_kg.store.base import ChangeSet
from iesi_kg.store.embedded import EmbeddedStore


@pytest.fixture(autouse=True)
def _own_processes() -> None:
    forget_earlier()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EmbeddedStore]:
    made = EmbeddedStore.open(tmp_path / "kg", create=True, lock_timeout=5)
    yield made
    made.close()


@pytest.fixture(scope="session")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Version 1 holds 20,000 triples of 2,000 subjects: a cross product of it never ends."""
    path = tmp_path_factory.mktemp("large") / "kg"
    store = EmbeddedStore.open(path, create=True)
    quads = [Quad(iri(f"s{i // 10}"), iri(f"p{i % 10}"), Literal(f"text {i}")) for i in range(20_000)]
    with store.writer() as writer:
        writer.commit(ChangeSet("large", quads))
    store.close()
    return path


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Mount]:
    """Mount a file system of its own at a new folder; skips where that is not allowed."""
    mounted: list[Path] = []

    def make(name: str, options: str) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        if sys.platform != "linux" or subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("mounting a file system needs root")
        mounted.append(folder)
        return folder

    yield make
    for folder in mounted:
        subprocess.run(["umount", "-l", str(folder)], check=True)
