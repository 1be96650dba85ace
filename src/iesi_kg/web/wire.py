"""Bounds how long a client may keep its connection: slow senders, slow readers, silent crowds.

What a request may look like is the affair of ``strict``; this only watches the clock. Whoever stalls is told 408 where
nothing was answered yet (RFC 9110 section 15.5.9), and is cut off.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import Enum, auto

from iesi_kg.settings import Settings
from iesi_kg.web.exchange import Exchange
from iesi_kg.web.repeats import Repeats, Reply
from iesi_kg.web.shortcut import Manner, Shortcut
from iesi_kg.web.strict import Strict

_SWEEP_SECONDS = 0.5
_LINGER_SECONDS = 1.0
_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\ncache-control: no-store\r\nconnection: close\r\n\r\n"
_REST_SECONDS = 5.0  # a connection may stay without a request, less where clients are given little time at all
_RESTS = 2  # times what a client may take in the middle
_PACE = 1_000  # bytes a second that a client must send or take once its time for a pause is used up


class _Phase(Enum):
    """What a connection is at."""

    HEAD = auto()
    BODY = auto()
    ANSWER = auto()
    REFUSED = auto()


class Crowd:
    """The open connections of one service, oldest first, looked at by one timer.

    ``told`` hears how many there are whenever that changes. A crowd that is ``leaving`` has each connection end with
    the answer to its next request.
    """

    def __init__(self) -> None:
        self.wires: dict[Wire, None] = {}
        self.told: Callable[[int], None] = lambda number: None
        self.leaving = False
        self._sweeping = False

    def join(self, wire: Wire, loop: asyncio.AbstractEventLoop) -> None:
        """Watch one more."""
        self.wires[wire] = None
        self.told(len(self.wires))
        if not self._sweeping:
            self._sweeping = True
            loop.call_later(_SWEEP_SECONDS, self._sweep, loop)

    def part(self, wire: Wire) -> None:
        """Watch one less."""
        self.wires.pop(wire, None)
        self.told(len(self.wires))

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
    repeats: Repeats | None = None
    shortcut: Shortcut | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.phase = _Phase.HEAD
        self.since = self.loop.time()
        self.got = 0
        self.stuck: tuple[float, int] | None = None
        self.said = 0  # what was written before the request at hand
        super().connection_made(transport)
        if len(self.crowd.wires) >= self.most_connections:
            self._make_room()
        self.crowd.join(self, self.loop)

    def connection_lost(self, exc: Exception | None) -> None:
        self.crowd.part(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.phase is _Phase.REFUSED:
            return
        if not (self.paused or self.crowd.leaving) and self.at_rest():
            answer = self._at_once(data)
            if answer is not None:
                line, head, body = answer
                self.phase, self.since = _Phase.ANSWER, self.loop.time()
                self.write(line, self.stamp(), head, body)
                return
        self.got += len(data)
        super().data_received(data)

    def _at_once(self, data: bytes) -> tuple[bytes, bytes, bytes] | None:
        """The answer to what need not be read as any request: it came before, or all but its query did."""
        reply = self.repeats.find((self.place, data)) if self.repeats is not None else None
        if reply is not None:
            return reply.line, reply.head, reply.body
        return self.shortcut.answer(self.place, self.peer, data) if self.shortcut is not None else None

    def keep(self, exchange: Exchange, version: int, answer: tuple[bytes, bytes, bytes]) -> None:
        if self.repeats is not None and exchange.request:
            self.repeats.keep(version, (self.place, exchange.request), Reply(exchange.scope["method"], *answer))

    def learn(self, exchange: Exchange, manner: Manner) -> None:
        if self.shortcut is not None and exchange.request:
            self.shortcut.learn(self.place, self.peer, exchange.request, manner)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.phase = _Phase.HEAD
        self.since = self.loop.time()
        self.said = self.written

    def on_headers_complete(self) -> None:
        self.phase = _Phase.BODY
        self.since, self.got = self.loop.time(), 0
        self.last = self.crowd.leaving
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self.phase = _Phase.ANSWER
        self.got = 0
        super().on_message_complete()

    def answered(self, exchange: Exchange) -> None:
        self.since = max(self.since, self.loop.time()) if self.phase is _Phase.ANSWER else self.since
        super().answered(exchange)

    def pause_writing(self) -> None:
        self.stuck = (self.loop.time(), self.transport.get_write_buffer_size())
        super().pause_writing()

    def resume_writing(self) -> None:
        self.stuck = None
        super().resume_writing()

    def check(self, now: float) -> None:
        """Cut the connection off when its client stalls, or has asked nothing more for a while."""
        if self.stuck is not None:
            since, size = self.stuck
            left = self.transport.get_write_buffer_size()
            if now - since > self.seconds:
                if size - left < _PACE * self.seconds:
                    self.transport.abort()
                else:
                    self.stuck = (now, left)
        if self.phase is _Phase.ANSWER:
            if now - self.since > min(_REST_SECONDS, _RESTS * self.seconds) and self.at_rest() and self.stuck is None:
                self.transport.close()
            return
        if self.phase is _Phase.REFUSED:
            if now - self.since > _LINGER_SECONDS:
                self.transport.abort()
            return
        grace = self.seconds + (self.got / _PACE if self.phase is _Phase.BODY else 0.0)
        if now - self.since > grace:
            self.refuse()

    def refuse(self) -> None:
        """Say why where nothing was answered yet, and close.

        What still arrives is thrown away for a moment: to close on unread bytes would take the reason from the client.
        """
        self.phase, self.since = _Phase.REFUSED, self.loop.time()
        if self.written == self.said:
            self.write(_TOO_SLOW)
            self.transport.write_eof()
        else:
            self.transport.close()

    def _make_room(self) -> None:
        """Cut off whoever takes longest over sending a request; where all others are served, the newcomer."""
        slowest = next((wire for wire in self.crowd.wires if wire.phase is _Phase.HEAD), self)
        slowest.transport.abort()


def protocol(settings: Settings, repeats: Repeats | None = None, shortcut: Shortcut | None = None) -> type[Wire]:
    """The protocol of a service with these settings, for ``uvicorn.Config(http=...)``."""

    class Bounded(Wire):
        header_bytes = settings.header_bytes
        seconds = settings.client_seconds
        most_connections = settings.connections
        crowd = Crowd()

    Bounded.repeats, Bounded.shortcut = repeats, shortcut
    return Bounded
