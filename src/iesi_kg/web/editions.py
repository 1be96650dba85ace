"""Keeps a few releases open for queries: each with a process of its own, made on demand, closed when nobody asks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from starlette.concurrency import run_in_threadpool

from iesi_kg.errors import ServiceBusy
from iesi_kg.publication.release_shelf import QUADS, Release, Shelf
from iesi_kg.store.embedded import EmbeddedStore
from iesi_kg.store.workers import Pool
from iesi_kg.web.cache import ResultCache
from iesi_kg.web.site import Site
from iesi_kg.web.sparql import Sparql

_SHARE_OF_CACHE = 8
_QUEUE = 16
_LOOK_SECONDS = 10.0


@dataclass(slots=True)
class Edition:
    """An open release: its site, its SPARQL route, its pages, and who uses it."""

    release: Release
    site: Site
    sparql: Sparql
    api: Any
    users: int = 0
    last: float = field(default_factory=time.monotonic)

    async def close(self) -> None:
        """End its process and let go of its files."""
        await self.site.pool.close()
        self.site.store.close()


class Editions:
    """The open releases of a running service; ``build`` makes the pages of one."""

    def __init__(self, build: Callable[[], Any]) -> None:
        self._build = build
        self._open: dict[tuple[str, str], Edition] = {}
        self._lock = asyncio.Lock()
        self._closer: asyncio.Task[None] | None = None
        self.shelf: Shelf
        self.site: Site

    def start(self, site: Site, **shared: object) -> None:
        """Take up work beside a started site; every release gets what is ``shared`` in the state of its pages."""
        self.site = site
        self._shared = shared
        self.shelf = Shelf(site.settings.state_folder)
        self.shelf.mend()

    async def close(self) -> None:
        """Close every release."""
        if self._closer is not None:
            self._closer.cancel()
            with suppress(asyncio.CancelledError):
                await self._closer
            self._closer = None
        while self._open:
            _, edition = self._open.popitem()
            await edition.close()

    @asynccontextmanager
    async def use(self, name: str) -> AsyncIterator[Edition]:
        """An open release for the length of one request. Raises NotFound, StoreDamaged, ServiceBusy."""
        release = await run_in_threadpool(self.shelf.get, name)
        key = (release.name, release.files[QUADS]["sha256"])
        edition = self._open.get(key)
        if edition is None:
            async with self._lock:  # one is opened at a time; who asks an open one does not wait for it
                edition = self._open.get(key)
                if edition is None:
                    await self._make_room()
                    edition = self._open[key] = await self._opened(release)
                edition.users += 1
        else:
            edition.users += 1
        if self._closer is None:
            self._closer = asyncio.get_running_loop().create_task(self._close_idle())
        try:
            yield edition
        finally:
            edition.users -= 1
            edition.last = time.monotonic()

    @property
    def open_names(self) -> list[str]:
        """Which releases are open now."""
        return [name for name, _ in self._open]

    async def _opened(self, release: Release) -> Edition:
        settings = self.site.settings
        folder = await run_in_threadpool(self.shelf.opened, release)
        store = EmbeddedStore(folder)
        pool = Pool(folder, workers=1, memory=settings.query_memory, queue=_QUEUE)
        await pool.start()
        cache = ResultCache(settings.cache_bytes // _SHARE_OF_CACHE)
        # Whoever asks a release is counted with what else he asks, and stops a query of it at the same address.
        site = Site(
            settings,
            store,
            pool,
            cache,
            state=release.files[QUADS]["sha256"],
            queries=self.site.queries,
            turnstile=self.site.turnstile,
        )
        sparql = Sparql()
        sparql.start(site)
        api = self._build()
        api.state.site = site
        for name, value in self._shared.items():
            setattr(api.state, name, value)
        return Edition(release, site, sparql, api)

    async def _make_room(self) -> None:
        most = max(1, self.site.settings.releases_open)
        while len(self._open) >= most:
            idle = [(edition.last, key) for key, edition in self._open.items() if not edition.users]
            if not idle:
                raise ServiceBusy(f"{most} releases are open, and each is being asked", open=self.open_names)
            edition = self._open.pop(min(idle)[1])
            await edition.close()

    async def _close_idle(self) -> None:
        patience = self.site.settings.releases_idle_seconds
        while True:
            await asyncio.sleep(min(_LOOK_SECONDS, patience))
            async with self._lock:
                now = time.monotonic()
                for key, edition in list(self._open.items()):
                    if not edition.users and now - edition.last >= patience:
                        await self._open.pop(key).close()
