"""What a copy costs: the blocks of a version against the engine's own files, and one more record at each size.

``MIRROR_SIZES`` names numbers of initiatives, about 17 statements each (default: 600, 60000, 600000).
"""

from __future__ import annotations

import gzip
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import TypeVar

from benchmarks.graph import quads
from iesi_kg.operations import snapshot
from iesi_kg.operations.manifest import Manifest
from iesi_kg.store.base import ChangeSet
from iesi_kg.store.embedded import EmbeddedStore
from iesi_kg.store.frozen import built
from iesi_kg.store.versions import Layout

T = TypeVar("T")
SIZES = "600,60000,600000"


def run() -> dict[str, object]:
    """Sizes in bytes, times in seconds of the clock and of the processor."""
    sizes = [int(size) for size in os.environ.get("MIRROR_SIZES", SIZES).split(",")]
    return {"initiatives": {str(size): _measured(size) for size in sizes}}


def _measured(size: int) -> dict[str, object]:
    folder = Path(tempfile.mkdtemp(prefix="iesi-kg-mirror-"))
    try:
        layout = Layout(folder / "store")
        layout.root.mkdir()
        with (folder / "all.nq").open("wb") as file:
            for quad in quads(size):
                file.write(f"{quad} .\n".encode())
        store = EmbeddedStore.open(layout.root, create=True)
        with (folder / "all.nq").open("rb") as lines:
            store.replace(built(lines, (), folder / "built", 1))
        first, making = _timed(lambda: snapshot.make(layout))
        with store.writer() as writer:
            writer.commit(ChangeSet("one more", add=list(islice(quads(size + 1), 0, 12))))
        second, again = _timed(lambda: snapshot.make(layout))
        _, loading = _timed(lambda: _installed(layout, second, folder / "copy"))
        version = store.current()
        store.close()
        came = set(second.blocks) - set(first.blocks)
        return {
            "statements": second.quads,
            "bytes of the checkpoint": sum(path.stat().st_size for path in version.path.iterdir()),
            "the same, packed with gzip": _packed(version.path),
            "bytes of the text": second.bytes,
            "bytes of the blocks": sum(_size(layout, block.sha256) for block in second.blocks),
            "blocks": len(second.blocks),
            "bytes of the manifest": len(second.written()),
            "blocks that one more record changes": len(came),
            "their bytes": sum(_size(layout, block.sha256) for block in came),
            "making the blocks, seconds": making,
            "the same after one more record": again,
            "building a store from the blocks": loading,
        }
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _installed(layout: Layout, manifest: Manifest, folder: Path) -> None:
    with snapshot.blocks_of(layout).stream(manifest.blocks, len) as lines:
        built(lines, manifest.graphs, folder, manifest.version)


def _size(layout: Layout, name: str) -> int:
    return snapshot.blocks_of(layout).path(name).stat().st_size


def _packed(folder: Path) -> int:
    return sum(len(gzip.compress(path.read_bytes(), 6)) for path in folder.iterdir())


def _timed(work: Callable[[], T]) -> tuple[T, dict[str, float]]:
    clock, processor = time.perf_counter(), time.process_time()
    done = work()
    return done, {
        "clock": round(time.perf_counter() - clock, 2),
        "processor": round(time.process_time() - processor, 2),
    }
