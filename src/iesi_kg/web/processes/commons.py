"""The memory that all processes of one service share: a secret, its beginning, who takes connections, three tables."""

from __future__ import annotations

import mmap
import os
import secrets
import struct
import time

from iesi_kg.web.processes.table import Lock, Shape, Table

SEATS = 64
_KEY_BYTES = 32
_HEAD = struct.Struct(f"<{_KEY_BYTES}sd")
_SEAT = struct.Struct("<II")  # whether it takes connections, and how many it has
BUCKET = struct.Struct("<dd")  # of a caller: how many more queries it may ask, and when that was so
RUNNING = struct.Struct(f"<{SEATS}H")  # its queries under way, by the seat of the process they are in
ONE = struct.Struct("<H")
SESSION = struct.Struct("<d64s")  # when it ends, and the id of its token
_CALLERS = Shape(1_024, BUCKET.size + RUNNING.size)
_ATTEMPTS = Shape(512, struct.calcsize("<10d"))
_SESSIONS = Shape(256, SESSION.size)
_TABLES = (_CALLERS, _ATTEMPTS, _ATTEMPTS, _SESSIONS)
_FIRST_TABLE = _HEAD.size + SEATS * _SEAT.size
_SIZE = _FIRST_TABLE + sum(shape.extent for shape in _TABLES)


class Commons:
    """The shared memory behind a file descriptor that is handed on to every process."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._memory = mmap.mmap(descriptor, _SIZE)
        self.key, self.begun = _HEAD.unpack_from(self._memory)
        tables, start = [], _FIRST_TABLE
        for number, shape in enumerate(_TABLES):
            tables.append(Table(self._memory, Lock(descriptor, number), start, shape, self.key))
            start += shape.extent
        self.callers, self.attempts, self.hand_ins, self.sessions = tables

    @classmethod
    def make(cls) -> Commons:
        """New memory, with a new secret, for a service that begins now."""
        descriptor = os.memfd_create("iesi-kg commons")
        os.ftruncate(descriptor, _SIZE)
        with mmap.mmap(descriptor, _SIZE) as memory:
            _HEAD.pack_into(memory, 0, secrets.token_bytes(_KEY_BYTES), time.monotonic())
        return cls(descriptor)

    def sit(self, seat: int, connections: int, *, taking: bool) -> None:
        """Say for one process whether it takes connections, and how many it has."""
        _SEAT.pack_into(self._memory, _HEAD.size + seat * _SEAT.size, int(taking), connections)

    def vacate(self, seat: int) -> None:
        """Forget the connections and the queries under way of a process that is gone."""
        self.sit(seat, 0, taking=False)
        with self.callers.lock:
            for at in self.callers.values():
                ONE.pack_into(self._memory, at + BUCKET.size + seat * ONE.size, 0)

    def fewest(self) -> int:
        """The connections of that process which has fewest of those that take any."""
        found = _SEAT.iter_unpack(self._memory[_HEAD.size : _FIRST_TABLE])
        return min((connections for taking, connections in found if taking), default=0)

    def close(self) -> None:
        """Let go of the memory."""
        self._memory.close()
        os.close(self.descriptor)
