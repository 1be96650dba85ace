"""Turns the current version of a store into blocks and a manifest, once per version, for those who copy the store.

It is a process of its own, so that no query waits for it: ``main`` takes the folder and how long older blocks stay.
"""

from __future__ import annotations

import os
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from pyoxigraph import NamedNode, RdfFormat, Store

from iesi_kg import __version__
from iesi_kg.errors import IesiKgError, MirrorError, StoreError
from iesi_kg.operations.manifest import FORMAT, Manifest, read
from iesi_kg.store.blocks import Block, Blocks, split
from iesi_kg.store.canonical import in_order
from iesi_kg.store.durable import locked, make_folder, store_error, write_atomically
from iesi_kg.store.versions import Layout, last_forgotten, open_current, read_current

KEPT_SECONDS = 900.0
_SORTED_AT_ONCE = 200_000
_NICENESS = 10
_LOCK_SECONDS = 600.0
_SUFFIX = ".json"


def blocks_of(layout: Layout) -> Blocks:
    """The blocks of a store folder."""
    return Blocks(layout.snapshots / "blocks")


def newest(layout: Layout) -> Manifest | None:
    """The newest version that is there in blocks, if any. Raises StoreError."""
    numbers = _numbers(layout)
    return at(layout, numbers[-1]) if numbers else None


def newest_number(layout: Layout) -> int:
    """Its number; 0 without any."""
    return max(_numbers(layout), default=0)


def at(layout: Layout, number: int) -> Manifest | None:
    """A version that is there in blocks; one that cannot be read is none. Raises StoreError."""
    path = _path(layout, number)
    try:
        return read(path.read_bytes(), str(path))
    except FileNotFoundError:
        return None
    except MirrorError:  # damaged on our disk: it is made, or fetched, anew
        path.unlink(missing_ok=True)
        return None
    except OSError as error:
        raise store_error(error, path) from error


def keep(layout: Layout, manifest: Manifest, seconds: float) -> None:
    """Have a version whose blocks are there be the newest; older ones go after so many seconds. Raises StoreError.

    A copy may be fetching them; but not those of before something was forgotten.
    """
    try:
        write_atomically(_path(layout, manifest.version), manifest.offered((), manifest.path).written())
        latest = time.time() - seconds
        for number in _numbers(layout):
            path = _path(layout, number)
            stale = number < manifest.forgotten or number > manifest.version or path.stat().st_mtime < latest
            if number != manifest.version and stale:
                path.unlink()
        kept = (at(layout, number) for number in _numbers(layout))
        blocks_of(layout).keep_only({block.sha256 for each in kept if each for block in each.blocks})
    except OSError as error:
        raise store_error(error, layout.snapshots) from error


def make(layout: Layout, *, seconds: float = KEPT_SECONDS) -> Manifest:
    """Lay the current version down in blocks, unless another process has just done it. Raises StoreError."""
    try:
        make_folder(layout.snapshots)
        with locked(layout.root / ".snapshots.LOCK", _LOCK_SECONDS):
            found = newest(layout)
            if found is not None and found.version == read_current(layout).number:
                return found
            manifest = _made(layout)
            if last_forgotten(layout) > manifest.version:  # meanwhile: what was to leave every file is in these blocks
                blocks_of(layout).clear()
                raise StoreError("what the version holds was erased meanwhile", hint="ask again")
            keep(layout, manifest, seconds)
    except OSError as error:
        raise store_error(error, layout.snapshots) from error
    return manifest


def identity(layout: Layout) -> str:
    """The name of the store, for good: made up when it is asked for first."""
    path = layout.root / "identity"
    if not path.exists():
        write_atomically(path, f"{uuid.uuid4()}\n".encode())
    return path.read_text("ascii").strip()


def main() -> None:
    """The process: store folder and seconds are its arguments; what went wrong goes to standard error."""
    os.nice(_NICENESS)
    try:
        make(Layout(Path(sys.argv[1])), seconds=float(sys.argv[2]))
    except IesiKgError as error:
        sys.exit(error.detail)


def _made(layout: Layout) -> Manifest:
    checkpoint = open_current(layout)
    version, whole = checkpoint.version, sha256()
    blocks = list(_blocks(layout, checkpoint.store, whole.update))
    return Manifest(
        format=FORMAT,
        software=__version__,
        store=identity(layout),
        version=version.number,
        created=version.created.isoformat(),
        quads=sum(block.quads for block in blocks),
        bytes=sum(block.bytes for block in blocks),
        sha256=whole.hexdigest(),
        forgotten=last_forgotten(layout),
        graphs=tuple(_empty_graphs(checkpoint.store)),
        blocks=tuple(blocks),
    )


def _blocks(layout: Layout, store: Store, hashed: Callable[[bytes], object]) -> Iterator[Block]:
    kept = blocks_of(layout)
    with TemporaryDirectory(dir=layout.snapshots, prefix=".draft-") as folder:
        dump = Path(folder) / "all.nq"
        store.dump(str(dump), RdfFormat.N_QUADS)
        with dump.open("rb") as lines:
            for block in split(in_order(lines, at_once=_SORTED_AT_ONCE, folder=Path(folder))):
                for line in block:
                    hashed(line)
                yield kept.put(block)


def _empty_graphs(store: Store) -> Iterator[str]:
    for graph in store.named_graphs():
        if isinstance(graph, NamedNode) and next(store.quads_for_pattern(None, None, None, graph), None) is None:
            yield graph.value


def _numbers(layout: Layout) -> list[int]:
    stems = (path.stem for path in layout.snapshots.glob(f"*{_SUFFIX}"))
    return sorted(int(stem) for stem in stems if stem.isdigit())


def _path(layout: Layout, number: int) -> Path:
    return layout.snapshots / f"{number:08d}{_SUFFIX}"
