"""Keeps finished answers of the present version: least recently used leave first, bounded by bytes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass

from iesi_kg.web.headers import Headers

_OVERHEAD = 1_000
_LARGEST_SHARE = 4


@dataclass(frozen=True, slots=True)
class Entry:
    """A complete 200 answer; the tag is what If-None-Match compares."""

    etag: str
    headers: Headers
    body: bytes


class ResultCache:
    """Entries by request key and version; a new version empties the cache."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._entries: OrderedDict[Hashable, Entry] = OrderedDict()
        self._sizes: dict[Hashable, int] = {}
        self._version: int | None = None
        self.bytes = 0

    def get(self, version: int, key: Hashable) -> Entry | None:
        """The answer to the same request on the same version, if it is still here."""
        if version != self._version:
            return None
        entry = self._entries.get(key)
        if entry is not None:
            self._entries.move_to_end(key)
        return entry

    def put(self, version: int, key: Hashable, entry: Entry, weight: int) -> None:
        """Keep an answer of the newest version, unless it alone would take more than a quarter of the memory."""
        if self._version is None or version > self._version:
            self._forget(version)
        elif version < self._version:
            return
        size = len(entry.body) + weight + _OVERHEAD
        if size * _LARGEST_SHARE > self._capacity:
            return
        if key in self._entries:
            self._drop(key)
        self._entries[key] = entry
        self._sizes[key] = size
        self.bytes += size
        while self.bytes > self._capacity:
            self._drop(next(iter(self._entries)))

    def _drop(self, key: Hashable) -> None:
        del self._entries[key]
        self.bytes -= self._sizes.pop(key)

    def _forget(self, version: int) -> None:
        self._entries.clear()
        self._sizes.clear()
        self.bytes = 0
        self._version = version
