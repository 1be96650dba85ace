"""Rows by name in memory that several processes share: in small sets, in each the row quiet for longest makes room.

A name is kept as a keyed digest. Whoever reads or changes rows holds the lock of the table, which the kernel takes from
a process that dies (fcntl(2), advisory record locking).
"""

from __future__ import annotations

import fcntl
import mmap
import struct
import threading
from collections.abc import Callable
from hashlib import blake2b
from typing import NamedTuple

_WAYS = 8
_HEAD = struct.Struct("<16sd")  # the digest of the name, and when the row was asked for last
_NOTHING = bytes(16)


class Lock:
    """Held by one thread of one process; each ``number`` of a file is a lock of its own."""

    def __init__(self, descriptor: int, number: int) -> None:
        self._descriptor, self._number = descriptor, number
        self._threads = threading.Lock()

    def __enter__(self) -> None:
        self._threads.acquire()
        fcntl.lockf(self._descriptor, fcntl.LOCK_EX, 1, self._number)

    def __exit__(self, *error: object) -> None:
        fcntl.lockf(self._descriptor, fcntl.LOCK_UN, 1, self._number)
        self._threads.release()


class Shape(NamedTuple):
    """``sets`` times eight rows, the value of each of ``size`` bytes."""

    sets: int
    size: int

    @property
    def extent(self) -> int:
        """The bytes of a table."""
        return self.sets * _WAYS * (_HEAD.size + self.size)


class Table:
    """A table from ``start`` on; ``lock`` is held around every call."""

    def __init__(self, memory: mmap.mmap, lock: Lock, start: int, shape: Shape, key: bytes) -> None:
        self.memory = memory
        self.lock = lock
        self._start, self._shape = start, shape
        self._row = _HEAD.size + shape.size
        self._key = key

    def find(self, name: str) -> int | None:
        """Where the value of a row stands in the memory; None where there is no such row."""
        digest = self._digest(name)
        for row in self._rows(digest):
            if self.memory[row : row + 16] == digest:
                return row + _HEAD.size
        return None

    def place(self, name: str, now: float, busy: Callable[[int], bool] = lambda value: False) -> tuple[int, bool]:
        """Where the value of a row stands, and whether the row is new: then its value is all zeros.

        A row that is not ``busy`` makes room before one that is.
        """
        digest = self._digest(name)
        rows = self._rows(digest)
        for row in rows:
            if self.memory[row : row + 16] == digest:
                _HEAD.pack_into(self.memory, row, digest, now)
                return row + _HEAD.size, False
        chosen = min(rows, key=lambda row: (busy(row + _HEAD.size), _HEAD.unpack_from(self.memory, row)[1]))
        _HEAD.pack_into(self.memory, chosen, digest, now)
        value = chosen + _HEAD.size
        self.memory[value : value + self._shape.size] = bytes(self._shape.size)
        return value, True

    def forget(self, name: str) -> None:
        """Drop a row, if it is there."""
        value = self.find(name)
        if value is not None:
            row = value - _HEAD.size
            self.memory[row : row + self._row] = bytes(self._row)

    def values(self) -> list[int]:
        """Where the values of all rows in use stand."""
        rows = range(self._start, self._start + self._shape.extent, self._row)
        return [row + _HEAD.size for row in rows if self.memory[row : row + 16] != _NOTHING]

    def _digest(self, name: str) -> bytes:
        return blake2b(name.encode("utf-8", "replace"), digest_size=16, key=self._key).digest()

    def _rows(self, digest: bytes) -> range:
        first = self._start + int.from_bytes(digest[:4], "little") % self._shape.sets * _WAYS * self._row
        return range(first, first + _WAYS * self._row, self._row)
