"""A writer to be killed: commits for ever and says each version number once it is acknowledged.

Version n holds exactly ``item 1..n`` in the default graph and in a named one, and the one marker ``n``.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from store_quads import quad

from iesi_kg.store.base import ChangeSet
from iesi_kg.store.embedded import EmbeddedStore


def change(number: int) -> ChangeSet:
    items = [quad("item", str(number)), quad("item", str(number), "g"), quad("marker", str(number))]
    return ChangeSet(f"commit {number}", items, [quad("marker", str(number - 1))])


def main(path: str, checkpoint_seconds: str, commits_per_writer: str, end: str = "go on") -> None:
    store = EmbeddedStore.open(Path(path), create=True, checkpoint_seconds=float(checkpoint_seconds))
    while True:
        with store.writer() as writer:
            for _ in range(int(commits_per_writer)):
                number = writer.commit(change(writer.reader.version + 1))
                sys.stdout.write(f"{number}\n")
                sys.stdout.flush()
            if end == "die":
                os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main(*sys.argv[1:])
