"""Turns queries, updates and graphs for one server into terms, for code that waits for each.

One thread of its own runs the requests of any number of callers, so that a time limit holds to the end of an answer.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

from pyoxigraph import Triple

from iesi_kg.errors import StoreError
from iesi_kg.store.base import Solution
from iesi_kg.store.remote import answers
from iesi_kg.store.remote.channel import (
    AGENT,
    BOUNDS,
    NO_DATASET,
    SOLUTIONS,
    Bounds,
    Channel,
    Content,
    Credentials,
    Dataset,
    Reply,
)
from iesi_kg.store.remote.profiles import Location, locate

__all__ = ["Bounds", "Client", "Content", "Credentials", "Dataset"]

T = TypeVar("T")


class Client:
    """The same requests for code that waits: one thread of its own runs them, for any number of callers."""

    def __init__(
        self,
        address: str | Location,
        credentials: Credentials | None = None,
        *,
        agent: str = AGENT,
        connections: int = 8,
    ) -> None:
        self.where = address if isinstance(address, Location) else locate(address)
        self._made = (credentials, agent, connections)
        self._guard = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._channel: Channel | None = None

    def select(self, text: str, dataset: Dataset = NO_DATASET, bounds: Bounds = BOUNDS) -> list[Solution]:
        """Solutions of a SELECT query; unbound variables are absent."""
        return answers.solutions(self.where, self.query(text, (SOLUTIONS,), dataset, bounds))

    def ask(self, text: str, dataset: Dataset = NO_DATASET, bounds: Bounds = BOUNDS) -> bool:
        """The truth of an ASK query."""
        return answers.truth(self.where, self.query(text, (SOLUTIONS,), dataset, bounds))

    def construct(self, text: str, dataset: Dataset = NO_DATASET, bounds: Bounds = BOUNDS) -> list[Triple]:
        """Triples of a CONSTRUCT or DESCRIBE query, each once."""
        return answers.triples(self.where, self.query(text, self.where.profile.graph_types, dataset, bounds))

    def query(self, text: str, accept: Sequence[str], dataset: Dataset = NO_DATASET, bounds: Bounds = BOUNDS) -> Reply:
        """The whole answer to a query in one of the media types asked for."""
        return self._run(self._open().query(text, accept, dataset, bounds))

    def update(self, text: str, bounds: Bounds = BOUNDS) -> None:
        """Have an update done; sent once."""
        self._run(self._open().update(text, bounds))

    def get_graph(self, name: str | None, bounds: Bounds = BOUNDS) -> list[Triple] | None:
        """What a graph holds (None: the default one); None where there is no such graph."""
        reply = self._run(self._open().graph("GET", name, None, bounds))
        return None if reply is None else answers.triples(self.where, reply)

    def put_graph(self, name: str | None, content: Content, bounds: Bounds = BOUNDS) -> None:
        """Have a graph hold this and nothing else."""
        self._run(self._open().graph("PUT", name, content, bounds))

    def post_graph(self, name: str | None, content: Content, bounds: Bounds = BOUNDS) -> None:
        """Have a graph hold this beside what it holds."""
        self._run(self._open().graph("POST", name, content, bounds))

    def delete_graph(self, name: str | None, bounds: Bounds = BOUNDS) -> bool:
        """Have a graph be gone; whether there was one."""
        return self._run(self._open().graph("DELETE", name, None, bounds)) is not None

    def channel(self, connections: int) -> Channel:
        """Connections of their own to the same server by the same account, for another event loop."""
        credentials, agent, _ = self._made
        return Channel(self.where, credentials, agent=agent, connections=connections)

    def close(self) -> None:
        """Close every connection and end the thread."""
        loop, channel = self._taken()
        if loop is not None and channel is not None:
            asyncio.run_coroutine_threadsafe(channel.close(), loop).result()
            loop.call_soon_threadsafe(loop.stop)

    def let_go(self) -> None:
        """The same without waiting: garbage is collected in any thread, that of another client's loop too."""
        loop, channel = self._taken()
        if loop is not None and channel is not None:
            asyncio.run_coroutine_threadsafe(_ended(channel, loop), loop)

    def _taken(self) -> tuple[asyncio.AbstractEventLoop | None, Channel | None]:
        with self._guard:
            found = self._loop, self._channel
            self._loop = self._channel = None
        return found

    def _open(self) -> Channel:
        with self._guard:
            if self._channel is None:
                credentials, agent, connections = self._made
                self._loop = asyncio.new_event_loop()
                self._channel = Channel(self.where, credentials, agent=agent, connections=connections)
                threading.Thread(target=_serve, args=(self._loop,), name="iesi-kg-store", daemon=True).start()
            return self._channel

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        loop = self._loop
        if loop is None:
            work.close()
            raise StoreError("the store was closed meanwhile")
        future = asyncio.run_coroutine_threadsafe(work, loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()  # Ctrl-C in the caller: the request ends too
            raise


async def _ended(channel: Channel, loop: asyncio.AbstractEventLoop) -> None:
    try:
        await channel.close()
    finally:
        loop.stop()


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    try:
        loop.run_forever()
    finally:
        loop.close()
