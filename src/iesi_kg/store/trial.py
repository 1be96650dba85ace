"""Turns a checkpoint, which is only ever read, into a store on which an update may be tried, and which is thrown away.

Its files are hard links to those of the checkpoint, which the engine never changes once they are written.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from pyoxigraph import Store

from iesi_kg.store.durable import link_files

T = TypeVar("T")
PREFIX = ".trial-"


def try_on_copy(checkpoint: Path, work: Callable[[Store], T]) -> T:
    """What ``work`` finds on a copy, which is gone afterwards, or after a kill when the next one is made."""
    root = checkpoint.parent.parent
    for leftover in root.glob(f"{PREFIX}*"):
        if not Path(f"/proc/{leftover.name.removeprefix(PREFIX)}").exists():
            shutil.rmtree(leftover, ignore_errors=True)
    folder = root / f"{PREFIX}{os.getpid()}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        link_files(checkpoint, folder)
        return work(Store(str(folder)))  # nothing else holds the store: it is closed before its files go
    finally:
        shutil.rmtree(folder, ignore_errors=True)
