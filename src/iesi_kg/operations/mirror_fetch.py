"""Turns a manifest into the blocks and releases that a copy lacks, fetched and held against their hashes."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from hashlib import file_digest
from pathlib import Path
from typing import Protocol, TypeAlias

from iesi_kg.errors import MirrorError
from iesi_kg.operations.manifest import Edition, File, Manifest
from iesi_kg.operations.snapshot import blocks_of
from iesi_kg.store.blocks import PACKED_MORE, Block, unpacked
from iesi_kg.store.durable import make_folder, store_error
from iesi_kg.store.fetching import PARALLEL, Source
from iesi_kg.store.versions import Layout

Progress: TypeAlias = Callable[[str, int, int], None]
BLOCKS = "/manifest/blocks/"
PAUSES = (0.5, 2.0, 5.0)
_AT_ONCE = 256


class Gone(Exception):
    """The primary has no longer what its manifest named."""


class Releases(Protocol):
    """Where the releases of a copy stand."""

    def held(self) -> Mapping[str, str]:
        """The SHA-256 of the manifest of each release that is here."""
        ...

    def place(self, release: str, folder: Path) -> None:
        """Put a release in its place, from a folder with all its files."""
        ...


class Fetcher:
    """What fetches into the folder of a copy; what is there already is not fetched again."""

    def __init__(self, source: Source, layout: Layout, tell: Progress) -> None:
        self.store = blocks_of(layout)
        self._source, self._tell = source, tell
        self._incoming = layout.snapshots / "releases"

    def blocks(self, manifest: Manifest) -> int:
        """Fetch the blocks that are not here; says how many. Raises MirrorError, StoreError, Gone."""
        lacking = [block for block in dict.fromkeys(manifest.blocks) if not self.store.has(block)]
        total, done = sum(block.quads for block in lacking), 0
        with ThreadPoolExecutor(PARALLEL) as pool:
            for start in range(0, len(lacking), _AT_ONCE):
                waiting = [(block, pool.submit(self._block, block)) for block in lacking[start : start + _AT_ONCE]]
                try:
                    for block, fetched in waiting:
                        fetched.result()
                        done += block.quads
                        self._tell("statements fetched", done, total)
                except BaseException:
                    pool.shutdown(cancel_futures=True)
                    raise
        return len(lacking)

    def releases(self, manifest: Manifest, shelf: Releases) -> tuple[str, ...]:
        """Fetch the releases that are not here, or not as they are now; says which. Raises MirrorError, StoreError."""
        held = shelf.held()
        lacking = [edition for edition in manifest.releases if held.get(edition.release) != edition.sha256]
        try:
            for edition in lacking:
                self._release(edition, shelf)
        except OSError as error:
            raise store_error(error, self._incoming) from error
        shutil.rmtree(self._incoming, ignore_errors=True)
        return tuple(edition.release for edition in lacking)

    def _release(self, edition: Edition, shelf: Releases) -> None:
        folder = self._incoming / f"{edition.release}-{edition.sha256[:12]}"
        make_folder(folder)
        total, done = sum(file.bytes for file in edition.files), 0
        for file in edition.files:
            self._file(edition, file, folder)
            done += file.bytes
            self._tell(f"bytes of release {edition.release} fetched", done, total)
        shelf.place(edition.release, folder)

    def _block(self, block: Block) -> None:
        try:
            _patiently(lambda: self.store.place(block.sha256, partial(self._written, block)))
        except OSError as error:
            raise store_error(error, self.store.folder) from error
        except MirrorError as error:
            if error.members.get("gone"):
                raise Gone from error
            raise

    def _written(self, block: Block, draft: Path) -> None:
        path = BLOCKS + block.sha256
        self._source.download(path, draft, block.bytes + PACKED_MORE)
        if unpacked(draft.read_bytes(), block) is None:
            raise MirrorError(
                f"{self._source.address}{path} is not the block of this name: its SHA-256 differs",
                hint="nothing was changed; a folder `snapshots` that is deleted on the primary is made anew",
            )

    def _file(self, edition: Edition, file: File, folder: Path) -> None:
        """One file of a release; what came of it before the connection was cut is not fetched again."""
        whole, part = folder / file.name, folder / f"{file.name}.part"
        if whole.exists():
            return
        path = f"/releases/{edition.release}/{file.name}"
        if not file.bytes:
            part.touch()
        _patiently(lambda: self._source.download(path, part, file.bytes))
        with part.open("rb") as stream:
            found = file_digest(stream, "sha256").hexdigest()
        if found != file.sha256:
            part.unlink()
            raise MirrorError(
                f"{self._source.address}{path} is not the file that the manifest names: its SHA-256 differs",
                hint="nothing of the release was changed; it is tried again the next time",
            )
        part.rename(whole)


def _patiently(attempt: Callable[[], None]) -> None:
    """Try again what a moment may mend, a few times."""
    for pause in PAUSES:
        try:
            attempt()
            return
        except MirrorError as error:
            if not error.members.get("passing"):
                raise
            asked = error.members.get("pause")
            time.sleep(max(pause, min(asked, 30.0) if isinstance(asked, float) else 0.0))
    attempt()
