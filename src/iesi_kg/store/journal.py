"""Turns change sets into durable journal entries and, after a crash, back again.

A segment file holds the commits since one checkpoint, as frames: magic, number, length, SHA-256 of the payload, CRC of
this header, compressed payload (a JSON line with the label, then N-Quads to remove and to add). A torn last frame was
never acknowledged and is cut. The header has a checksum of its own because a wrong length would look like a torn frame.
"""

from __future__ import annotations

import errno
import json
import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from pyoxigraph import NamedNode, Quad, RdfFormat, parse, serialize

from iesi_kg.errors import ResultTooLarge, StoreDamaged
from iesi_kg.store.base import ChangeSet
from iesi_kg.store.durable import sync_directory

MAGIC = b"IKJ2"
FACTS = struct.Struct(">4sQQ32s")
CHECKSUM = struct.Struct(">I")
HEADER_SIZE = FACTS.size + CHECKSUM.size
SUFFIX = ".journal"


@dataclass(frozen=True, slots=True)
class Entry:
    """One journalled commit: the version it makes, and what it does."""

    number: int
    change: ChangeSet


@dataclass(frozen=True, slots=True)
class Extent:
    """How large one change may be: quads that enter or leave, and the bytes of their text."""

    rows: int
    bytes: int


class Journal:
    """The segments of one store; only the process that holds the writer's lock may use it."""

    def __init__(self, folder: Path, kept: Path | None = None) -> None:
        self._folder = folder
        self._kept = kept
        self._segment: Path | None = None
        self._stuck = False

    def append(self, number: int, change: ChangeSet) -> int:
        """Write one commit and synchronise it; returns the mark that ``retract`` takes.

        On failure the segment is cut back to what it was; where even that fails, nothing more is written: two entries
        would bear one number.
        """
        if self._stuck:
            raise OSError(errno.EIO, "the journal could not be cut back after an Input/output error", str(self._folder))
        payload = encode(change)
        frame = _header(number, payload) + payload
        segment = self._segment or self._start(number - 1)
        handle = os.open(segment, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            mark = os.fstat(handle).st_size
            try:
                _write_all(handle, frame)
                os.fsync(handle)
            except OSError:
                self._stuck = True
                os.ftruncate(handle, mark)
                self._stuck = False
                raise
        finally:
            os.close(handle)
        return mark

    def retract(self, mark: int) -> None:
        """Take back the entry that ``append`` wrote at ``mark``, because its change could not be applied."""
        if self._segment is None:
            return
        self._stuck = True
        with self._segment.open("r+b") as file:
            file.truncate(mark)
            os.fsync(file.fileno())
        self._stuck = False

    def entries(self, after: int) -> Iterator[Entry]:
        """Commits that make versions above ``after``, in order."""
        for segment in self._segments():
            for number, payload in _frames(segment):
                if number > after:
                    yield Entry(number, decode(payload))

    def last_number(self) -> int:
        """The highest version that any entry makes, 0 when the journal is empty."""
        return max((number for segment in self._segments() for number, _ in _frames(segment)), default=0)

    def cover(self, number: int) -> None:
        """Forget commits up to ``number``: a checkpoint holds them. They go to the folder ``kept`` while it exists."""
        covered = [s for s in self._segments() if all(entry <= number for entry, _ in _frames(s))]
        for segment in covered:
            if self._kept is not None and self._kept.is_dir():
                segment.rename(self._kept / segment.name)
            else:
                segment.unlink()
        if covered:
            sync_directory(self._folder)
        self._segment = None

    def _start(self, base: int) -> Path:
        segment = self._folder / f"{base:08d}{SUFFIX}"
        segment.touch()
        sync_directory(self._folder)
        self._segment = segment
        return segment

    def _segments(self) -> list[Path]:
        return _segments(self._folder)


def copy_tail(folder: Path, after: int, target: Path) -> int | None:
    """Copy the commits above ``after`` into a folder, beside a writer at work; says the last of them.

    None where one between is missing: a checkpoint above ``after`` has come, and the journal forgot what it holds.
    """
    last = after
    try:
        with (target / f"{after:08d}{SUFFIX}").open("wb") as copy:
            for number, payload in (frame for segment in _segments(folder) for frame in _frames(segment)):
                if number > last + 1:
                    return None
                if number == last + 1:
                    copy.write(_header(number, payload) + payload)
                    last = number
            copy.flush()
            os.fsync(copy.fileno())
    except FileNotFoundError:  # forgotten while it was read
        return None
    return last


def _segments(folder: Path) -> list[Path]:
    return sorted(folder.glob(f"*{SUFFIX}"))


def _write_all(handle: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]


def _header(number: int, payload: bytes) -> bytes:
    facts = FACTS.pack(MAGIC, number, len(payload), sha256(payload).digest())
    return facts + CHECKSUM.pack(zlib.crc32(facts))


def _frames(segment: Path) -> Iterator[tuple[int, bytes]]:
    """Whole frames of a segment; a torn one at the end is passed over, a broken one before it is damage."""
    size = segment.stat().st_size
    with segment.open("rb") as file:
        while len(header := file.read(HEADER_SIZE)) == HEADER_SIZE:
            facts, checksum = header[: FACTS.size], header[FACTS.size :]
            magic, number, length, digest = FACTS.unpack(facts)
            sound = magic == MAGIC and CHECKSUM.pack(zlib.crc32(facts)) == checksum
            end = file.tell() + length
            payload = file.read(length) if sound and end <= size else b""
            if sound and sha256(payload).digest() == digest:
                yield number, payload
                continue
            if (sound and end >= size) or _is_unwritten(header + file.read()):
                return
            raise StoreDamaged(f"the journal {segment} is damaged", hint="restore the folder from a backup")


def _is_unwritten(rest: bytes) -> bool:
    """Whether a broken header ends an unfinished write: the file system reserved what follows and left it zero."""
    return len(rest.rstrip(b"\0")) < HEADER_SIZE


def encode(change: ChangeSet) -> bytes:
    """A change in the form in which it is kept and travels."""
    remove, add = to_nquads(change.remove), to_nquads(change.add)
    facts: dict[str, object] = {"label": change.label, "remove": len(remove), "add": len(add)}
    for name, graphs in (("drop", change.drop), ("create", change.create)):
        if graphs:
            facts[name] = [graph.value for graph in graphs]
    return zlib.compress(json.dumps(facts).encode() + b"\n" + remove + add, 1)


def decode(payload: bytes, most: Extent | None = None) -> ChangeSet:
    """The change in a payload of ``encode``. Raises ResultTooLarge beyond ``most``, before it is laid out in memory."""
    head, _, body = _unpacked(payload, most).partition(b"\n")
    facts = json.loads(head)
    cut = int(facts["remove"])
    drop, create = (tuple(map(NamedNode, facts.get(name, ()))) for name in ("drop", "create"))
    return ChangeSet(str(facts["label"]), from_nquads(body[cut:]), from_nquads(body[:cut]), drop, create)


def _unpacked(payload: bytes, most: Extent | None) -> bytes:
    if most is None:
        return zlib.decompress(payload)
    plain = zlib.decompressobj().decompress(payload, most.bytes + 1)
    if len(plain) > most.bytes:
        raise _too_large(f"{most.bytes:,} bytes", limit_bytes=most.bytes)
    if plain.count(b"\n") - 1 > most.rows:  # beside its first line, one line is one quad
        raise _too_large(f"{most.rows:,} statements", limit_rows=most.rows)
    return plain


def _too_large(extent: str, **members: object) -> ResultTooLarge:
    hint = "make it in several smaller changes"
    return ResultTooLarge(f"nothing was changed: the change would be larger than {extent}", hint=hint, **members)


def to_nquads(quads: Sequence[Quad]) -> bytes:
    """Quads in the syntax of RDF 1.2 N-Quads."""
    return serialize(quads, format=RdfFormat.N_QUADS) or b""


def from_nquads(text: bytes) -> tuple[Quad, ...]:
    """The quads of an N-Quads text, without checking again what was checked when it was written."""
    return tuple(parse(text, RdfFormat.N_QUADS, lenient=True))
