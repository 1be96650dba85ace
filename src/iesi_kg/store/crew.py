"""Keeps query processes standing on the current version: starts, replaces, retires and switches them.

A new version is loaded by new processes in the background; once enough of them are ready all queries go to them.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from math import inf

from iesi_kg.errors import IesiKgError, StartError, WorkerLost
from iesi_kg.store.child import Child, State
from iesi_kg.store.versions import Layout, Version, current_stamp, open_current, read_current

WATCH_SECONDS = 0.25
SURPLUS_SECONDS = 60.0
START_SECONDS = 120.0
BYTES_PER_TRIPLE = 1_000
# The engine in memory keeps every quad that left: a process is replaced when it has followed so many bytes of changes.
WORN_BYTES = 20_000_000
WORN_BYTES_PER_TRIPLE = 40
CALM_DEATHS = 8
CALM_SECONDS = 10.0
PAUSE_SECONDS = 0.5
LOAD_ATTEMPTS = 3
LONGEST_PAUSE_SECONDS = 30.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Staffing:
    """How many processes serve quick queries, and what each may take.

    A version of at most ``in_memory`` triples is copied into memory when half of ``memory`` holds it.
    """

    workers: int
    memory: int
    in_memory: int

    def fits_in_memory(self, version: Version) -> bool:
        """Whether a process copies the version into memory."""
        return version.triples <= min(self.in_memory, self.memory // 2 // BYTES_PER_TRIPLE)


class Crew:
    """The query processes of one store folder.

    ``on_idle`` is called when a process has become free, ``on_loss`` when one is lost that was in use.
    """

    def __init__(
        self, layout: Layout, staffing: Staffing, on_idle: Callable[[], None], on_loss: Callable[[Child], None]
    ) -> None:
        self.version: Version | None = None  # what queries are answered on
        self.children: set[Child] = set()
        self.idle: list[Child] = []
        self.closed = False
        self.changing = False  # while a change of ours is made, its checkpoint is not news
        self._layout = layout
        self._staffing = staffing
        self._on_idle = on_idle
        self._on_loss = on_loss
        self._target: Version | None = None  # what is being loaded, else the same
        self._base: Version | None = None  # a checkpoint; with the changes after it, it is the current version
        self._changes: list[tuple[int, bytes]] = []
        self._advanced = -1
        self._stamp = (0, 0)
        self._fresh: list[Child] = []  # ready on the target, before the switch
        self._ends: deque[float] = deque(maxlen=CALM_DEATHS)
        self._failed_loads = 0
        self._given_up = 0  # how often in a row a new version was left alone
        self._look_again = inf  # when a version that was left alone is tried once more
        self._burials: set[asyncio.Task[None]] = set()
        self._watcher: asyncio.TimerHandle | None = None
        self._pause: asyncio.TimerHandle | None = None

    def can_advance(self, number: int, triples: int) -> bool:
        """Whether a change can lead to this version: from the one before, by processes with copies of their own."""
        version = self.version
        if version is None or self.switching or version.number != number - 1:
            return False
        return all(self._staffing.fits_in_memory(each) for each in (version, replace(version, triples=triples)))

    @property
    def switching(self) -> bool:
        """Whether another version is being loaded."""
        return self._target is not self.version

    def advance(self, number: int, frame: bytes, triples: int) -> None:
        """Have every process go on to the next version by a change, those included that are still loading."""
        old = self.version
        if old is None or self._target is not old:
            raise WorkerLost("the query processes are at another version than the change begins with")
        self.version = self._target = replace(old, number=number, triples=triples)
        self._base = self._base or old
        self._changes.append((number, frame))
        self._advanced = number
        for child in self.children:
            if child.version is old:
                child.advance(self.version, frame)

    def rebase(self, version: Version) -> None:
        """Begin new processes with this checkpoint and the changes made since; one still ahead is left to the watch."""
        if self.version is None or version.number > self.version.number:
            return
        self._base = version
        self._changes = [(number, frame) for number, frame in self._changes if number > version.number]

    async def start(self) -> None:
        """Start the processes and wait until they can answer; raises what keeps them from it."""
        self._loop = asyncio.get_running_loop()
        self._stamp = current_stamp(self._layout)
        self._target = open_current(self._layout).version
        self._started: asyncio.Future[None] = self._loop.create_future()
        self.maintain()
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
        """End every process and wait until all are gone."""
        self.closed = True
        for timer in (self._watcher, self._pause):
            if timer is not None:
                timer.cancel()
        for child in list(self.children):
            self.discard(child)
        while self._burials:
            await asyncio.gather(*self._burials)

    def rest(self, child: Child) -> None:
        """A process is free for the next query."""
        child.state = State.IDLE
        child.idle_since = self._loop.time()
        self.idle.append(child)
        self._on_idle()

    def discard(self, child: Child) -> None:
        """Kill a process and have another take its place."""
        if child not in self.children:
            return
        self.children.discard(child)
        for shelf in (self.idle, self._fresh):
            if child in shelf:
                shelf.remove(child)
        if child.state in {State.GRANTED, State.BUSY}:
            self._on_loss(child)
        child.kill()
        task = self._loop.create_task(self._bury(child))
        self._burials.add(task)
        task.add_done_callback(self._burials.discard)
        self.maintain()
        self._on_idle()

    async def _bury(self, child: Child) -> None:
        cause = await child.reap()
        if child.future is not None and not child.future.done():
            child.future.set_exception(cause)
        if not child.loaded and child.version is self._target and not self.closed:
            self._fail_load(cause)

    def maintain(self, *, rested: bool = False) -> None:
        """Start what is missing: for each lane its processes and one spare, and no faster than is sane."""
        if self.closed or self._pause is not None or self._target is None:
            return
        pause = 0.0 if rested else self._needed_pause()
        if pause:
            self._pause = self._loop.call_later(pause, self._resume)
            return
        if self.version is not None:
            spare = 1 if self.version is self._target else 0
            self._staff(self.version, spare)
        if self.version is not self._target:
            self._staff(self._target, 0)

    def _staff(self, version: Version, spare: int) -> None:
        crew = [child for child in self.children if child.version is version and not child.slow]
        for _ in range(self._staffing.workers + spare - len(crew)):
            in_memory = self._staffing.fits_in_memory(version)
            start, changes = (self._base, self._changes) if self._base and version is self.version else (version, [])
            try:
                child = Child(start, self._staffing.memory, in_memory=in_memory, background=self.version is not None)
            except OSError as error:
                self._do_without(error)
                return
            child.listen(self._on_ready, self.end)
            for _, frame in changes:
                child.advance(version, frame)
            child.version = version
            self.children.add(child)

    def _do_without(self, error: OSError) -> None:
        """The machine has no process or no file to give now: the others go on, and it is tried again."""
        if self.version is None and not self._started.done():
            self._started.set_exception(StartError(f"no query process can be started: {error.strerror}"))
            return
        log.warning("no query process can be started now: %s", error.strerror)
        if self._pause is None:
            self._pause = self._loop.call_later(PAUSE_SECONDS, self._resume)

    def _needed_pause(self) -> float:
        """A pause when processes end in quick succession, so that a crash loop does not spin."""
        if self._failed_loads:
            return min(PAUSE_SECONDS * self._failed_loads, LONGEST_PAUSE_SECONDS)
        hasty = len(self._ends) == CALM_DEATHS and self._loop.time() - self._ends[0] < CALM_SECONDS
        return PAUSE_SECONDS if hasty else 0.0

    def _resume(self) -> None:
        self._pause = None
        self._ends.clear()
        self.maintain(rested=True)

    def _on_ready(self, child: Child) -> None:
        loading, child.loaded = not child.loaded, True
        if loading:
            self._failed_loads = child.followed = 0
        if child.version is self.version:
            self.rest(child)
        elif child.version is self._target and loading:
            child.state = State.IDLE
            self._fresh.append(child)
            if len(self._fresh) >= self._staffing.workers:
                self._switch()
        else:
            self.discard(child)

    def end(self, child: Child) -> None:
        """A process died, or must die because of what its query does: not to happen too often."""
        self._ends.append(self._loop.time())
        self.discard(child)

    def _switch(self) -> None:
        """From here on queries are answered on the target; those under way finish on the version they began on."""
        self.version, old = self._target, self.idle
        self._base, self._changes = None, []
        self.idle, self._fresh = self._fresh, []
        self._failed_loads = self._given_up = 0
        self._look_again = inf
        for child in old:
            self.discard(child)
        if not self._started.done():
            self._started.set_result(None)
        self._on_idle()
        self.maintain()

    def _watch(self) -> None:
        self._watcher = self._loop.call_later(WATCH_SECONDS, self._watch)
        self._retire_surplus()
        self._retire_worn()
        if self.changing:
            return
        stamp = current_stamp(self._layout)
        due = stamp != self._stamp or self._loop.time() >= self._look_again
        if not due or self.switching:
            return
        self._stamp, self._look_again = stamp, inf
        self._aim()

    def _aim(self) -> None:
        """Begin to load the version that is current now, when it is another than the one in hand."""
        try:
            version = read_current(self._layout)
        except IesiKgError as error:
            log.warning("the new version cannot be read yet: %s", error.detail)
            self._try_later()
            return
        if version.number <= self._advanced:  # a checkpoint of what the processes have got by changes
            self.rebase(version)
        elif self.version is None or version.number != self.version.number:
            self._target, self._failed_loads = version, 0
            for child in [c for c in self.children if c.version not in {self.version, version}]:
                if child.state in {State.LOADING, State.IDLE}:
                    self.discard(child)
            self.maintain()

    def _fail_load(self, cause: IesiKgError) -> None:
        """A process could not load the target: it may have been pruned by now, or be damaged."""
        self._failed_loads += 1
        if self._failed_loads < LOAD_ATTEMPTS or not self.switching:  # what is served now is never given up
            self.maintain()
        elif not self._started.done():
            self._started.set_exception(cause)
        else:
            log.warning("version %s cannot be served: %s", self._target and self._target.number, cause.detail)
            abandoned, self._target, self._failed_loads = self._target, self.version, 0
            for child in [child for child in self.children if child.version is abandoned]:
                self.discard(child)
            self._try_later()

    def _try_later(self) -> None:
        """Look at the same version once more, after a pause that grows: what kept it from loading may pass."""
        self._given_up += 1
        pause = min(PAUSE_SECONDS * 2**self._given_up, LONGEST_PAUSE_SECONDS)
        self._look_again = self._loop.time() + pause

    def _retire_surplus(self) -> None:
        long_idle = self._loop.time() - SURPLUS_SECONDS
        if len(self.idle) > self._staffing.workers + 1 and self.idle[0].idle_since < long_idle:
            self.discard(self.idle[0])

    def _retire_worn(self) -> None:
        """Replace one idle process that has followed many changes, when all others are ready."""
        if self.version is None or not all(child.loaded for child in self.children):
            return
        most = max(WORN_BYTES, WORN_BYTES_PER_TRIPLE * self.version.triples)
        worn = next((child for child in self.idle if child.followed > most), None)
        if worn is not None:
            self.discard(worn)
