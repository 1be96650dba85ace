"""Bounds how long a client may keep its connection: slow senders, slow readers, silent crowds.

What a request may look like is the affair of ``strict``; this only watches the clock. Whoever stalls is told 408 where
nothing was answered yet (RFC 9110 section 15.5.9), and is cut off.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from enum import Enum, auto
from typing import Any

from iesi_kg.settings import Settings
from iesi_kg.web.strict import Strict

_SWEEP_SECONDS = 0.5
_LINGER_SECONDS = 1.0
_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\ncache-control: no-store\r\nconnection: close\r\n\r\n"
_PACE = 1_000  # bytes a second that a client must send or take once its time for a pause is used up


class _Phase(Enum):
    """What a connection is at."""

    HEAD = auto()
    BODY = auto()
    ANSWER = auto()
    REFUSED = auto()


class Transport(asyncio.Transport):
    """Sends the head of an answer together with its body: one system call and one packet instead of two."""

    def __init__(self, wire: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._wire = wire
        self._loop = loop
        self._held = b""
        self.written = 0

    def write(self, data: Any) -> None:  # noqa: ANN401  (any buffer)
        self.written += len(data)
        if self._held:
            held, self._held = self._held, b""
            if data:
                self._wire.writelines((held, data))
            else:
                self._wire.write(held)
        elif data[:9] == b"HTTP/1.1 " and data[9:10] != b"1" and data[-4:] == b"\r\n\r\n":
            self._held = data
            self._loop.call_soon(self.flush)
        else:
            self._wire.write(data)

    def writelines(self, list_of_data: Iterable[Any]) -> None:
        self.write(b"".join(list_of_data))

    def flush(self) -> None:
        """Send a head that no body followed at once."""
        if self._held:
            held, self._held = self._held, b""
            if not self._wire.is_closing():
                self._wire.write(held)

    def can_write_eof(self) -> bool:
        return self._wire.can_write_eof()

    def write_eof(self) -> None:
        self.flush()
        self._wire.write_eof()

    def close(self) -> None:
        self.flush()
        self._wire.close()

    def abort(self) -> None:
        self._held = b""
        self._wire.abort()

    def is_closing(self) -> bool:
        return self._wire.is_closing()

    def get_extra_info(self, name: str, default: Any = None) -> Any:  # noqa: ANN401
        return self._wire.get_extra_info(name, default)

    def get_write_buffer_size(self) -> int:
        return self._wire.get_write_buffer_size() + len(self._held)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self._wire.set_write_buffer_limits(high, low)

    def pause_reading(self) -> None:
        self._wire.pause_reading()

    def resume_reading(self) -> None:
        self._wire.resume_reading()


class Crowd:
    """The open connections of one service, oldest first, looked at by one timer."""

    def __init__(self) -> None:
        self.wires: dict[Wire, None] = {}
        self._sweeping = False

    def join(self, wire: Wire, loop: asyncio.AbstractEventLoop) -> None:
        """Watch one more."""
        self.wires[wire] = None
        if not self._sweeping:
            self._sweeping = True
            loop.call_later(_SWEEP_SECONDS, self._sweep, loop)

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for wire in list(self.wires):
            wire.check(now)
        self._sweeping = bool(self.wires)
        if self._sweeping:
            loop.call_later(_SWEEP_SECONDS, self._sweep, loop)


class Wire(Strict):
    """One connection under watch; made a class of its own per service by ``protocol``."""

    seconds = 10.0
    most_connections = 800
    crowd: Crowd

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.phase = _Phase.HEAD
        self.since = self.loop.time()
        self.got = 0
        self.stuck: tuple[float, int] | None = None
        self.outgoing = Transport(transport, self.loop)
        self.answered = 0
        if len(self.crowd.wires) >= self.most_connections:
            self._make_room()
        self.crowd.join(self, self.loop)
        super().connection_made(self.outgoing)

    def connection_lost(self, exc: Exception | None) -> None:
        self.crowd.wires.pop(self, None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.phase is _Phase.REFUSED:
            return
        self.got += len(data)
        super().data_received(data)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.phase = _Phase.HEAD
        self.since = self.loop.time()
        self.answered = self.outgoing.written

    def on_headers_complete(self) -> None:
        self.phase = _Phase.BODY
        self.since, self.got = self.loop.time(), 0
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self.phase = _Phase.ANSWER
        self.got = 0
        super().on_message_complete()

    def pause_writing(self) -> None:
        self.stuck = (self.loop.time(), self.outgoing.get_write_buffer_size())
        super().pause_writing()

    def resume_writing(self) -> None:
        self.stuck = None
        super().resume_writing()

    def check(self, now: float) -> None:
        """Cut the connection off when its client stalls."""
        if self.stuck is not None:
            since, size = self.stuck
            left = self.outgoing.get_write_buffer_size()
            if now - since > self.seconds:
                if size - left < _PACE * self.seconds:
                    self.outgoing.abort()
                else:
                    self.stuck = (now, left)
        if self.phase is _Phase.ANSWER:
            return
        if self.phase is _Phase.REFUSED:
            if now - self.since > _LINGER_SECONDS:
                self.outgoing.abort()
            return
        grace = self.seconds + (self.got / _PACE if self.phase is _Phase.BODY else 0.0)
        if now - self.since > grace:
            self.refuse()

    def refuse(self) -> None:
        """Say why where nothing was answered yet, and close.

        What still arrives is thrown away for a moment: to close on unread bytes would take the reason from the client.
        """
        self.phase, self.since = _Phase.REFUSED, self.loop.time()
        if self.outgoing.written == self.answered:
            self.outgoing.write(_TOO_SLOW)
            self.outgoing.flush()
            self.outgoing.write_eof()
        else:
            self.outgoing.close()

    def _make_room(self) -> None:
        """Cut off whoever takes longest over sending a request; where all others are served, the newcomer."""
        slowest = next((wire for wire in self.crowd.wires if wire.phase is _Phase.HEAD), self)
        slowest.outgoing.abort()


def protocol(settings: Settings) -> type[Wire]:
    """The protocol of a service with these settings, for ``uvicorn.Config(http=...)``."""

    class Bounded(Wire):
        header_bytes = settings.header_bytes
        seconds = settings.client_seconds
        most_connections = settings.connections
        crowd = Crowd()

    return Bounded
