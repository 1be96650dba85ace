"""Which processes a test has started."""

from __future__ import annotations

import os
from pathlib import Path

strangers: set[int] = set()


def children() -> set[int]:
    """Living processes of this one that the test itself started."""
    return _alive() - strangers


def forget_earlier() -> None:
    """Whatever runs already belongs to somebody else's fixture."""
    strangers.clear()
    strangers.update(_alive())


def _alive() -> set[int]:
    found = set()
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = status.read_text().rpartition(")")
        except (FileNotFoundError, ProcessLookupError):
            continue
        state, parent = rest.split()[:2]
        if int(parent) == os.getpid() and state != "Z":
            found.add(int(name.split()[0]))
    return found
