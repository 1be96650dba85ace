"""Turns query jobs into answers in processes that can be killed: limits that hold, versions that switch under way.

A few processes serve quick queries; one that runs long is demoted (SCHED_IDLE) and moved to a slow lane, so that a few
runaways neither take every process nor slow the others down. A spare process stands ready to replace a killed one.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Any

from iesi_kg.errors import IesiKgError, QueryTimeout, ServiceBusy, WorkerLost
from iesi_kg.records import Answer
from iesi_kg.store import frames
from iesi_kg.store.child import Child, State
from iesi_kg.store.frames import Job, Limits, Response, Status
from iesi_kg.store.versions import Layout, Version, current_stamp, open_current, read_current

__all__ = ["Job", "Limits", "Pool"]

WATCH_SECONDS = 0.25
TICK_SECONDS = 0.02
SLOW_SECONDS = 0.1
SURPLUS_SECONDS = 60.0
START_SECONDS = 120.0
IN_MEMORY_TRIPLES = 1_000_000
BYTES_PER_TRIPLE = 1_000
CALM_DEATHS = 8
CALM_SECONDS = 10.0
PAUSE_SECONDS = 0.5
LOAD_ATTEMPTS = 3
ABANDONED_SECONDS = 0.1

log = logging.getLogger(__name__)


class Pool:
    """Query processes on the current version of one store folder."""

    def __init__(self, path: Path, *, workers: int = 2, memory: int = 2_000_000_000, queue: int = 64) -> None:
        self._layout = Layout(Path(path))
        self._workers = max(1, workers)
        self._memory = memory
        self._queue = queue
        self._version: Version | None = None  # what queries are answered on
        self._target: Version | None = None  # what is being loaded, else the same
        self._stamp = (0, 0)
        self._children: set[Child] = set()
        self._idle: list[Child] = []
        self._fresh: list[Child] = []  # ready on the target, before the switch
        self._quick = 0  # processes at a query that is not in the slow lane
        self._waiting: deque[asyncio.Future[Child]] = deque()
        self._ends: deque[float] = deque(maxlen=CALM_DEATHS)
        self._failed_loads = 0
        self._burials: set[asyncio.Task[None]] = set()
        self._ticker: asyncio.TimerHandle | None = None
        self._watcher: asyncio.TimerHandle | None = None
        self._pause: asyncio.TimerHandle | None = None
        self._started: asyncio.Future[None] | None = None
        self._closed = False

    @property
    def version(self) -> int:
        """The version that a query sent now is answered on."""
        return self._version.number if self._version else 0

    @property
    def confined(self) -> bool:
        """Whether the kernel keeps every process from the network."""
        return all(child.confined for child in self._children if child.state is not State.LOADING)

    async def start(self) -> None:
        """Start the processes and wait until they can answer; raises what keeps them from it."""
        self._loop = asyncio.get_running_loop()
        self._stamp = current_stamp(self._layout)
        self._target = open_current(self._layout).version
        self._started = self._loop.create_future()
        self._maintain()
        try:
            await asyncio.wait_for(self._started, START_SECONDS)
        except TimeoutError:
            await self.close()
            raise WorkerLost("the query processes did not start in time") from None
        except IesiKgError:
            await self.close()
            raise
        self._watcher = self._loop.call_later(WATCH_SECONDS, self._watch)

    async def close(self) -> None:
        """End every process; who still waits is told that the service is stopping."""
        self._closed = True
        for timer in (self._ticker, self._watcher, self._pause):
            if timer is not None:
                timer.cancel()
        stopping: list[asyncio.Future[Any]] = [*self._waiting]
        stopping += [child.future for child in self._children if child.future is not None]
        for future in stopping:
            if not future.done():
                future.set_exception(ServiceBusy("the service is stopping"))
        for child in list(self._children):
            self._discard(child)
        while self._burials:
            await asyncio.gather(*self._burials)

    async def run(self, job: Job, limits: Limits) -> Answer:
        """The answer to a query, or the error that says which limit it met.

        Cancelling the call ends the query: its process is killed unless it finishes at once.
        """
        frame = frames.encode_request(job, limits)
        child = await self._acquire(limits.seconds)
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
                self._discard(child)
        if response.status == Status.FAILED:
            raise frames.decode_error(response.payload)
        return Answer(frames.FORMS[response.form], job.media_type, body, child.version.number)

    # -- who may run ------------------------------------------------------------------------------

    async def _acquire(self, seconds: float) -> Child:
        while True:
            child = self._take() if not self._waiting else None
            if child is None:
                child = await self._wait(seconds)
            if child.state is State.GRANTED:  # else it died between being granted and being used
                return child

    def _take(self) -> Child | None:
        if not self._idle or self._quick >= self._workers:
            return None
        self._quick += 1
        child = self._idle.pop()
        child.state = State.GRANTED
        return child

    async def _wait(self, seconds: float) -> Child:
        if self._closed or self._version is None:
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

    # -- what becomes of a process ----------------------------------------------------------------

    def _finish(self, child: Child, response: Response) -> None:
        if response.status == Status.STORED:
            child.release()
        self._settle(child)

    def _settle(self, child: Child) -> None:
        """A process has done its job: back to the idle ones, or away when its version has passed."""
        child.future = None
        if self._closed or child.version is not self._version or child.state is State.DEAD:
            self._discard(child)
            return
        self._leave_lane(child)
        if child.demoted:
            child.renew()
        else:
            self._rest(child)

    def _rest(self, child: Child) -> None:
        child.state = State.IDLE
        child.idle_since = self._loop.time()
        self._idle.append(child)
        self._grant()

    def _leave_lane(self, child: Child) -> None:
        if not child.slow:
            self._quick -= 1
        child.slow = False

    def _abandon(self, child: Child) -> None:
        """Nobody waits any more: let the query end within a moment, else the ticker kills it."""
        if child.state is not State.BUSY:
            self._discard(child)
            return
        child.future = self._loop.create_future()
        child.future.add_done_callback(lambda future: self._end_abandoned(child, future))
        child.seconds = min(child.seconds, self._loop.time() - child.started + ABANDONED_SECONDS)

    def _end_abandoned(self, child: Child, future: asyncio.Future[Response]) -> None:
        if future.cancelled() or future.exception() is not None:
            self._discard(child)
        else:
            self._finish(child, future.result())

    def _discard(self, child: Child) -> None:
        """Kill a process and have another take its place."""
        if child not in self._children:
            return
        self._children.discard(child)
        for shelf in (self._idle, self._fresh):
            if child in shelf:
                shelf.remove(child)
        if child.state in {State.GRANTED, State.BUSY}:
            self._leave_lane(child)
        child.kill()
        task = self._loop.create_task(self._bury(child))
        self._burials.add(task)
        task.add_done_callback(self._burials.discard)
        self._maintain()
        self._grant()

    async def _bury(self, child: Child) -> None:
        cause = await child.reap()
        if child.future is not None and not child.future.done():
            child.future.set_exception(cause)
        if not child.loaded and child.version is self._target and not self._closed:
            self._fail_load(cause)

    # -- how many processes there are -------------------------------------------------------------

    def _maintain(self, *, rested: bool = False) -> None:
        """Start what is missing: for each lane its processes and one spare, and no faster than is sane."""
        if self._closed or self._pause is not None or self._target is None:
            return
        pause = 0.0 if rested else self._needed_pause()
        if pause:
            self._pause = self._loop.call_later(pause, self._resume)
            return
        if self._version is not None:
            spare = 1 if self._version is self._target else 0
            self._staff(self._version, spare)
        if self._version is not self._target:
            self._staff(self._target, 0)

    def _staff(self, version: Version, spare: int) -> None:
        crew = [child for child in self._children if child.version is version and not child.slow]
        for _ in range(self._workers + spare - len(crew)):
            in_memory = version.triples <= min(IN_MEMORY_TRIPLES, self._memory // 2 // BYTES_PER_TRIPLE)
            child = Child(version, self._memory, in_memory=in_memory, background=self._version is not None)
            child.listen(self._on_ready, self._on_death)
            self._children.add(child)

    def _needed_pause(self) -> float:
        """A pause when processes end in quick succession, so that a crash loop does not spin."""
        if self._failed_loads:
            return PAUSE_SECONDS * self._failed_loads
        hasty = len(self._ends) == CALM_DEATHS and self._loop.time() - self._ends[0] < CALM_SECONDS
        return PAUSE_SECONDS if hasty else 0.0

    def _resume(self) -> None:
        self._pause = None
        self._ends.clear()
        self._maintain(rested=True)

    def _on_ready(self, child: Child) -> None:
        loading, child.loaded = not child.loaded, True
        if child.version is self._version:
            self._rest(child)
        elif child.version is self._target and loading:
            child.state = State.IDLE
            self._fresh.append(child)
            if len(self._fresh) >= self._workers:
                self._switch()
        else:
            self._discard(child)

    def _on_death(self, child: Child) -> None:
        self._ends.append(self._loop.time())
        self._discard(child)

    # -- which version they serve -----------------------------------------------------------------

    def _switch(self) -> None:
        """From here on queries are answered on the target; those under way finish on the version they began on."""
        self._version, old = self._target, self._idle
        self._idle, self._fresh = self._fresh, []
        self._failed_loads = 0
        for child in old:
            self._discard(child)
        if self._started is not None and not self._started.done():
            self._started.set_result(None)
        self._grant()
        self._maintain()

    def _watch(self) -> None:
        self._watcher = self._loop.call_later(WATCH_SECONDS, self._watch)
        self._retire_surplus()
        stamp = current_stamp(self._layout)
        if stamp == self._stamp or self._target is not self._version:
            return
        self._stamp = stamp
        self._aim()

    def _aim(self) -> None:
        """Begin to load the version that is current now, when it is another than the one in hand."""
        try:
            version = read_current(self._layout)
        except IesiKgError as error:
            log.warning("the new version cannot be read yet: %s", error.detail)
            return
        if self._version is None or version.number != self._version.number:
            self._target, self._failed_loads = version, 0
            for child in [c for c in self._children if c.version not in {self._version, version}]:
                if child.state in {State.LOADING, State.IDLE}:
                    self._discard(child)
            self._maintain()

    def _fail_load(self, cause: IesiKgError) -> None:
        """A process could not load the target: it may have been pruned by now, or be damaged."""
        self._failed_loads += 1
        if self._failed_loads < LOAD_ATTEMPTS:
            self._maintain()
        elif self._started is not None and not self._started.done():
            self._started.set_exception(cause)
        else:
            log.warning("version %s cannot be served: %s", self._target and self._target.number, cause.detail)
            self._target = self._version

    def _retire_surplus(self) -> None:
        long_idle = self._loop.time() - SURPLUS_SECONDS
        if len(self._idle) > self._workers + 1 and self._idle[0].idle_since < long_idle:
            self._discard(self._idle[0])

    # -- how long a query may run -----------------------------------------------------------------

    def _tick(self) -> None:
        now = self._loop.time()
        busy = [child for child in self._children if child.state is State.BUSY]
        for child in busy:
            elapsed = now - child.started
            if elapsed >= child.seconds:
                self._time_out(child, elapsed)
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
        self._ends.append(self._loop.time())
        self._discard(child)

    def _slow_down(self, child: Child) -> None:
        """Put a long query behind all others, and in the slow lane as long as that has room."""
        if not child.demoted:
            child.demote()
        if sum(other.slow for other in self._children) < self._workers:
            child.slow = True
            self._quick -= 1
            self._maintain()
            self._grant()


def _give_up(waiter: asyncio.Future[Child], seconds: float) -> None:
    if not waiter.done():
        waiter.set_exception(ServiceBusy(f"no process was free within {seconds:g} seconds"))
