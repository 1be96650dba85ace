"""Starts the serving processes, replaces those that end, and exchanges all of them on SIGHUP without a lost request.

The supervisor holds the listening socket and serves nothing itself, so that it has nothing to fail at.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import signal
import socket
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from iesi_kg.errors import StartError, UsageError
from iesi_kg.settings import Manager
from iesi_kg.web.processes import notify
from iesi_kg.web.processes.assignment import PREPARE, SERVE, Assignment
from iesi_kg.web.processes.channel import Channel, Message
from iesi_kg.web.processes.commons import SEATS, Commons
from iesi_kg.web.processes.hub import Hub, Member

START_SECONDS = 180.0
MOST = 16
_KILL_SECONDS = 5.0  # beyond the time that a process was given to end
_HASTY = 4
_HASTY_SECONDS = 10.0
_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 30.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What processes are started with: the command before their own arguments, and the environment of that moment."""

    listener: socket.socket
    command: list[str]
    environment: Callable[[], Mapping[str, str]]
    manager: Manager
    greet: Callable[[Message], None]


@dataclass(slots=True, eq=False)
class _Worker:
    process: asyncio.subprocess.Process
    member: Member
    seat: int
    hearing: asyncio.Task[None]


@dataclass(slots=True, eq=False)
class _Generation:
    """Processes that were started with the same code and settings."""

    number: int
    environment: Mapping[str, str]
    size: int = 0
    stop_seconds: float = 0.0
    drain_seconds: float = 0.0
    workers: set[_Worker] = field(default_factory=set)
    keepers: list[asyncio.Task[None]] = field(default_factory=list)
    leaving: asyncio.Event = field(default_factory=asyncio.Event)


class _Failed(Exception):
    """Processes did not come to serve; the exit code of the first one that ended."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Supervisor:
    """One service of several processes."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._commons = Commons.make()
        self._hub = Hub(self._commons.begun)
        self._seats = set(range(SEATS))
        self._numbers = itertools.count(1)
        self._generations: list[_Generation] = []
        self._wishes: asyncio.Queue[signal.Signals] = asyncio.Queue()
        self._ends: deque[float] = deque(maxlen=_HASTY)
        self._hurry = asyncio.Event()
        self._farewells: set[asyncio.Task[None]] = set()
        self._stale = False  # what runs is older than the last wish to reload

    async def run(self) -> int:
        """Serve until a signal ends it; returns the exit code."""
        loop = asyncio.get_running_loop()
        for wish in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(wish, self._wish, wish)
        starting = asyncio.ensure_future(self._start())
        try:
            said = await self._unless_ended(starting)
        except _Failed as failure:
            return failure.code
        if said is not None:
            self._plan.greet(said)
            self._say_ready()
            await self._obey()
        notify.say(self._plan.manager, "STOPPING=1")
        await self._stop()
        return 0

    def _wish(self, wish: signal.Signals) -> None:
        if wish == signal.SIGINT and not self._wishes.empty():
            self._hurry.set()
        self._wishes.put_nowait(wish)

    async def _unless_ended(self, starting: asyncio.Future[Message]) -> Message | None:
        """What the first process says once all serve; None when a signal came before."""
        wish = asyncio.ensure_future(self._next_end())
        starting.add_done_callback(lambda done: wish.cancel())
        await asyncio.wait([wish])
        if starting.done():
            return starting.result()
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        return None

    async def _next_end(self) -> signal.Signals:
        """The next signal that ends the service; what asks for a reload before there is anything is nothing."""
        while (wish := await self._wishes.get()) == signal.SIGHUP:
            log.warning("the service is starting: it is not reloaded")
        return wish

    async def _obey(self) -> None:
        """Reload as often as it is asked for, until a signal ends the service."""
        reloading: asyncio.Future[None] | None = None
        while (wish := await self._wishes.get()) == signal.SIGHUP:
            self._stale = True
            if reloading is None or reloading.done():
                reloading = asyncio.ensure_future(self._reload_all())
        if reloading is not None:
            reloading.cancel()
            await asyncio.gather(reloading, return_exceptions=True)
        if wish == signal.SIGINT:
            self._hurry.set()

    async def _reload_all(self) -> None:
        while self._stale:
            self._stale = False
            notify.say(self._plan.manager, *notify.reloading())
            await self._reload()
            self._say_ready()

    def _say_ready(self) -> None:
        notify.say(self._plan.manager, "READY=1", f"STATUS={self._generations[-1].size} processes serve")

    async def _reload(self) -> None:
        """New processes with the code and the settings of now; where they do not come to serve all stays as it is."""
        before = list(self._generations)
        try:
            await self._start()
        except (_Failed, UsageError, StartError) as failure:
            reason = failure.detail if isinstance(failure, UsageError | StartError) else "the lines above say why"
            log.error("the new processes do not serve, those before them go on: %s", reason)
            return
        for generation in before:
            self._dismiss(generation)
        log.warning("reloaded: %d new processes serve", self._generations[-1].size)

    async def _start(self) -> Message:
        """Start a generation and wait until all of it serves. Raises _Failed and UsageError."""
        generation = _Generation(next(self._numbers), self._plan.environment())
        facts = await self._prepare(generation)
        generation.size = int(facts["workers"])
        generation.stop_seconds, generation.drain_seconds = facts["stop_seconds"], facts["drain_seconds"]
        if len(self._seats) < generation.size:
            raise StartError("the processes before the last reload have not ended yet", hint="reload again later")
        self._generations.append(generation)
        first = [asyncio.ensure_future(self._started(generation)) for _ in range(generation.size)]
        try:
            workers = await asyncio.gather(*first)  # no client is let in before all have started
            await asyncio.gather(*(self._opened(generation, worker) for worker in workers))
        except (_Failed, StartError, asyncio.CancelledError):
            await self._give_up(generation, first)
            raise
        generation.keepers = [asyncio.ensure_future(self._keep(generation, worker)) for worker in workers]
        return workers[0].member.said

    async def _give_up(self, generation: _Generation, first: Sequence[asyncio.Future[_Worker]]) -> None:
        generation.leaving.set()
        for each in first:
            each.cancel()
        await asyncio.gather(*first, return_exceptions=True)
        for worker in list(generation.workers):
            worker.process.kill()
            await self._bury(generation, worker)
        self._generations.remove(generation)

    async def _prepare(self, generation: _Generation) -> Message:
        """Have the store filled and the settings read by the code that will serve."""
        ours, theirs = socket.socketpair()
        files = (theirs.fileno(), self._plan.listener.fileno(), self._commons.descriptor)
        assignment = Assignment(PREPARE, *files, again=bool(self._generations))
        with theirs:
            process = await self._spawn(assignment, generation)
        channel = await Channel.on(ours)
        try:
            facts = await channel.receive()
            code = await process.wait()
        except asyncio.CancelledError:
            process.kill()
            await process.wait()
            raise
        finally:
            channel.close()
        if code or facts is None:
            raise _Failed(code or 3)
        return facts

    async def _spawn(self, assignment: Assignment, generation: _Generation) -> asyncio.subprocess.Process:
        try:
            return await asyncio.create_subprocess_exec(
                *self._plan.command,
                "--post",
                assignment.text(),
                stdin=asyncio.subprocess.DEVNULL,
                pass_fds=assignment.files,
                env=dict(generation.environment),
                process_group=0,  # Ctrl-C in a terminal is for the supervisor, which passes it on
            )
        except OSError as error:
            raise StartError(f"no process can be started: {error.strerror}") from None

    async def _started(self, generation: _Generation) -> _Worker:
        """Start one process and wait until it could serve. Raises _Failed when it ends before, StartError."""
        ours, theirs = socket.socketpair()
        seat = self._seats.pop()
        files = (theirs.fileno(), self._plan.listener.fileno(), self._commons.descriptor)
        with theirs:
            try:
                process = await self._spawn(Assignment(SERVE, *files, seat, generation.size), generation)
            except StartError:
                ours.close()
                self._seats.add(seat)
                raise
        member = self._hub.join(await Channel.on(ours))
        worker = _Worker(process, member, seat, asyncio.ensure_future(self._hub.listen(member)))
        generation.workers.add(worker)
        await self._says(generation, worker, member.started)
        return worker

    async def _opened(self, generation: _Generation, worker: _Worker) -> None:
        """Have a process let clients in. Raises _Failed when it ends before."""
        self._hub.open(worker.member)
        await self._says(generation, worker, worker.member.serving)

    async def _says(self, generation: _Generation, worker: _Worker, word: asyncio.Event) -> None:
        said, ended = (asyncio.ensure_future(each) for each in (word.wait(), worker.process.wait()))
        try:
            await asyncio.wait({said, ended}, timeout=START_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        finally:
            said.cancel()
            ended.cancel()
        if not word.is_set():
            if worker.process.returncode is None:
                worker.process.kill()
            await self._bury(generation, worker)
            raise _Failed(worker.process.returncode or 3)

    async def _bury(self, generation: _Generation, worker: _Worker) -> None:
        """A process is gone: nothing of it is counted as under way any more."""
        await worker.process.wait()
        await worker.hearing
        generation.workers.discard(worker)
        self._commons.vacate(worker.seat)
        self._seats.add(worker.seat)

    async def _keep(self, generation: _Generation, worker: _Worker) -> None:
        """Have another process serve in the place of one that ends, as long as its generation serves."""
        while True:
            await self._bury(generation, worker)
            if generation.leaving.is_set():
                return
            self._hub.lost += 1
            log.warning("a serving process ended (%s): another one is started", _cause(worker.process.returncode))
            found = await self._replaced(generation)
            if found is None:
                return
            worker = found
            if generation.leaving.is_set():
                worker.process.terminate()

    async def _replaced(self, generation: _Generation) -> _Worker | None:
        failures = 0
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(generation.leaving.wait(), self._pause(failures))
            if generation.leaving.is_set():
                return None
            try:
                worker = await self._started(generation)
                await self._opened(generation, worker)
                return worker
            except (_Failed, StartError, OSError):
                failures += 1
                log.error("a serving process does not start; it is tried again")

    def _pause(self, failures: int) -> float:
        """How long to wait before the next start, so that processes that end at once do not fill the machine."""
        now = asyncio.get_running_loop().time()
        hasty = len(self._ends) == _HASTY and now - self._ends[0] < _HASTY_SECONDS
        self._ends.append(now)
        return min(_PAUSE_SECONDS * 2 ** min(failures, 10), _LONGEST_PAUSE_SECONDS) if failures or hasty else 0.0

    def _dismiss(self, generation: _Generation) -> None:
        """Have a generation end once its requests are answered."""
        if generation.leaving.is_set():
            return
        task = asyncio.ensure_future(self._see_off(generation, "leave", generation.drain_seconds))
        self._farewells.add(task)
        task.add_done_callback(self._farewells.discard)

    async def _see_off(self, generation: _Generation, how: str, seconds: float) -> None:
        """Tell the processes of a generation to end, and end those that have not after their time."""
        generation.leaving.set()
        _tell(generation, how, seconds)
        ended = asyncio.ensure_future(asyncio.wait(generation.keepers))
        hurry = asyncio.ensure_future(self._hurry.wait())
        await asyncio.wait({ended, hurry}, timeout=seconds + _KILL_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if hurry.done() and not ended.done():
            _tell(generation, "stop", 0.0)
            await asyncio.wait({ended}, timeout=_KILL_SECONDS)
        hurry.cancel()
        for worker in list(generation.workers):
            worker.process.kill()
        await ended
        if generation in self._generations:
            self._generations.remove(generation)

    async def _stop(self) -> None:
        """Take no more connections, and end every process within the time it has."""
        self._plan.listener.close()
        stopping = [self._see_off(generation, "stop", generation.stop_seconds) for generation in self._generations]
        hurrying = asyncio.ensure_future(self._hear_hurry())
        await asyncio.gather(*stopping)
        await asyncio.gather(*self._farewells)
        hurrying.cancel()
        self._commons.close()

    async def _hear_hurry(self) -> None:
        while await self._wishes.get() != signal.SIGINT:
            pass
        self._hurry.set()


def _tell(generation: _Generation, what: str, seconds: float) -> None:
    for worker in generation.workers:
        worker.member.channel.send({"do": what, "seconds": seconds})


def _cause(code: int | None) -> str:
    if code is not None and code < 0:
        return f"by {signal.Signals(-code).name}"
    return f"with exit code {code}"


def supervise(plan: Plan) -> int:
    """Run a service of several processes until it is told to end; returns the exit code."""
    logging.basicConfig(level=logging.WARNING, format="iesi-kg: %(message)s")
    os.set_inheritable(plan.listener.fileno(), False)
    return asyncio.run(_run(plan))


async def _run(plan: Plan) -> int:
    return await Supervisor(plan).run()


def check(workers: int) -> None:
    """Raises UsageError for a number of serving processes that cannot be."""
    if not 1 <= workers <= MOST:
        raise UsageError(
            f"{workers} serving processes cannot be", hint=f"1 to {MOST}: one for each processor that is to serve"
        )
