"""A store folder to what an operator watches of it: version, free room, the last backup."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from iesi_kg.errors import StoreError
from iesi_kg.operations import backup
from iesi_kg.store.versions import Layout, read_current


def gauges_of(folder: Path) -> list[tuple[str, str, float]]:
    """Each value with its name and what it says; what cannot be found out now is left out."""
    return list(_gauges(folder))


def _gauges(folder: Path) -> Iterator[tuple[str, str, float]]:
    with suppress(StoreError):
        yield "iesi_kg_store_version", "Version that the store stands at", read_current(Layout(folder)).number
    with suppress(OSError):
        yield "iesi_kg_disk_free_bytes", "Free room on the disk of the store", shutil.disk_usage(folder).free
    made = backup.last(folder)
    at = 0.0 if made is None else made.timestamp()
    yield "iesi_kg_last_backup_timestamp_seconds", "When the store was backed up last; 0: never", at
