"""Has the newest version laid down in blocks when a copy asks for it: once each, and a small share of the time."""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from iesi_kg.errors import IesiKgError, ServiceBusy
from iesi_kg.operations import snapshot
from iesi_kg.operations.manifest import Edition
from iesi_kg.store.copied import mark_of
from iesi_kg.store.versions import Layout, last_forgotten, read_current

WAIT_SECONDS = 20.0
REST = 9.0  # so many times as long as the last one took, before the next
_BOOT = "import sys; sys.path.append(sys.argv.pop(1)); from iesi_kg.operations.snapshot import main; main()"
_PACKAGES = str(Path(__file__).resolve().parents[2])

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Offer:
    """A manifest as it is sent: the version, the document and its hash."""

    version: int
    document: bytes
    sha256: str


class Offering:
    """What one store folder offers to copies. A copy offers what it was given, under the same version."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._making: asyncio.Task[None] | None = None
        self._rested = 0.0  # when the next may begin
        self._written: tuple[int, tuple[Edition, ...], Offer] | None = None

    async def newest(self, releases: Callable[[], Iterable[Edition]]) -> Offer:
        """The newest version in blocks; waits a while for one to be made. Raises ServiceBusy, StoreError."""
        number = read_current(self._layout).number
        if snapshot.newest_number(self._layout) != number and mark_of(self._layout) is None:
            if self._making is None and time.monotonic() >= self._rested:
                self._making = asyncio.create_task(self._make())
            if self._making is not None:
                with suppress(TimeoutError):
                    await asyncio.wait_for(asyncio.shield(self._making), WAIT_SECONDS)
        found = await asyncio.to_thread(self._newest, releases)
        if found is None:
            raise ServiceBusy("the first version for copies is being made", hint="ask again in a few seconds")
        return found

    async def close(self) -> None:
        """End what is being made; what is left of it is overwritten the next time."""
        if self._making is not None:
            self._making.cancel()
            with suppress(asyncio.CancelledError):
                await self._making

    def _newest(self, releases: Callable[[], Iterable[Edition]]) -> Offer | None:
        """The newest, unless something was forgotten since; written once."""
        number, editions = snapshot.newest_number(self._layout), tuple(releases())
        if not number or number < last_forgotten(self._layout):
            return None
        if self._written is None or self._written[:2] != (number, editions):
            found = snapshot.at(self._layout, number)
            if found is None:
                return None
            document = found.offered(editions, found.path).written()
            self._written = number, editions, Offer(number, document, sha256(document).hexdigest())
        return self._written[2]

    async def _make(self) -> None:
        begun = time.monotonic()
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-P", "-c", _BOOT, _PACKAGES, str(self._layout.root), str(snapshot.KEPT_SECONDS),
                stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
            )  # fmt: skip
            try:
                _, said = await process.communicate()
            except asyncio.CancelledError:
                process.kill()
                await process.wait()
                raise
            if process.returncode:
                log.warning("no version was made for copies: %s", said.decode("utf-8", "replace").strip()[-500:])
        except (OSError, IesiKgError) as error:
            log.warning("no version can be made for copies: %s", error)
        finally:
            self._rested = time.monotonic() + REST * (time.monotonic() - begun)
            self._making = None
