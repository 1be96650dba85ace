"""Turns query jobs into answers of another server: limits that hold, one version per answer, nothing half believed.

What a stranger may ask of the server is settled and bounded before it leaves; what comes back is read to its end, and
counts for a version only if that version still stands afterwards. Who goes away takes his request along.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol

from iesi_kg.errors import BackendTimeout, IesiKgError, QueryRefused, QueryTimeout, ResultTooLarge, ServiceBusy
from iesi_kg.records import Answer
from iesi_kg.store import dataset
from iesi_kg.store.evaluation import Dataset as Named
from iesi_kg.store.frames import Job, Limits
from iesi_kg.store.lexis import tokens
from iesi_kg.store.line import Line
from iesi_kg.store.plain import Plain
from iesi_kg.store.remote import dialect, standing
from iesi_kg.store.remote.channel import SOLUTIONS, Bounds, Channel, Dataset
from iesi_kg.store.remote.client import Client
from iesi_kg.store.remote.places import Places
from iesi_kg.store.remote.wording import dataset as scope
from iesi_kg.store.remote.wording import worded
from iesi_kg.store.remote.writing import too_many_bytes, written
from iesi_kg.store.settling import settled

LOOK_SECONDS = 1.0
QUEUE_SECONDS = 10.0
TICK_SECONDS = 0.05
NOBODY = "urn:x-iesi-kg:none"  # a graph that is not there: an empty dataset must not read as "the usual one"
_TRIES = 3
_ROOM = 2  # what comes is written more widely than what is asked for

log = logging.getLogger(__name__)


class Standing(Protocol):
    """A version."""

    @property
    def number(self) -> int: ...


class ServerStore(Protocol):
    """The store on the server, as far as queries need it."""

    @property
    def client(self) -> Client: ...

    @property
    def places(self) -> Places: ...

    def current(self) -> Standing:
        """The version that stands now, asked of the server."""
        ...

    def finish_left(self) -> None:
        """Finish a change that was cut, where nobody is at it."""
        ...


class RemotePool:
    """Queries to the server of a store, ``parallel`` at a time; at most ``queue`` wait for their turn."""

    def __init__(self, store: ServerStore, *, parallel: int = 8, queue: int = 64) -> None:
        self._store = store
        self._channel: Channel
        self._free = self._parallel = parallel
        self._most = max(1, parallel - 1) if parallel > 1 else 1
        self._line = Line[None](queue, "connection was free")
        self._callers: Counter[str] = Counter()
        self._running: set[asyncio.Task[Any]] = set()
        self._known: tuple[int, Sequence[str]] = (-1, ())
        self._number = 0
        self._looking = asyncio.Lock()
        self._begun = self._seen = 0  # looks at the version: begun, and the last that came back
        self._watch: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def version(self) -> int:
        """The version that a query sent now is answered on."""
        return self._number

    @property
    def confined(self) -> bool:
        """No query is evaluated in this process or by one of it; SERVICE never leaves."""
        return True

    @property
    def rewritable(self) -> bool:
        """As the profile of the product says."""
        return self._store.client.where.profile.rewritable

    async def start(self) -> None:
        """Ask the server which version stands. Raises StoreError."""
        self._loop = asyncio.get_running_loop()
        self._channel = self._store.client.channel(self._parallel)
        await self._stands()
        self._watch = self._loop.create_task(self._follow())

    async def close(self) -> None:
        """End every request; who still waits is told that the service is stopping."""
        self._closed = True
        self._line.dissolve(ServiceBusy("the service is stopping"))
        tasks = [*self._running, *([self._watch] if self._watch is not None else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if hasattr(self, "_channel"):
            await self._channel.close()

    async def reach(self, number: int, seconds: float) -> None:
        """Wait until jobs are answered on this version or a later one. Raises ServiceBusy, StoreError."""
        deadline = asyncio.get_running_loop().time() + seconds
        while self._number < number and await self._stands() < number:
            if self._loop.time() >= deadline or self._closed:
                raise ServiceBusy("the server of the data does not show the newest version yet")
            await asyncio.sleep(TICK_SECONDS)

    def at_once(self, query: Plain, media_type: str, limits: Limits) -> Answer | None:
        """No query is answered without the server."""
        return None

    async def run(self, job: Job, limits: Limits) -> Answer:
        """The answer to a query, or the error that says which limit it met.

        Cancelling the call closes the connection on which the server was asked.
        """
        asked = self._loop.time()
        async with self._turn(job.caller, min(limits.seconds, QUEUE_SECONDS)):
            begun = self._loop.time()
            try:
                return await self._task(self._answer(job, limits, asked, begun))
            except BackendTimeout as error:
                raise QueryTimeout(
                    f"the query was stopped after {self._loop.time() - begun:.1f} seconds",
                    limit_seconds=limits.seconds,
                    elapsed_seconds=round(self._loop.time() - begun, 3),
                ) from error

    async def _answer(self, job: Job, limits: Limits, asked: float, begun: float) -> Answer:
        for _ in range(_TRIES):
            version = self._number
            left = limits.seconds - (self._loop.time() - begun)
            if left <= 0:
                raise BackendTimeout("the version changed each time while the server was asked")
            text, asked_of = await asyncio.to_thread(self._phrased, job, version)
            accept = self._channel.where.profile.graph_types if dialect.form(text) in dialect.GRAPHS else (SOLUTIONS,)
            try:
                reply = await self._channel.query(text, accept, asked_of, Bounds(left, _ROOM * limits.bytes))
            except ResultTooLarge as error:
                raise too_many_bytes(limits) if error.members.get("limit") == "bytes" else error from None
            form, body, number = await asyncio.to_thread(
                written, self._channel.where, settled(job.text), reply, job.media_type, limits
            )
            if await self._stands() == version:
                return Answer(form, job.media_type, body, version, number, self._loop.time() - begun, begun - asked)
        raise ServiceBusy("the graph changed each time while the query ran", hint="try again in a moment")

    def _phrased(self, job: Job, version: int) -> tuple[str, Dataset]:
        """The text and the dataset to send. Raises QueryRefused."""
        text = settled(job.text)
        self._check(text)
        bare, own = dataset.apart(text)
        given = Named(job.default_graphs, job.named_graphs) if job.default_graphs or job.named_graphs else own
        if given is None:
            places = self._store.places
            return worded(bare, places), scope(bare, places, lambda: self._graphs(version))
        known = set(self._graphs(version))
        default, named = (
            [name for name in dict.fromkeys(names) if name in known] for names in (given.default, given.named)
        )
        profile = self._channel.where.profile
        if len(default) > 1 and not profile.merges:
            raise QueryRefused(
                f"{profile.title} counts a statement twice that stands in two graphs of FROM",
                hint="name one graph, or none: the default graph holds everything published, each statement once",
            )
        return bare, Dataset(default or (NOBODY,), named or (NOBODY,))

    def _graphs(self, version: int) -> Sequence[str]:
        """The named graphs of the store: what others keep on the same server is none of a stranger's business."""
        if self._known[0] != version:
            self._known = (version, [graph.value for graph in standing.named(self._store.client, self._store.places)])
        return self._known[1]

    def _check(self, text: str) -> None:
        """Refuse what the product understands beyond the standard, and what opens connections."""
        forbidden = self._channel.where.profile.forbidden
        words = {"SERVICE", "LOAD", *(each for each in forbidden if ":" not in each)}
        starts = tuple(each for each in forbidden if ":" in each)
        for token in tokens(text):
            name = token.text.removeprefix("<") if token.kind == "iri" else token.text
            name = dialect.plain(name)
            if token.word in words or (token.kind in ("iri", "name") and starts and name.lower().startswith(starts)):
                raise QueryRefused(
                    f"{token.text[:40]} is not sent to {self._channel.where.profile.title}",
                    hint="the endpoint answers SPARQL 1.1; what a product adds to it is not open to strangers",
                    keyword=token.text[:40],
                )

    async def _stands(self) -> int:
        """The version that stands, asked of the server after this call began; who asks at the same time shares it."""
        wanted = self._begun + 1
        async with self._looking:
            if self._seen < wanted:
                self._begun = look = self._begun + 1
                self._number = (await asyncio.to_thread(self._store.current)).number
                self._seen = look
            return self._number

    async def _follow(self) -> None:
        """Know a version that another process made, even while nobody asks; finish a change that was cut."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self._stands()
                await asyncio.to_thread(self._store.finish_left)
            except IesiKgError as error:
                log.info("the version of the store is not known now: %s", error.detail)

    async def _task(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        """Do the work so that closing the pool ends it."""
        if self._closed:
            work.close()
            raise ServiceBusy("the service is stopping")
        task = self._loop.create_task(work)
        self._running.add(task)
        try:
            return await task
        except asyncio.CancelledError:
            if self._closed:
                raise ServiceBusy("the service is stopping") from None
            raise
        finally:
            task.cancel()
            self._running.discard(task)

    @asynccontextmanager
    async def _turn(self, caller: str, seconds: float) -> AsyncIterator[None]:
        """One of the connections, after those who came before; a caller leaves one to the others."""
        if self._closed:
            raise ServiceBusy("the service is stopping")
        if not self._free or len(self._line) or (caller and self._callers[caller] >= self._most):
            await self._wait(caller, seconds)
        else:
            self._take(caller)
        try:
            yield
        finally:
            self._callers[caller] -= 1
            if not self._callers[caller]:
                del self._callers[caller]
            self._free += 1
            self._grant()

    def _take(self, caller: str) -> None:
        self._free -= 1
        self._callers[caller] += 1

    async def _wait(self, caller: str, seconds: float) -> None:
        place = self._line.join(caller)
        timer = self._loop.call_later(seconds, self._line.give_up, place, seconds)
        self._grant()
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled() and place.exception() is None:
                self._free += 1
                self._callers[caller] -= 1
                self._grant()
            raise
        finally:
            timer.cancel()
            self._line.leave(place)

    def _grant(self) -> None:
        full = {caller for caller, number in self._callers.items() if caller and number >= self._most}
        while self._free and (place := self._line.next(full)) is not None:
            caller = self._line.caller(place)
            if caller in full:
                return
            self._line.leave(place)
            self._take(caller)
            place.set_result(None)
            if caller and self._callers[caller] >= self._most:
                full.add(caller)
