"""Ends a running query when the client that asked it goes away, or stops it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from iesi_kg.errors import QueryStopped
from iesi_kg.web.queries import Running

T = TypeVar("T")

# Most queries end sooner; only the longer ones pay for a listener.
_PATIENCE = 0.05


class HangUp(Exception):
    """The client closed the connection before its answer was ready; nobody is left to be told."""


class _Listener:
    """Waits for the end of the connection beside the work of one task."""

    __slots__ = ("gone", "loop", "receive", "task", "work")

    def __init__(self, receive: Callable[[], Awaitable[Any]], loop: asyncio.AbstractEventLoop) -> None:
        self.receive = receive
        self.loop = loop
        self.work = asyncio.current_task(loop)  # without the loop it would ask the kernel who it is
        self.task: asyncio.Task[None] | None = None
        self.gone = False

    def start(self) -> None:
        self.task = self.loop.create_task(self.listen())

    async def listen(self) -> None:
        while (await self.receive())["type"] != "http.disconnect":
            pass
        self.gone = True
        self.cancel()

    def cancel(self) -> None:
        if self.work is not None:
            self.work.cancel()


async def watched(
    work: Coroutine[Any, Any, T],
    receive: Callable[[], Awaitable[Any]],
    loop: asyncio.AbstractEventLoop | None = None,
    running: Running | None = None,
) -> T:
    """The result of ``work``, which is cancelled when the client has gone or stops it.

    Raises HangUp or QueryStopped in that case.
    """
    listener = _Listener(receive, loop or asyncio.get_running_loop())
    if running is not None:
        running.cancel = listener.cancel
    timer = listener.loop.call_later(_PATIENCE, listener.start)
    try:
        return await work
    except asyncio.CancelledError:
        if running is not None and running.stopped:
            raise QueryStopped("the query was stopped by whoever asked it", query=running.id) from None
        if listener.gone:
            raise HangUp from None
        raise
    finally:
        timer.cancel()
        if listener.task is not None:
            listener.task.cancel()
