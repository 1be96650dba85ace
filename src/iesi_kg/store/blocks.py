"""Turns canonical N-Quads into blocks named by their content, so that a copy fetches and compares only what changed.

Where a block ends is decided by the line it ends with: a line that comes or goes moves no border but its own.
"""

from __future__ import annotations

import gzip
import io
import re
import shutil
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO, cast

from iesi_kg.errors import StoreDamaged
from iesi_kg.store.durable import store_error

NAME = re.compile(r"[0-9a-f]{64}")
LARGEST = 256_000_000
SMALLEST, USUAL_LINES, USUAL_LARGEST = 16_384, 512, 262_144
PACKED_MORE = 4_096  # what gzip may add to a text that does not compress
_LEVEL = 6
_GZIP = 31


@dataclass(frozen=True, slots=True)
class Block:
    """A part of canonical N-Quads: the SHA-256 of its text, and how large that is."""

    sha256: str
    bytes: int
    quads: int


def split(lines: Iterable[bytes]) -> Iterator[list[bytes]]:
    """The lines of each block, in order."""
    block: list[bytes] = []
    size = 0
    for line in lines:
        block.append(line)
        size += len(line)
        if size >= USUAL_LARGEST or (size >= SMALLEST and zlib.crc32(line) % USUAL_LINES == 0):
            yield block
            block, size = [], 0
    if block:
        yield block


class Blocks:
    """The blocks in a folder, each packed in a file of its name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, name: str) -> Path:
        """Where a block of this name stands."""
        return self.folder / name[:2] / f"{name}.gz"

    def has(self, block: Block) -> bool:
        """Whether it is here; whether it is whole is seen when it is read."""
        return self.path(block.sha256).is_file()

    def put(self, lines: Sequence[bytes]) -> Block:
        """Keep these lines as one block. Raises StoreError."""
        text = b"".join(lines)
        block = Block(sha256(text).hexdigest(), len(text), len(lines))
        if not self.has(block):
            try:
                self.place(block.sha256, lambda draft: draft.write_bytes(gzip.compress(text, _LEVEL, mtime=0)))
            except OSError as error:
                raise store_error(error, self.folder) from error
        return block

    def place(self, name: str, write: Callable[[Path], object]) -> None:
        """Have a file that ``write`` makes take the place of a block, whole or not at all."""
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".new")
        try:
            write(draft)
            draft.replace(path)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise

    def text(self, block: Block) -> bytes:
        """The lines of a block. Raises StoreDamaged, and forgets the file, where it is not what its name says."""
        path = self.path(block.sha256)
        try:
            found = unpacked(path.read_bytes(), block)
        except FileNotFoundError:
            found = None
        except OSError as error:
            raise store_error(error, path) from error
        if found is None:
            path.unlink(missing_ok=True)
            raise StoreDamaged(f"{path} is not what its name says", hint="it is fetched anew at the next attempt")
        return found

    def stream(self, blocks: Iterable[Block], seen: Callable[[bytes], object]) -> IO[bytes]:
        """All lines of some blocks as one file that is read once; ``seen`` is told every part of it."""
        return cast("IO[bytes]", io.BufferedReader(_Stream(self, blocks, seen), 1 << 20))

    def keep_only(self, names: Collection[str]) -> None:
        """Delete every other block, and what a crash left."""
        for path in self.folder.glob("??/*"):
            if path.suffix != ".gz" or path.stem not in names:
                path.unlink(missing_ok=True)

    def clear(self) -> None:
        """Delete them all."""
        shutil.rmtree(self.folder, ignore_errors=True)


def unpacked(packed: bytes, block: Block) -> bytes | None:
    """The text in the file of a block, None where it is not that block; never more than the block is large."""
    unpacker = zlib.decompressobj(wbits=_GZIP)
    try:
        text = unpacker.decompress(packed, block.bytes + 1)
    except zlib.error:
        return None
    same = len(text) == block.bytes and text.count(b"\n") == block.quads
    return text if same and sha256(text).hexdigest() == block.sha256 else None


class _Stream(io.RawIOBase):
    """The texts of blocks, one after the other."""

    def __init__(self, source: Blocks, blocks: Iterable[Block], seen: Callable[[bytes], object]) -> None:
        self._texts = (source.text(block) for block in blocks)
        self._seen = seen
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        target = memoryview(cast("bytearray", buffer))
        if not self._rest:
            text = next(self._texts, b"")
            self._seen(text)
            self._rest = memoryview(text)
        size = min(len(target), len(self._rest))
        target[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size
