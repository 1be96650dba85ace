"""What a request needs: the settings, the store for our own queries, the pool for those of others."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock

from iesi_kg.endpoint.syntax import Guards
from iesi_kg.settings import Settings
from iesi_kg.store.base import Reader, Store
from iesi_kg.store.workers import Limits, Pool
from iesi_kg.web.cache import ResultCache


@dataclass(slots=True)
class Site:
    """One running service; found by pages as ``request.app.state.site``."""

    settings: Settings
    store: Store
    pool: Pool
    cache: ResultCache
    _reader: Reader | None = None
    _lock: Lock = field(default_factory=Lock)

    @property
    def limits(self) -> Limits:
        """What one query may use."""
        return Limits(self.settings.query_seconds, self.settings.query_bytes, self.settings.query_rows)

    @property
    def guards(self) -> Guards:
        """What the text of one query may be."""
        return Guards(self.settings.query_length, self.settings.query_nesting, self.settings.query_patterns)

    @property
    def version(self) -> int:
        """The version that queries are answered from."""
        return self.pool.version

    def reader(self) -> Reader:
        """A reader of the present version for our own queries; the same one until the version changes."""
        with self._lock:
            if self._reader is None or self._reader.version < self.pool.version:
                self._reader = self.store.reader()
            return self._reader
