"""Turns requests to change graphs into commits, one after the other, each seen by every query that is asked after it.

A query process finds out what the request would change; the one writer makes the change durable; then every query
process goes on to the new version before it gets another job. Only then is the request acknowledged.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import ExitStack, suppress
from dataclasses import replace
from typing import Protocol, TypeVar

from iesi_kg.errors import NotYetVisible, ServiceBusy, StoreError
from iesi_kg.operations.audit import Act, AuditLog
from iesi_kg.operations.audited import AuditedWriter
from iesi_kg.store.amending import Amended, Amendment
from iesi_kg.store.base import ChangeSet
from iesi_kg.store.embedded import EmbeddedStore
from iesi_kg.store.journal import Extent, decode
from iesi_kg.store.workers import Limits, Pool
from iesi_kg.store.writer import EmbeddedWriter

T = TypeVar("T")
Check = Callable[[Amended, ChangeSet], None]
_REACH_SECONDS = 20.0


class Changes(Protocol):
    """What answers requests to read and to change graphs over HTTP."""

    async def read(self, wanted: Amendment, limits: Limits, caller: str = "") -> tuple[Amended, int]: ...

    async def make(
        self, wanted: Amendment, limits: Limits, check: Check, act: Act, caller: str = ""
    ) -> tuple[Amended, int]: ...

    async def close(self) -> None: ...


class Amendments:
    """The changes over HTTP of one store; ``lasting`` keeps the store's lock as long as the service runs.

    Without it the lock is let go, and the checkpoint made, when no request waits: others write too.
    """

    def __init__(
        self, store: EmbeddedStore, pool: Pool, *, queue: int, log: AuditLog | None = None, lasting: bool = False
    ) -> None:
        self._store = store
        self._pool = pool
        self._queue = queue
        self._log = log
        self._lasting = lasting
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._held = ExitStack()
        self._writer: EmbeddedWriter | None = None
        self._closed = False

    async def read(self, wanted: Amendment, limits: Limits, caller: str = "") -> tuple[Amended, int]:
        """What a ``get`` finds, and the version it is of; ``caller`` is whoever asked."""
        answer = await self._pool.run(replace(wanted.job(lasting=self._lasting), caller=caller), limits)
        return Amended.of(answer.body), answer.version

    async def make(
        self, wanted: Amendment, limits: Limits, check: Check, act: Act, caller: str = ""
    ) -> tuple[Amended, int]:
        """Make a change durable and visible; returns what it met and the version after it.

        ``check`` may raise to forbid the change. Raises the QueryErrors, StoreErrors and ServiceBusy.
        """
        if self._waiting >= self._queue:
            raise ServiceBusy(f"{self._waiting} changes are waiting already", queue=self._queue)
        self._waiting += 1
        try:
            await self._wait(limits.seconds)
        finally:
            self._waiting -= 1
        try:
            writer = await self._open()
            answer = await self._pool.run(replace(wanted.job(lasting=self._lasting), caller=caller), limits)
            outcome = Amended.of(answer.body)
            change = await asyncio.to_thread(_checked, outcome, limits, check)
            if not change:
                return outcome, answer.version
            number = await _to_the_end(self._land(writer, change, outcome.payload, act))
            return outcome, number
        finally:
            await _to_the_end(self._rest())

    async def close(self) -> None:
        """Publish the last commit and let the lock go."""
        async with self._turn:
            self._closed = True
            await self._let_go()

    async def _wait(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._turn.acquire(), seconds)
        except TimeoutError:
            raise ServiceBusy(f"other changes took longer than {seconds:g} seconds") from None

    async def _open(self) -> EmbeddedWriter:
        """The writer, and query processes that stand where it stands."""
        if self._closed:
            raise ServiceBusy("the service is stopping")
        writer = self._writer
        if writer is None:
            writer = await _to_the_end(self._take())
        await self._pool.reach(writer.reader.version, _REACH_SECONDS)
        return writer

    async def _take(self) -> EmbeddedWriter:
        self._writer = writer = await asyncio.to_thread(self._held.enter_context, self._store.writer())
        return writer

    async def _land(self, writer: EmbeddedWriter, change: ChangeSet, payload: bytes, act: Act) -> int:
        target = writer if self._log is None else AuditedWriter(writer, self._log, act)
        number = 0
        with self._pool.changing():
            try:
                number = await asyncio.to_thread(target.commit, change)
            finally:
                if not number:
                    await self._let_go()  # the next change begins with a writer that has looked at what is there
            if self._pool.can_advance(number, writer.triples):
                self._pool.advance(number, payload, writer.triples)
                if writer.published == number:
                    self._pool.rebase(self._store.current())
                return number
        await self._show(writer, number)
        return number

    async def _show(self, writer: EmbeddedWriter, number: int) -> None:
        """Have queries see a version that no change leads the processes to. Raises NotYetVisible."""
        try:
            if writer.published != number:
                await asyncio.to_thread(writer.checkpoint)
            await self._pool.reach(number, _REACH_SECONDS)
        except (StoreError, ServiceBusy) as error:
            await self._let_go()  # the next writer makes it visible before it changes anything
            reason = error.detail.replace("; nothing was changed", "")
            raise NotYetVisible(f"version {number} is durable but not visible yet: {reason}", version=number) from None

    async def _rest(self) -> None:
        try:
            if not self._lasting and not self._waiting:
                await self._let_go()
            elif self._writer is not None and self._writer.worn:
                with suppress(StoreError):  # the next change tries again, and says so where it cannot
                    await asyncio.to_thread(self._writer.refresh)
        finally:
            self._turn.release()

    async def _let_go(self) -> None:
        if self._writer is None:
            return
        held, self._held, self._writer = self._held, ExitStack(), None
        with suppress(StoreError):  # what is committed is durable; the next writer publishes it
            await asyncio.to_thread(held.close)
            self._pool.rebase(self._store.current())


def _checked(outcome: Amended, limits: Limits, check: Check) -> ChangeSet:
    change = decode(outcome.payload, Extent(limits.rows, limits.bytes))
    check(outcome, change)
    return change


async def _to_the_end(work: Coroutine[None, None, T]) -> T:
    """Finish what must not be left half done, even when the one who asked has gone."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        if not task.cancelled():
            task.exception()  # nobody is left to be told
        raise
