"""Runs the web application of one process: takes connections, drains when it is told to leave, and ends within a bound.

A process that leaves takes no new connection. Each open one ends with the answer to its next request (RFC 9112 section
9.6), or when it has rested as long as any may; nobody meets a closed door.
"""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from typing import Any

import uvicorn

from iesi_kg.errors import StartError
from iesi_kg.settings import Settings
from iesi_kg.web.app import Application, create_app
from iesi_kg.web.processes.door import Door
from iesi_kg.web.processes.post import Post
from iesi_kg.web.processes.sharing import portion
from iesi_kg.web.strict import proxies
from iesi_kg.web.wire import Crowd, protocol

_LOOK_SECONDS = 0.02
_LAST_SECONDS = 3  # for what is cancelled to end

Facts = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a process serves; ``begun`` is called when it has started, where no supervisor is told."""

    listener: socket.socket
    post: Post | None
    begun: Callable[[Facts], None]


class Service(uvicorn.Server):
    """One serving process; ``crowd`` are its connections."""

    def __init__(self, config: uvicorn.Config, app: Application, crowd: Crowd, place: Place) -> None:
        super().__init__(config)
        self._app, self._crowd = app, crowd
        self._listener, self._post, self._begun = place.listener, place.post, place.begun
        self._door: Door | None = None
        self._leaving: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets=[self._listener] if self._post is None else [])
        gc.freeze()  # what the start has made stays: no collection need walk through it again
        if self._post is None:
            self._begun({"confined": self._app.confined})
        else:
            await self._open(self._post)

    async def _open(self, post: Post) -> None:
        """Take connections once the answers are not older than what others of the service have acknowledged."""
        version = await post.begin(self._leave, confined=self._app.confined)
        await self._app.catch_up(version)
        self._door = Door(self._listener, self._protocol, post.commons, post.assignment.seat)
        self._crowd.told = self._door.count
        self._door.open()
        post.serving(self._app.meter)

    def _protocol(self) -> asyncio.Protocol:
        kind: Any = self.config.http_protocol_class
        made: asyncio.Protocol = kind(self.config, self.server_state, self.lifespan.state, self._loop)
        return made

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Ctrl-C ends at once; SIGTERM gives what is under way its time, a second one none."""
        if sig == signal.SIGTERM and self.started and self._leaving is None:
            self._captured_signals.append(sig)
            self._loop.call_soon_threadsafe(self._leave, self._app.settings.stop_seconds, True)
        else:
            super().handle_exit(sig, frame)

    def _leave(self, seconds: float, stopping: bool) -> None:
        """Take nothing new, and end when all is answered or the time is over; ``stopping``: nobody serves after."""
        if self._leaving is not None:
            self._leaving.cancel()
        self._crowd.leaving = True
        self._close_door()
        if stopping:
            for connection in list(self.server_state.connections):
                connection.shutdown()
        self._leaving = self._loop.create_task(self._drain(seconds))

    async def _drain(self, seconds: float) -> None:
        end = self._loop.time() + seconds
        while self._loop.time() < end and (self._crowd.wires or (self._door is not None and self._door.arriving)):
            await asyncio.sleep(_LOOK_SECONDS)
        self.should_exit = True

    def _close_door(self) -> None:
        if self._door is not None:
            self._door.close()
            return
        for server in self.servers:
            server.close()
        self._listener.close()  # else the kernel would let clients in that nobody answers

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._close_door()
        await self._app.stop()
        await super().shutdown(sockets=sockets)
        if self._post is not None:
            await self._post.end(self._app.meter.told())


def serve(settings: Settings, place: Place) -> None:
    """Serve until a signal, or the supervisor, ends it. Raises what keeps the service from starting."""
    trusted, post = proxies(settings), place.post
    if post is None:
        app = create_app(settings)
    else:
        app = create_app(portion(settings, post.assignment.processes), post.sharing)
    wires = protocol(app.settings, app.repeats, app.shortcut)
    config = uvicorn.Config(
        app,
        http=wires,
        ws="none",
        access_log=False,
        log_level="warning",
        lifespan="on",
        timeout_graceful_shutdown=_LAST_SECONDS,
        server_header=False,
        proxy_headers=bool(trusted),
        forwarded_allow_ips=trusted,
    )
    service = Service(config, app, wires.crowd, place)
    service.run()
    if not service.started:
        raise app.failure or StartError("the service did not start", hint="the lines above say why")
