"""Turns query jobs into answers in processes that can be killed: limits that hold, versions that switch under way.

A few processes serve quick queries; one that runs long is demoted (SCHED_IDLE) and moved to a slow lane, so that a few
runaways neither take every process nor slow the others down. A spare process stands ready to replace a killed one.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from iesi_kg.errors import QueryTimeout, ServiceBusy
from iesi_kg.records import Answer
from iesi_kg.store import frames
from iesi_kg.store.amending import change_job
from iesi_kg.store.child import Child, State
from iesi_kg.store.crew import Crew, Staffing
from iesi_kg.store.frames import Job, Limits, Response, Status
from iesi_kg.store.versions import Layout, Version

__all__ = ["Job", "Limits", "Pool"]

TICK_SECONDS = 0.01
DEMOTE_SECONDS = 0.03
SLOW_SECONDS = 0.1
ABANDONED_SECONDS = 0.1


class Pool:
    """Query processes on the current version of one store folder.

    ``memory`` bounds the address space of each process, about 400 MB of which it needs before any query.
    """

    def __init__(
        self,
        path: Path,
        *,
        workers: int = 2,
        memory: int = 2_000_000_000,
        queue: int = 64,
        in_memory: int = 1_000_000,
    ) -> None:
        self._workers = max(1, workers)
        self._queue = queue
        staffing = Staffing(self._workers, memory, in_memory)
        self._crew = Crew(Layout(Path(path).absolute()), staffing, self._grant, self._leave_lane)
        self._quick = 0  # processes in use outside the slow lane
        self._waiting: deque[asyncio.Future[Child]] = deque()
        self._ticker: asyncio.TimerHandle | None = None

    @property
    def version(self) -> int:
        """The version that a query sent now is answered on."""
        version = self._crew.version
        return version.number if version else 0

    @property
    def confined(self) -> bool:
        """Whether the kernel keeps every process from the network."""
        return all(child.confined for child in self._crew.children if child.loaded)

    def keeps(self, triples: int) -> bool:
        """Whether the processes hold copies of their own, also of a version of this size, which changes can make."""
        return self._crew.keeps(triples)

    def advance(self, number: int, change: bytes, triples: int) -> None:
        """Have every job from now on answered on the next version, which ``change`` makes of this one."""
        self._crew.advance(number, frames.encode_request(change_job(change), Limits()), triples)

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Look for no new version on disk while one is made that ``advance`` will tell of."""
        self._crew.changing = True
        try:
            yield
        finally:
            self._crew.changing = False

    def rebase(self, version: Version) -> None:
        """Know a checkpoint that new processes can begin with."""
        self._crew.rebase(version)

    async def reach(self, number: int, seconds: float) -> None:
        """Wait until jobs are answered on this version or a later one. Raises ServiceBusy."""
        deadline = self._loop.time() + seconds
        while self.version < number or self._crew.switching:
            if self._loop.time() >= deadline:
                raise ServiceBusy("the query processes have not loaded the newest version yet")
            await asyncio.sleep(TICK_SECONDS)

    async def start(self) -> None:
        """Start the processes and wait until they can answer; raises what keeps them from it."""
        self._loop = asyncio.get_running_loop()
        await self._crew.start()

    async def close(self) -> None:
        """End every process; who still waits is told that the service is stopping."""
        self._crew.closed = True
        if self._ticker is not None:
            self._ticker.cancel()
        stopping: list[asyncio.Future[Any]] = [*self._waiting]
        stopping += [child.future for child in self._crew.children if child.future is not None]
        for future in stopping:
            if not future.done():
                future.set_exception(ServiceBusy("the service is stopping"))
        await self._crew.close()

    async def run(self, job: Job, limits: Limits) -> Answer:
        """The answer to a query, or the error that says which limit it met.

        Cancelling the call ends the query: its process is killed unless it finishes at once.
        """
        frame = frames.encode_request(job, limits)
        child = await self._acquire(limits.seconds)
        number = child.version.number  # it may be told to go on to the next one while it is at this job
        future = child.send(frame, limits.seconds)
        if self._ticker is None:
            self._ticker = self._loop.call_later(TICK_SECONDS, self._tick)
        whole = False
        try:
            response = await future
            body = await child.fetch(response)
            whole = True
        finally:
            if whole:
                self._finish(child, response)
            elif future.cancelled():
                self._abandon(child)
            else:
                self._crew.discard(child)
        if response.status == Status.FAILED:
            raise frames.decode_error(response.payload)
        return Answer(frames.FORMS[response.form], job.media_type, body, number)

    async def _acquire(self, seconds: float) -> Child:
        while True:
            child = self._take() if not self._waiting else None
            if child is None:
                child = await self._wait(seconds)
            if child.state is State.GRANTED:  # else it died between being granted and being used
                return child

    def _take(self) -> Child | None:
        if not self._crew.idle or self._quick >= self._workers:
            return None
        self._quick += 1
        child = self._crew.idle.pop()
        child.state = State.GRANTED
        return child

    async def _wait(self, seconds: float) -> Child:
        if self._crew.closed or self._crew.version is None:
            raise ServiceBusy("the service is not running")
        if len(self._waiting) >= self._queue:
            raise ServiceBusy(f"{self._queue} queries are waiting already", queue=self._queue)
        waiter: asyncio.Future[Child] = self._loop.create_future()
        timer = self._loop.call_later(seconds, _give_up, waiter, seconds)
        self._waiting.append(waiter)
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                self._settle(waiter.result())
            raise
        finally:
            timer.cancel()
            if waiter in self._waiting:
                self._waiting.remove(waiter)

    def _grant(self) -> None:
        while self._waiting:
            if self._waiting[0].done():
                self._waiting.popleft()
                continue
            child = self._take()
            if child is None:
                return
            self._waiting.popleft().set_result(child)

    def _finish(self, child: Child, response: Response) -> None:
        if response.status == Status.STORED:
            child.release()
        self._settle(child)

    def _settle(self, child: Child) -> None:
        """A process has done its job: back to the idle ones, or away when its version has passed."""
        child.future = None
        if self._crew.closed or child.version is not self._crew.version or child.state is State.DEAD:
            self._crew.discard(child)
            return
        self._leave_lane(child)
        if child.demoted:
            child.renew()
        else:
            self._crew.rest(child)

    def _leave_lane(self, child: Child) -> None:
        if not child.slow:
            self._quick -= 1
        child.slow = False

    def _abandon(self, child: Child) -> None:
        """Nobody waits any more: let the query end within a moment, else the ticker kills it."""
        if child.state is not State.BUSY:
            self._crew.discard(child)
            return
        child.future = self._loop.create_future()
        child.future.add_done_callback(lambda future: self._end_abandoned(child, future))
        child.seconds = min(child.seconds, self._loop.time() - child.started + ABANDONED_SECONDS)

    def _end_abandoned(self, child: Child, future: asyncio.Future[Response]) -> None:
        if future.cancelled() or future.exception() is not None:
            self._crew.discard(child)
        else:
            self._finish(child, future.result())

    def _tick(self) -> None:
        now = self._loop.time()
        busy = [child for child in self._crew.children if child.state is State.BUSY]
        for child in busy:
            elapsed = now - child.started
            if elapsed >= child.seconds:
                self._time_out(child, elapsed)
            elif elapsed >= DEMOTE_SECONDS and not child.demoted:
                child.demote()
            elif elapsed >= SLOW_SECONDS and not child.slow:
                self._slow_down(child)
        self._ticker = self._loop.call_later(TICK_SECONDS, self._tick) if busy else None

    def _time_out(self, child: Child, elapsed: float) -> None:
        if child.future is not None and not child.future.done():
            child.future.set_exception(
                QueryTimeout(
                    f"the query was stopped after {elapsed:.1f} seconds",
                    hint="ask for less: a narrower pattern, or a LIMIT inside a sub-select",
                    limit_seconds=child.seconds,
                    elapsed_seconds=round(elapsed, 3),
                )
            )
        self._crew.end(child)

    def _slow_down(self, child: Child) -> None:
        """Move a long query to the slow lane as long as that has room."""
        if sum(other.slow for other in self._crew.children) < self._workers:
            child.slow = True
            self._quick -= 1
            self._crew.maintain()
            self._grant()


def _give_up(waiter: asyncio.Future[Child], seconds: float) -> None:
    if not waiter.done():
        waiter.set_exception(ServiceBusy(f"no process was free within {seconds:g} seconds"))
