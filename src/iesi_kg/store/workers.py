"""Turns query jobs into answers in processes that can be killed: limits that hold, versions that switch under way.

A few processes serve quick queries; one that runs long is demoted (SCHED_IDLE) and moved to a slow lane, so that a few
runaways neither take every process nor slow the others down. When the slow lane is full and others wait, the long query
loses its process and begins anew when the lane has room. A spare process stands ready to replace a killed one.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from iesi_kg.errors import (
    NotFound,
    QuerySyntaxError,
    QueryTimeout,
    QueryUnsupported,
    ServiceBusy,
    UnreadableFile,
    UpdateFailed,
)
from iesi_kg.records import Answer
from iesi_kg.store import frames
from iesi_kg.store.amending import AMENDMENT, change_job
from iesi_kg.store.child import Child, State
from iesi_kg.store.crew import Crew, Staffing
from iesi_kg.store.express import Express
from iesi_kg.store.frames import UNCOUNTED, Job, Limits, Response, Status
from iesi_kg.store.line import Line
from iesi_kg.store.plain import Plain
from iesi_kg.store.versions import Layout, Version

__all__ = ["Job", "Limits", "Pool"]

TICK_SECONDS = 0.01
DEMOTE_SECONDS = 0.03
COMPUTED_SECONDS = 0.01  # with less processor time than this it was the machine that was busy, not the query
STUCK_SECONDS = 0.3
SLOW_SECONDS = 0.1
EVICTION_SECONDS = 0.25  # sooner the new process would cost more than the query still does
PATIENT_SECONDS = 0.5
ABANDONED_SECONDS = 0.1
QUEUE_SECONDS = 10.0


# After these an amendment has left its process as it was.
_CLEAN = (NotFound, QuerySyntaxError, QueryUnsupported, UnreadableFile, UpdateFailed)


def _is_spent(job: Job, response: Response) -> bool:
    """Whether a process may hold something else than its version, so that it must answer nothing more."""
    if job.media_type != AMENDMENT:
        return False
    failed = response.status == Status.FAILED
    return job.spends or (failed and not isinstance(frames.decode_error(response.payload), _CLEAN))


class _Evicted(Exception):
    """A long query had to make room for quick ones."""


class Pool:
    """Query processes on the current version of one store folder.

    ``memory`` bounds the address space of each process, about 400 MB of which it needs before any query. At most
    ``queue`` queries wait for a process.
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
        self._layout = Layout(Path(path).absolute())
        self._express: Express | None = None
        staffing = Staffing(self._workers, memory, in_memory)
        self._crew = Crew(self._layout, staffing, self._grant, self._leave_lane)
        self._quick = 0  # processes in use outside the slow lane
        self._line = Line[Child](queue, "process was free")
        self._slow_line = Line[Child](queue, "place for long queries was free")
        self._long: Counter[str] = Counter()  # evicted queries by caller
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

    @property
    def rewritable(self) -> bool:
        """It is the engine whose slow shapes are known."""
        return True

    def can_advance(self, number: int, triples: int) -> bool:
        """Whether the processes can go on to this version by a change, rather than be started anew."""
        return self._crew.can_advance(number, triples)

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
            if self._loop.time() >= deadline or self._crew.closed:
                raise ServiceBusy("the query processes have not loaded the newest version yet")
            await asyncio.sleep(TICK_SECONDS)

    async def start(self) -> None:
        """Start the processes and wait until they can answer; raises what keeps them from it."""
        self._loop = asyncio.get_running_loop()
        await self._crew.start()
        if self._express is not None and self._crew.version is not None:
            self._express.prepare(self._crew.version, seconds=0.0)

    async def close(self) -> None:
        """End every process; who still waits is told that the service is stopping."""
        self._crew.closed = True
        if self._ticker is not None:
            self._ticker.cancel()
        busy = ServiceBusy("the service is stopping")
        for line in (self._line, self._slow_line):
            line.dissolve(busy)
        for child in self._crew.children:
            if child.future is not None and not child.future.done():
                child.future.set_exception(busy)
        await self._crew.close()

    def keep_copy(self, most: int) -> None:
        """Answer the smallest queries in this process, on a copy of each version of at most ``most`` triples."""
        self._express = Express(self._layout, most)

    def at_once(self, query: Plain, media_type: str, limits: Limits) -> Answer | None:
        """The answer to a query that needs no process, as it is known to be small; None for any other."""
        version = self._crew.version
        if self._express is None or version is None or self._crew.closed:
            return None
        return self._express.answer(version, query, media_type, limits)

    async def run(self, job: Job, limits: Limits) -> Answer:
        """The answer to a query, or the error that says which limit it met.

        Cancelling the call ends the query: its process is killed unless it finishes at once.
        """
        frame = frames.encode_request(job, limits)
        asked = self._loop.time()
        child = self._take(job.caller) if not len(self._line) else None
        if child is None:
            child = await self._acquire(job.caller, limits.seconds)
        begun = self._loop.time()
        try:
            response, body = await self._serve(child, job, frame, (begun, limits.seconds))
        except _Evicted:
            child, response, body = await self._serve_later(job, frame, (begun, limits.seconds))
        if response.status == Status.FAILED:
            raise frames.decode_error(response.payload)
        return Answer(
            frames.FORMS[response.form],
            job.media_type,
            body,
            child.answering,
            None if response.rows == UNCOUNTED else response.rows,
            self._loop.time() - begun,
            begun - asked,
        )

    async def _serve(self, child: Child, job: Job, frame: bytes, term: tuple[float, float]) -> tuple[Response, bytes]:
        """Have a process do a job; ``term`` is when the query began and how many seconds it has from then on."""
        future = child.send(frame, job.caller, *term)
        if child.slow:
            child.demote()
        if self._ticker is None:
            self._ticker = self._loop.call_later(TICK_SECONDS, self._tick)
        whole = False
        try:
            response = await future
            body = await child.fetch(response)
            whole = True
        finally:
            if whole and not _is_spent(job, response):
                self._finish(child, response)
            elif future.cancelled():
                self._abandon(child)
            else:
                self._crew.discard(child)
        return response, body

    async def _serve_later(self, job: Job, frame: bytes, term: tuple[float, float]) -> tuple[Child, Response, bytes]:
        """Begin a long query anew when the slow lane has room for it, within the time it had."""
        caller = job.caller
        self._long[caller] += 1
        try:
            child = await self._wait(self._slow_line, sum(term) - self._loop.time(), caller)
            while child.state is not State.GRANTED:
                child = await self._wait(self._slow_line, sum(term) - self._loop.time(), caller)
            return child, *await self._serve(child, job, frame, term)
        finally:
            self._long[caller] -= 1
            if not self._long[caller]:
                del self._long[caller]

    async def _acquire(self, caller: str, seconds: float) -> Child:
        """A process, after those who came before."""
        while True:
            child = await self._wait(self._line, min(seconds, QUEUE_SECONDS), caller)
            if child.state is State.GRANTED:  # else it died between being granted and being used
                return child

    def _computing(self) -> set[str]:
        """The callers with long queries under way."""
        return {child.caller for child in self._crew.children if child.demoted or child.slow} | set(self._long)

    def _holding(self) -> set[str]:
        """The callers that may have no more slow places."""
        return {caller for caller in self._computing() if not self._has_slow_place(caller)}

    def _take(self, caller: str) -> Child | None:
        """A process for a query; the last goes to none whose long ones fill the slow lane."""
        if not self._crew.idle or self._quick >= self._workers:
            return None
        last = self._quick == self._workers - 1 and len(self._crew.idle) == 1
        if last and not self._has_slow_place(caller) and caller in self._computing():
            return None
        self._quick += 1
        child = self._crew.idle.pop()
        child.state, child.caller = State.GRANTED, caller
        return child

    def _take_slow(self, caller: str) -> Child | None:
        if not self._crew.idle or not self._has_slow_place(caller):
            return None
        child = self._crew.idle.pop()
        child.state, child.slow, child.caller = State.GRANTED, True, caller
        self._crew.maintain()
        return child

    def _slow(self) -> int:
        return sum(child.slow for child in self._crew.children)

    def _has_slow_place(self, caller: str) -> bool:
        """Whether the slow lane takes one more of a caller: of several places one is kept for others."""
        own = sum(child.slow and child.caller == caller for child in self._crew.children)
        most = self._workers - 1 if caller and self._workers > 1 else self._workers
        return own < most and self._slow() < self._workers

    async def _wait(self, line: Line[Child], seconds: float, caller: str) -> Child:
        if self._crew.closed or self._crew.version is None:
            raise ServiceBusy("the service is not running")
        place = line.join(caller)
        timer = self._loop.call_later(max(0.0, seconds), line.give_up, place, max(0.0, seconds))
        if line is self._slow_line or self._quick < self._workers:
            self._loop.call_soon(self._grant)
        try:
            return await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled() and place.exception() is None:
                self._settle(place.result())
            raise
        finally:
            timer.cancel()
            line.leave(place)

    def _grant(self) -> None:
        if not (len(self._line) or len(self._slow_line)):
            return
        lanes = ((self._line, self._take, self._computing), (self._slow_line, self._take_slow, self._holding))
        for line, take, last in lanes:
            while len(line) and (place := line.next(last() if len(line) > 1 else ())) is not None:
                child = take(line.caller(place))
                if child is None:
                    break
                line.leave(place)
                place.set_result(child)

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
        child.deadline = min(child.deadline, self._loop.time() + ABANDONED_SECONDS)

    def _end_abandoned(self, child: Child, future: asyncio.Future[Response]) -> None:
        if future.cancelled() or future.exception() is not None:
            self._crew.discard(child)
        else:
            self._finish(child, future.result())

    def _tick(self) -> None:
        now = self._loop.time()
        busy = [child for child in self._crew.children if child.state is State.BUSY]
        try:
            for child in sorted(busy, key=lambda child: child.started):  # the longest gives way first
                self._look_at(child, now)
        finally:  # whatever happens to one: without the ticker no time limit holds any more
            self._ticker = self._loop.call_later(TICK_SECONDS, self._tick) if busy else None

    def _look_at(self, child: Child, now: float) -> None:
        elapsed = now - child.started
        if now >= child.deadline:
            self._time_out(child, now)
        elif not child.demoted:
            computed = child.computed()  # from the first look on, so that a quick query pays for none
            if elapsed >= DEMOTE_SECONDS and (computed >= COMPUTED_SECONDS or elapsed >= STUCK_SECONDS):
                child.demote()
        elif elapsed >= SLOW_SECONDS and not child.slow:
            self._slow_down(child)

    def _time_out(self, child: Child, now: float) -> None:
        if child.future is not None and not child.future.done():
            elapsed = now - child.begun
            child.future.set_exception(
                QueryTimeout(
                    f"the query was stopped after {elapsed:.1f} seconds",
                    hint="ask for less: a narrower pattern, or a LIMIT inside a sub-select",
                    limit_seconds=child.limit,
                    elapsed_seconds=round(elapsed, 3),
                )
            )
        self._crew.end(child)

    def _slow_down(self, child: Child) -> None:
        """Move a long query to the slow lane while that has room; else it leaves when a quick one needs its place."""
        if self._has_slow_place(child.caller):
            child.slow = True
            self._quick -= 1
            self._crew.maintain()
            self._grant()
        elif self._quick >= self._workers and self._is_wanted(child):
            if child.future is not None and not child.future.done():
                child.future.set_exception(_Evicted())
            self._crew.discard(child)

    def _is_wanted(self, child: Child) -> bool:
        """Whether the place of a long query goes to a waiting one: soon to other callers, later to its own."""
        computing = self._loop.time() - child.started
        if computing >= PATIENT_SECONDS:
            return len(self._line) > 0
        return computing >= EVICTION_SECONDS and self._line.others(self._computing())
