"""Turns a query process into an object of the event loop: start it, send it a job, hear its answer or its death."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack, suppress
from enum import Enum, auto
from math import inf
from pathlib import Path

from iesi_kg.errors import IesiKgError, QueryOutOfMemory, StartError, WorkerLost
from iesi_kg.store import frames
from iesi_kg.store.frames import Response, Status
from iesi_kg.store.versions import Version
from iesi_kg.store.worker import Assignment

# The imports are done in a thread that may be nicer than the queries after it: a spare must not slow others down.
BOOT = """
import os, sys, threading
def read():
    if sys.argv[-1] == "1":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 5)
    import iesi_kg.store.worker
sys.path.append(sys.argv.pop(1))
reading = threading.Thread(target=read)
reading.start()
reading.join()
from iesi_kg.store import worker
worker.main(sys.argv[1:])
"""
PACKAGES = str(Path(__file__).resolve().parents[2])
CHUNK = 1 << 16
THREADED_FETCH = 1 << 20
LAST_WORDS = 4_000
_CPU_CLOCK = 2  # with the complement of a process id: the clock of all its threads (clock_getcpuclockid(3))


class State(Enum):
    """Where a query process is in its life."""

    LOADING = auto()
    IDLE = auto()
    GRANTED = auto()
    BUSY = auto()
    RENEWING = auto()
    DEAD = auto()


class Child:
    """One query process and the job it is at."""

    def __init__(self, version: Version, memory: int, *, in_memory: bool, background: bool) -> None:
        self.version = version
        self.state = State.LOADING
        self.future: asyncio.Future[Response] | None = None
        self.caller = ""
        self.started = 0.0  # when this process took the query
        self.begun = 0.0  # when the query began, here or in a process that it lost
        self.limit = 0.0
        self.deadline = 0.0
        self.idle_since = 0.0
        self.demoted = False
        self._spent: float | None = None  # processor time of the process when its query was looked at first
        self.slow = False
        self.followed = 0  # bytes of changes since it was ready
        self.loaded = False
        self.confined = False
        self.answering = version.number
        self.failure: IesiKgError | None = None
        self._thread = 0
        self._buffer = b""
        self._outgoing: deque[bytes] = deque()
        self._loop = asyncio.get_running_loop()
        self._on_ready: Callable[[Child], None] = lambda child: None
        self._on_death: Callable[[Child], None] = lambda child: None
        with ExitStack() as unmade:  # where the machine has no more of them, none of its files may stay open
            self._channel, theirs = socket.socketpair()
            unmade.callback(self._channel.close)
            with theirs:
                self._store = os.memfd_create("iesi-kg result")
                unmade.callback(os.close, self._store)
                self._words = os.memfd_create("iesi-kg last words")
                unmade.callback(os.close, self._words)
                place = (theirs.fileno(), self._store, os.getpid(), memory, str(version.path), version.number)
                self.process = self._started_on(Assignment(*place, in_memory, background))
            unmade.pop_all()

    def _started_on(self, assignment: Assignment) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # starts clean: the parent's threads, memory and files stay here
            [sys.executable, "-P", "-c", BOOT, PACKAGES, *assignment.arguments()],
            stdin=subprocess.DEVNULL,
            stdout=self._words,
            stderr=self._words,
            pass_fds=(assignment.channel, self._store),
            process_group=0,  # no session: as a scheduling group of its own SCHED_IDLE would not reach beyond it
        )

    def listen(self, on_ready: Callable[[Child], None], on_death: Callable[[Child], None]) -> None:
        """Call back when the process is ready for a job, and when it has died."""
        self._on_ready, self._on_death = on_ready, on_death
        self._channel.setblocking(False)
        self._loop.add_reader(self._channel.fileno(), self._readable)

    def send(self, frame: bytes, caller: str, begun: float, seconds: float) -> asyncio.Future[Response]:
        """Give the process a job; the future brings its response, or the error of its death."""
        self.state = State.BUSY
        self.answering = self.version.number  # it may be told to go on to the next one while it is at this job
        self.caller = caller
        self.started = self._loop.time()
        self.begun, self.limit, self.deadline = begun, seconds, begun + seconds
        self._spent = None
        self.future = future = self._loop.create_future()
        self._transmit(frame)
        return future

    def advance(self, version: Version, frame: bytes) -> None:
        """Have the process go on to the next version by a change, before any job it is sent from now on."""
        self.version = version
        self.followed += len(frame)
        self._transmit(frame)

    def renew(self) -> None:
        """After a demotion: have the process answer in a fresh thread, at normal priority again."""
        self.state = State.RENEWING
        self.demoted = False
        self._transmit(frames.RENEW)

    def demote(self) -> None:
        """Put the running query behind all other work of the machine (SCHED_IDLE, else the highest niceness)."""
        self.demoted = True
        with suppress(ProcessLookupError):
            try:
                os.sched_setscheduler(self._thread, os.SCHED_IDLE, os.sched_param(0))
            except PermissionError:
                os.setpriority(os.PRIO_PROCESS, self._thread, 19)

    def computed(self) -> float:
        """Seconds of processor time that the process has used since this was asked of its query for the first time."""
        try:
            spent = time.clock_gettime(~self.process.pid << 3 | _CPU_CLOCK)
        except OSError:  # it is ending, or the kernel does not tell
            return inf
        if self._spent is None:
            self._spent = spent
        return spent - self._spent

    async def fetch(self, response: Response) -> bytes:
        """The result that a response announces; a large one is copied beside the event loop."""
        if response.status == Status.INLINE:
            return response.payload
        if response.size <= THREADED_FETCH:
            return _read(self._store, response.size)
        return await asyncio.to_thread(_read_and_close, os.dup(self._store), response.size)

    def release(self) -> None:
        """Give the memory of a fetched result back."""
        with suppress(OSError):
            os.ftruncate(self._store, 0)

    def kill(self) -> None:
        """End the process now, whatever it does; its death is not reported."""
        if self.state is State.DEAD:
            return
        self.state = State.DEAD
        self._loop.remove_reader(self._channel.fileno())
        self._loop.remove_writer(self._channel.fileno())
        self._channel.close()
        self.process.send_signal(signal.SIGKILL)

    async def reap(self) -> IesiKgError:
        """Wait until the process is gone and let go of its files; returns why it died, if it did so by itself."""
        await self._loop.run_in_executor(None, self.process.wait)
        cause = self._cause_of_death()
        os.close(self._store)
        os.close(self._words)
        return cause

    def _cause_of_death(self) -> IesiKgError:
        if self.failure is not None:
            return self.failure
        words = os.pread(self._words, LAST_WORDS, 0).decode("utf-8", "replace")
        if not self.loaded:
            return StartError(
                f"a query process cannot load version {self.version.number}: {_last_line(words) or 'it died'}",
                hint="raise IESI_KG_QUERY_MEMORY if memory is what it lacks",
            )
        if "memory allocation of" in words or "MemoryError" in words:
            return QueryOutOfMemory(
                "the query needed more memory than one query may use", hint="ask for less, or in smaller parts"
            )
        if "overflowed its stack" in words or self.process.returncode == -signal.SIGSEGV:
            return WorkerLost("the query is nested too deeply to be evaluated", hint="write it with fewer levels")
        return WorkerLost("the process that evaluated the query died", hint="the service has replaced it; try again")

    def _transmit(self, frame: bytes) -> None:
        if self._outgoing:
            self._outgoing.append(frame)
            return
        try:
            sent = self._channel.send(frame)
        except BlockingIOError:
            sent = 0
        except OSError:
            return  # the process died; the closed channel says so in the next turn of the loop
        if sent < len(frame):
            self._outgoing.append(frame[sent:])
            self._loop.add_writer(self._channel.fileno(), self._writable)

    def _writable(self) -> None:
        self._loop.remove_writer(self._channel.fileno())
        waiting = list(self._outgoing)
        self._outgoing.clear()
        for frame in waiting:
            if self.state is not State.DEAD:
                self._transmit(frame)

    def _readable(self) -> None:
        try:
            data = self._channel.recv(CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._on_death(self)
            return
        self._buffer = self._buffer + data if self._buffer else data
        while len(self._buffer) >= frames.RESPONSE.size:
            length, status, form, size, thread, rows = frames.RESPONSE.unpack_from(self._buffer)
            end = frames.RESPONSE.size + length
            if len(self._buffer) < end:
                return
            payload = self._buffer[frames.RESPONSE.size : end]
            self._buffer = self._buffer[end:]
            self._receive(Response(status, form, size, thread, rows, payload))

    def _receive(self, response: Response) -> None:
        if response.status == Status.READY:
            self._ready(response)
        elif self.state is State.LOADING:
            self.failure = frames.decode_error(response.payload)
        elif self.future is not None and not self.future.done():
            self.future.set_result(response)

    def _ready(self, response: Response) -> None:
        if not response.thread:
            self.confined = bool(response.form)
            return
        self._thread = response.thread
        self._on_ready(self)


def _last_line(text: str) -> str:
    return text.strip().rsplit("\n", 1)[-1][:300]


def _read(descriptor: int, size: int) -> bytes:
    parts: list[bytes] = []
    offset = 0
    while offset < size:
        part = os.pread(descriptor, size - offset, offset)
        if not part:
            raise WorkerLost("the result was cut on its way")
        parts.append(part)
        offset += len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _read_and_close(descriptor: int, size: int) -> bytes:
    try:
        return _read(descriptor, size)
    finally:
        os.close(descriptor)
