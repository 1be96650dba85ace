"""The place of one serving process under its supervisor: what it tells and what it hears."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any

from iesi_kg.errors import StartError
from iesi_kg.web.meter import Meter
from iesi_kg.web.processes.assignment import Assignment
from iesi_kg.web.processes.channel import Channel, Message
from iesi_kg.web.processes.commons import Commons
from iesi_kg.web.processes.fellows import Others
from iesi_kg.web.processes.sharing import Sharing, shared

_TELL_SECONDS = 1.0


class Post:
    """A serving process as its supervisor sees it; ``leave`` is called with the seconds it has, and why."""

    def __init__(self, assignment: Assignment) -> None:
        self.assignment = assignment
        self.commons = Commons(assignment.commons)
        self.others = Others(self.send)
        self.sharing: Sharing = shared(self.commons, assignment.seat, self.others)
        self._channel: Channel
        self._serve: asyncio.Future[int]
        self._hearing: asyncio.Task[None] | None = None
        self._telling: asyncio.Task[None] | None = None

    def send(self, message: Message) -> None:
        """Tell the supervisor."""
        self._channel.send(message)

    async def begin(self, leave: Callable[[float, bool], None], **facts: Any) -> int:  # noqa: ANN401
        """Say that this process has started; returns the version that it must answer on before it serves.

        Raises StartError when nobody is there to say so.
        """
        self._channel = await Channel.on(socket.socket(fileno=self.assignment.channel))
        self._serve = asyncio.get_running_loop().create_future()
        self._hearing = asyncio.get_running_loop().create_task(self._hear(leave))
        self.send({"say": "started", **facts})
        return await self._serve

    def serving(self, meter: Meter) -> None:
        """Say that connections are taken, and from now on what is counted, so that no count dies with it."""
        self.send({"say": "serving"})
        self._telling = asyncio.get_running_loop().create_task(self._tell(meter))

    async def _tell(self, meter: Meter) -> None:
        while True:
            await asyncio.sleep(_TELL_SECONDS)
            self.send({"figures": meter.told()})

    async def end(self, figures: Message) -> None:
        """Tell the last counts, and hear no more."""
        if self._hearing is None:
            return
        self._hearing.cancel()
        if self._telling is not None:
            self._telling.cancel()
        self.send({"figures": figures})
        await self._channel.finish()

    async def _hear(self, leave: Callable[[float, bool], None]) -> None:
        while (message := await self._channel.receive()) is not None:
            wanted = message.get("do")
            if wanted == "serve":
                self._serve.set_result(int(message["version"]))
            elif wanted in ("leave", "stop"):
                leave(float(message["seconds"]), wanted == "stop")
            else:
                self.others.hear(message)
        if not self._serve.done():
            self._serve.set_exception(StartError("the process that started this one has ended"))
        leave(0.0, True)  # nobody is there who would replace this process
