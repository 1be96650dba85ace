"""Turns the releases of a store into what is offered to those who copy it, and what they fetched into releases."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from iesi_kg.publication.release_shelf import MANIFEST, Shelf, digest
from iesi_kg.store.durable import store_error, sync_tree

FileFacts = tuple[str, int, str]


def offered(shelf: Shelf) -> Iterator[tuple[str, list[FileFacts]]]:
    """Every release that can be read, oldest first, with name, size and SHA-256 of each file."""
    sound, _ = shelf.looked_through()
    for release in sound:
        try:
            facts = (release.folder / MANIFEST).stat()
            own = _digest(release.folder / MANIFEST, facts.st_ino, facts.st_mtime_ns)
            files = [
                (name, (release.folder / name).stat().st_size, each["sha256"]) for name, each in release.files.items()
            ]
        except FileNotFoundError:  # rewritten this moment, or damaged: `iesi-kg release --check` says so
            continue
        yield release.name, [*files, (MANIFEST, facts.st_size, own)]


class Copies:
    """The releases in the folder of a copy."""

    def __init__(self, store: Path) -> None:
        self._shelf = Shelf(store)

    def held(self) -> dict[str, str]:
        """The SHA-256 of the manifest of each release that is here."""
        return {name: files[-1][2] for name, files in offered(self._shelf)}

    def place(self, release: str, folder: Path) -> None:
        """Put a release in its place, from a folder with all its files. Raises StoreError."""
        with self._shelf.locked():
            try:
                draft = self._shelf.draft(release)
                for file in folder.iterdir():
                    file.rename(draft / file.name)
                sync_tree(draft)
                self._shelf.place(release)
            except OSError as error:
                raise store_error(error, self._shelf.folder) from error


@lru_cache(maxsize=256)
def _digest(path: Path, inode: int, changed: int) -> str:
    return digest(path)
