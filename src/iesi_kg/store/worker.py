"""Turns a fresh process into a query process: confine, load one version, then answer frames until the channel closes.

Queries run in a thread of their own, so that the service can put a slow one behind all others (SCHED_IDLE) without a
privilege: a demoted thread cannot come back, but the next one starts at normal priority.
"""

from __future__ import annotations

import mmap
import os
import signal
import socket
import sys
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, cast

from iesi_kg.errors import IesiKgError, QueryOutOfMemory, ResultTooLarge
from iesi_kg.store import allocator, confinement, frames, rows
from iesi_kg.store.amending import CHANGE
from iesi_kg.store.dataset import Evaluator, copy_of_default, copy_to_memory
from iesi_kg.store.durable import store_error
from iesi_kg.store.evaluation import Target, evaluation_error, too_many_rows
from iesi_kg.store.frames import Job, Limits, Status
from iesi_kg.store.versions import Checkpoint, Layout, Version

STACK = 64 * 1024 * 1024
LOAD_NICENESS = 10
HELD = 1 << 20  # of a result in memory; the engine hands it over in parts of 8 kB
CHUNK = 1 << 16  # much larger buffers cost more to allocate than they save in system calls


@dataclass(frozen=True, slots=True)
class Assignment:
    """What a process is started with, as it stands on its command line."""

    channel: int
    store: int
    parent: int
    memory: int
    path: str
    number: int
    in_memory: bool
    background: bool

    def arguments(self) -> list[str]:
        """The command line."""
        values = (self.channel, self.store, self.parent, self.memory, self.path, self.number)
        return [*map(str, values), str(int(self.in_memory)), str(int(self.background))]

    @classmethod
    def parse(cls, arguments: list[str]) -> Assignment:
        """The assignment in a command line."""
        channel, store, parent, memory, path, number, in_memory, background = arguments
        whole = (int(channel), int(store), int(parent), int(memory))
        return cls(*whole, path, int(number), in_memory == "1", background == "1")


class Body:
    """A binary file that holds a result, moves to the memory file what is too large for that, and stops at a limit."""

    def __init__(self, descriptor: int, limit: int) -> None:
        self._descriptor = descriptor
        self._limit = limit
        self._parts: list[bytes] = []
        self._held = 0
        self.size = 0
        self.stored = False

    def write(self, data: bytes) -> int:
        """Take a part; raises ResultTooLarge when the whole would pass the limit."""
        length = len(data)
        self.size += length
        if self.size > self._limit:
            raise ResultTooLarge(
                f"the result is larger than {self._limit:,} bytes",
                hint="ask for less: a LIMIT, fewer variables, or a narrower pattern",
                limit_bytes=self._limit,
            )
        self._parts.append(data)
        self._held += length
        if self._held > HELD:
            self._store()
        return length

    def flush(self) -> None:
        """Nothing is held back."""

    def content(self) -> bytes:
        """The result, or what is held of it."""
        if len(self._parts) > 1:
            self._parts = [b"".join(self._parts)]
        return self._parts[0] if self._parts else b""

    def finish(self) -> None:
        """Leave nothing here that is too large for the channel."""
        if self.stored or self.size > frames.INLINE:
            self._store()

    def count(self, media_type: str) -> int | None:
        """Rows of the whole result, None where its bytes do not tell."""
        if not self.stored:
            return rows.count(media_type, self.content())
        self._store()
        with mmap.mmap(self._descriptor, self.size, access=mmap.ACCESS_READ) as content:
            return rows.count(media_type, content)

    def _store(self) -> None:
        if not self.stored:
            os.ftruncate(self._descriptor, 0)
            os.lseek(self._descriptor, 0, os.SEEK_SET)
            self.stored = True
        view = memoryview(self.content())
        self._parts, self._held = [], 0
        while view:
            view = view[os.write(self._descriptor, view) :]


class Server:
    """Answers the frames of one channel on one version."""

    def __init__(self, channel: socket.socket, store: int, evaluator: Evaluator) -> None:
        self._channel = channel
        self._store = store
        self._evaluator = evaluator
        self._pending = bytearray()
        self._memory = 0
        self._open = True

    def serve(self) -> None:
        """Answer until the channel closes, each time in a new thread when the service asks for a renewal."""
        threading.stack_size(STACK)
        while self._open:
            thread = threading.Thread(target=self._answer_all, name="queries")
            thread.start()
            thread.join()

    def _answer_all(self) -> None:
        self._open = False  # also when this thread ends by an error: then the process ends
        thread = threading.get_native_id()
        self._channel.sendall(frames.RESPONSE.pack(0, Status.READY, 0, 0, thread, 0))
        while (request := self._receive()) is not None:
            if not request[1]:
                self._open = True
                return
            job, limits = frames.decode_request(*request)
            if job.media_type == CHANGE:
                self._evaluator.follow(job.text)
            else:
                self._channel.sendall(self._answer(job, limits, thread))

    def _receive(self) -> tuple[tuple[int, ...], bytes] | None:
        head = self._take(frames.REQUEST.size)
        if head is None:
            return None
        header = frames.REQUEST.unpack(head)
        body = self._take(header[0])
        return None if body is None else (header, body)

    def _take(self, size: int) -> bytes | None:
        """The next bytes of the channel, where several frames may stand behind one another; None at its end."""
        while len(self._pending) < size:
            part = self._channel.recv(CHUNK)
            if not part:
                return None
            self._pending += part
        taken = bytes(self._pending[:size])
        del self._pending[:size]
        return taken

    def _answer(self, job: Job, limits: Limits, thread: int) -> bytes:
        try:
            self._bound(limits.memory)
            body = Body(self._store, limits.bytes)
            target = Target(job.media_type, cast("IO[bytes]", body), limits.rows)
            form, number = self._evaluator.write(job.text, target, job.default_graphs, job.named_graphs)
            if number is None:
                number = self._solutions(job, limits, body)
            body.finish()
        except IesiKgError as error:
            return frames.encode_error(error, thread)
        except MemoryError:
            return frames.encode_error(QueryOutOfMemory("the query needs more memory than one query may use"), thread)
        except (OSError, RuntimeError, ValueError) as error:
            return frames.encode_error(evaluation_error(error), thread)
        status, content = (Status.STORED, b"") if body.stored else (Status.INLINE, body.content())
        place = frames.FORMS.index(form)
        return frames.RESPONSE.pack(len(content), status, place, body.size, thread, number) + content

    def _bound(self, memory: int) -> None:
        """Give this query the address space of its class; the hard bound of the process stays."""
        if memory != self._memory:
            self._memory = memory
            confinement.bound_memory(memory)

    def _solutions(self, job: Job, limits: Limits, body: Body) -> int:
        """How many solutions there are; the query is run again where the bytes do not tell. Raises ResultTooLarge."""
        number = body.count(job.media_type.partition(";")[0].strip())
        if number is None:
            number = self._evaluator.count(job.text, limits.rows, job.default_graphs, job.named_graphs)
        if number > limits.rows:
            raise too_many_rows(limits.rows)
        return number


def load(assignment: Assignment) -> Evaluator:
    """Open the version, in memory where it is small enough."""
    if assignment.background:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), LOAD_NICENESS)
    path = Path(assignment.path)
    checkpoint = Checkpoint(Version(assignment.number, path, datetime.now(UTC), 0))
    if not assignment.in_memory:
        evaluator = Evaluator(checkpoint.store)
        evaluator.lease = checkpoint
        return evaluator
    blank_nodes = Layout(path.parent.parent).scratch.exists()
    whole = copy_to_memory(checkpoint.store, blank_nodes=blank_nodes)
    published = copy_of_default(whole)
    allocator.on_large_pages()
    return Evaluator(whole, published)


def main(arguments: list[str]) -> None:
    """Run as a query process; ends when the service closes the channel."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    assignment = Assignment.parse(arguments)
    confinement.die_with(assignment.parent)
    confinement.limit_memory(assignment.memory)
    confined = confinement.deny_network()
    channel = socket.socket(fileno=assignment.channel)
    try:
        evaluator = _load_aside(assignment)
    except (OSError, RuntimeError, ValueError, MemoryError) as error:
        failure = store_error(error, Path(assignment.path))
        channel.sendall(frames.encode_error(failure, 0))
        return
    evaluator.confined = confined
    channel.sendall(frames.RESPONSE.pack(0, Status.READY, int(confined), 0, 0, 0))
    Server(channel, assignment.store, evaluator).serve()


def _load_aside(assignment: Assignment) -> Evaluator:
    """Load in a thread that may be made nicer without making the queries so."""
    outcome: list[Evaluator | Exception] = []

    def attempt() -> None:
        try:
            outcome.append(load(assignment))
        except (OSError, RuntimeError, ValueError, MemoryError) as error:
            outcome.append(error)

    thread = threading.Thread(target=attempt, name="load")
    thread.start()
    thread.join()
    result = outcome[0]
    if isinstance(result, Exception):
        raise result
    return result


if __name__ == "__main__":
    main(sys.argv[1:])
