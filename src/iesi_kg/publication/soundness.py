"""Reads the releases and the desk of a store folder and says what is wrong with them, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from iesi_kg.errors import NotFound, StoreError
from iesi_kg.publication import desk_shelf, release_shelf
from iesi_kg.store.soundness import RESTORE, Fault


def faults(root: Path) -> Iterator[Fault]:
    """What is wrong with what was released and with what was handed in."""
    sound, damaged = release_shelf.Shelf(root).looked_through()
    for damage in damaged:
        place = f"{release_shelf.FOLDER}/{damage.members['release']}"
        yield Fault(place, damage.detail, f"restore that folder: {damage.hint}")
    for each in sound:
        for name in each.files:
            try:
                each.check((name,))
            except StoreError as error:
                place = f"{release_shelf.FOLDER}/{each.name}/{name}"
                yield Fault(place, error.detail, "put the file of a backup or of a mirror in its place")
            except OSError as error:
                yield Fault(f"{release_shelf.FOLDER}/{each.name}/{name}", str(error.strerror), RESTORE)
    yield from _of_desk(root)


def _of_desk(root: Path) -> Iterator[Fault]:
    shelf = desk_shelf.DeskShelf(root, 0.0)
    folders = sorted(shelf.folder.iterdir()) if shelf.folder.is_dir() else []
    for folder in folders:
        if not folder.is_dir():
            continue
        place = f"{desk_shelf.FOLDER}/{folder.name}"
        try:
            item = shelf.read(folder.name)
            if any(event.sha256 for event in item.history):
                shelf.source(item)
        except NotFound:
            remedy = "delete the folder: a hand-in that was cut before it was acknowledged"
            yield Fault(place, "it has no record", remedy, slight=True)
        except StoreError as error:
            yield Fault(place, error.detail, error.hint or RESTORE)
