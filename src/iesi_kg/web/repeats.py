"""Answers requests that came before, byte for byte, without reading them again, as long as the version stays.

The same bytes at the same address of this machine are the same request; what they were answered on one version is
what they get. Only answers that are kept anyway, and that no token had a part in, are remembered here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeAlias

from iesi_kg.web.meter import Meter

_LARGEST_BODY = 65_536
_OVERHEAD = 500
_PART = "sparql"

Key: TypeAlias = tuple[str, bytes]


@dataclass(frozen=True, slots=True)
class Reply:
    """The method that was answered and the answer; the date stands between its status line and its head."""

    method: str
    line: bytes
    head: bytes
    body: bytes

    @property
    def status(self) -> int:
        """The status in the status line."""
        return int(self.line[9:12])


class Versioned(Protocol):
    """What knows the present version."""

    @property
    def version(self) -> int: ...


class Repeats:
    """Replies by the address a request came in at and its bytes; what came first goes first."""

    def __init__(self, capacity: int, meter: Meter) -> None:
        self._pool: Versioned | None = None
        self._capacity = capacity
        self._meter = meter
        self._replies: dict[Key, Reply] = {}
        self._of = 0
        self._bytes = 0

    def start(self, pool: Versioned) -> None:
        """Begin to remember; ``pool`` tells the present version."""
        self._pool = pool

    def find(self, key: Key) -> Reply | None:
        """The reply to a request that came before; it is counted as answered."""
        reply = self._replies.get(key)
        if reply is None or self._pool is None or self._of != self._pool.version:
            return None
        self._meter.count(_PART, reply.method, reply.status)
        return reply

    def keep(self, version: int, key: Key, reply: Reply) -> None:
        """Remember a reply of the present version, unless it is large."""
        size = _size(key, reply)
        if len(reply.body) > _LARGEST_BODY or not self._is_present(version):
            return
        if version != self._of:
            self._replies.clear()
            self._of, self._bytes = version, 0
        if key in self._replies:
            return
        self._replies[key] = reply
        self._bytes += size
        while self._bytes > self._capacity:
            oldest = next(iter(self._replies))
            self._bytes -= _size(oldest, self._replies.pop(oldest))

    def _is_present(self, version: int) -> bool:
        return self._pool is not None and version == self._pool.version


def _size(key: Key, reply: Reply) -> int:
    return len(key[1]) + len(reply.head) + len(reply.body) + _OVERHEAD
