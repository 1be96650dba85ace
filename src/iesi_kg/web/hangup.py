"""Ends a running query when the client that asked it goes away."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

# Most queries end sooner; only the longer ones pay for a listener.
_PATIENCE = 0.05


class HangUp(Exception):
    """The client closed the connection before its answer was ready; nobody is left to be told."""


async def watched(work: Coroutine[Any, Any, T], receive: Callable[[], Awaitable[Any]]) -> T:
    """The result of ``work``, which is cancelled when ``receive`` reports that the client has gone."""
    task = asyncio.current_task()
    loop = asyncio.get_running_loop()
    listener: asyncio.Task[None] | None = None
    gone = False

    async def listen() -> None:
        nonlocal gone
        while (await receive())["type"] != "http.disconnect":
            pass
        gone = True
        if task is not None:
            task.cancel()

    def start() -> None:
        nonlocal listener
        listener = loop.create_task(listen())

    timer = loop.call_later(_PATIENCE, start)
    try:
        return await work
    except asyncio.CancelledError:
        if gone:
            raise HangUp from None
        raise
    finally:
        timer.cancel()
        if listener is not None:
            listener.cancel()
