"""What one serving process asks the others of the same service: their counts, to stop a query, to be at a version."""

from __future__ import annotations

import asyncio
import itertools
from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from iesi_kg.errors import IesiKgError, ServiceBusy
from iesi_kg.store.pools import QueryPool
from iesi_kg.store.workers import Pool
from iesi_kg.web.meter import Meter
from iesi_kg.web.processes.channel import Message
from iesi_kg.web.queries import Queries

LARGEST_CHANGE = 1_000_000
_SECONDS = 5.0
_REACH_SECONDS = 10.0
_FIGURES_SECONDS = 1.0

Handler = Callable[[Message], Awaitable[Message]]


class Fellows(Protocol):
    """The other processes of the service, if there are any."""

    async def stop(self, query: str, secret: str) -> bool: ...

    async def figures(self, meter: Meter, version: int) -> Figures: ...

    async def reach(self, version: int) -> bool: ...

    async def follow(self, version: int, change: bytes, triples: int) -> bool: ...

    def answer(self, handlers: dict[str, Handler]) -> None: ...


@dataclass(frozen=True, slots=True)
class Figures:
    """The counts of the whole service, and the oldest version that is answered from.

    ``processes`` serve now, and ``lost`` of those before them ended without being told to.
    """

    meter: Meter
    version: int
    processes: int = 1
    lost: int = 0


class Nobody:
    """A process that serves alone."""

    async def stop(self, query: str, secret: str) -> bool:
        """Nobody else runs it."""
        return False

    async def figures(self, meter: Meter, version: int) -> Figures:
        """Its own are all."""
        return Figures(meter, version)

    async def reach(self, version: int) -> bool:
        """Nobody lags."""
        return True

    async def follow(self, version: int, change: bytes, triples: int) -> bool:
        """Nobody lags."""
        return True

    def answer(self, handlers: dict[str, Handler]) -> None:
        """Nobody asks."""


class Others:
    """The other processes, asked through the supervisor."""

    def __init__(self, send: Callable[[Message], None]) -> None:
        self._send = send
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[list[Message]]] = {}
        self._handlers: dict[str, Handler] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def answer(self, handlers: dict[str, Handler]) -> None:
        """Answer the others by these."""
        self._handlers = handlers

    def hear(self, message: Message) -> None:
        """A message of the supervisor: an answer, or what another process asks."""
        if "answer" in message:
            future = self._waiting.pop(message["answer"], None)
            if future is not None and not future.done():
                future.set_result(message["found"])
        elif "ask" in message:
            task = asyncio.get_running_loop().create_task(self._reply(message))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def stop(self, query: str, secret: str) -> bool:
        """Whether one of them ran this query and has stopped it."""
        found = await self._ask("stop", _SECONDS, query=query, secret=secret)
        return any(each["stopped"] for each in found)

    async def figures(self, meter: Meter, version: int) -> Figures:
        """The counts of all."""
        found = await self._ask("figures", _FIGURES_SECONDS, meter=meter.told())
        if not found:
            return Figures(meter, version)
        total = Meter(begun=meter.begun)
        total.add(found[0]["meter"])
        return Figures(total, min([version, *found[0]["versions"]]), found[0]["processes"], found[0]["lost"])

    async def reach(self, version: int) -> bool:
        """Wait until all answer on this version or a later one; whether they do."""
        found = await self._ask("reach", _REACH_SECONDS, version=version)
        return all(each["version"] >= version for each in found)

    async def follow(self, version: int, change: bytes, triples: int) -> bool:
        """Have all go on to the next version by a change; whether they did."""
        if len(change) > LARGEST_CHANGE:
            return False
        found = await self._ask("follow", _SECONDS, version=version, change=b64encode(change).decode(), triples=triples)
        return all(each["version"] >= version for each in found)

    async def _ask(self, what: str, seconds: float, **facts: Any) -> list[Message]:  # noqa: ANN401
        number = next(self._numbers)
        future = self._waiting[number] = asyncio.get_running_loop().create_future()
        self._send({"ask": number, "what": what, "seconds": seconds, "facts": facts})
        try:
            return await asyncio.wait_for(future, seconds + 1.0)
        except TimeoutError:
            return []
        finally:
            self._waiting.pop(number, None)

    async def _reply(self, message: Message) -> None:
        found = None  # of a process that is not ready, or cannot
        with suppress(IesiKgError, KeyError):
            found = await self._handlers[message["what"]](message["facts"])
        self._send({"reply": message["ask"], "found": found})


def handlers(queries: Queries, pool: QueryPool, meter: Meter) -> dict[str, Handler]:
    """How a process answers the others."""

    async def stop(facts: Message) -> Message:
        return {"stopped": queries.stopped(facts["query"], facts["secret"])}

    async def figures(facts: Message) -> Message:
        return {"meter": meter.told(), "version": pool.version}

    async def reach(facts: Message) -> Message:
        with suppress(ServiceBusy):
            await pool.reach(facts["version"], _REACH_SECONDS - 1.0)
        return {"version": pool.version}

    async def follow(facts: Message) -> Message:
        if isinstance(pool, Pool) and pool.can_advance(facts["version"], facts["triples"]):
            pool.advance(facts["version"], b64decode(facts["change"]), facts["triples"])
        return {"version": pool.version}

    return {"stop": stop, "figures": figures, "reach": reach, "follow": follow}
