"""A writer to be watched: commits some versions into a new store and says each one once it is acknowledged."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from crash_writer import change

from iesi_kg.errors import StoreError
from iesi_kg.store.embedded import EmbeddedStore


def main(path: str, commits: str) -> None:
    try:
        store = EmbeddedStore.open(Path(path), create=True)
        with store.writer() as writer:
            for _ in range(int(commits)):
                number = writer.commit(change(writer.reader.version + 1))
                os.write(1, f"acknowledged {number}\n".encode())
    except StoreError as error:
        os.write(1, f"{type(error).__name__}: {error.detail}\n".encode())


if __name__ == "__main__":
    main(*sys.argv[1:])
