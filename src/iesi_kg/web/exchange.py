"""Turns one request, and what an ASGI application says to it, into an answer on the wire (RFC 9112 sections 6 and 7).

https://asgi.readthedocs.io/en/latest/specs/www.html ; the head waits for the first piece of the body, as ASGI asks: one
packet instead of two. An answer that ends early or is not as long as it said ends its connection, so nobody takes it
for complete.
"""

from __future__ import annotations

import asyncio
import logging
from http import HTTPStatus
from typing import Any, Protocol

from iesi_kg.web.headers import Headers

# In the start of an answer: the version on which the same bytes will get the same answer.
REPEATS = "iesi_kg.repeats"
# There too: what the header of the request says, for the next one that has the same.
MANNER = "iesi_kg.manner"
STATUS = {found.value: b"HTTP/1.1 %d %s\r\n" % (found, found.phrase.encode()) for found in HTTPStatus}
_WITHOUT_BODY = frozenset({204, 304})
_PLAIN = bytes(code for code in range(256) if code == 0x09 or (code >= 0x20 and code != 0x7F))
_SMALL = 65_536
_FAULT: dict[str, Any] = {
    "type": "http.response.start",
    "status": 500,
    "headers": [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"21"), (b"connection", b"close")],
}

_log = logging.getLogger("iesi_kg.web")


class Connection(Protocol):
    """What an exchange asks of the connection it stands on."""

    paused: bool

    def write(self, *parts: bytes) -> None: ...

    async def drain(self) -> None: ...

    def resume_reading(self) -> None: ...

    def close(self) -> None: ...

    def stamp(self) -> bytes: ...

    def keep(self, exchange: Exchange, version: int, answer: tuple[bytes, bytes, bytes]) -> None: ...

    def learn(self, exchange: Exchange, manner: Any) -> None: ...  # noqa: ANN401

    def answered(self, exchange: Exchange) -> None: ...

    def ended(self, exchange: Exchange) -> None: ...


class Exchange:
    """One request and its answer; ``request`` holds all bytes of a short request that came in one piece."""

    __slots__ = (
        "_body", "_chunked", "_connection", "_head", "_left", "_manner", "_news", "_repeats", "_status", "complete",
        "gone", "keep_alive", "request", "scope", "task", "waited_for", "whole",
    )  # fmt: skip

    def __init__(
        self, connection: Connection, scope: dict[str, Any], *, keep_alive: bool, waited_for: bool = False
    ) -> None:
        self.scope = scope
        self.keep_alive = keep_alive
        self.waited_for = waited_for  # the client sends its body when it is told to (100-continue)
        self.request = b""
        self.whole = False  # the request has come as a whole
        self.complete = False  # the answer has gone
        self.gone = False  # the client has
        self.task: asyncio.Task[None] | None = None
        self._connection = connection
        self._news = asyncio.Event()
        self._body = bytearray()
        self._status = 0
        self._head = b""
        self._chunked = False
        self._left: int | None = 0
        self._repeats: int | None = None
        self._manner: Any = None

    @property
    def begun(self) -> bool:
        """Whether a part of the answer has gone."""
        return self._status != 0 and not self._head

    async def run(self, app: Any) -> None:  # noqa: ANN401  (ASGI)
        """Have the application answer; what it leaves undone ends the connection."""
        try:
            await app(self.scope, self.receive, self.send)
        except Exception:  # noqa: BLE001  (the edge: no fault of the application may go unanswered)
            _log.exception("a request could not be answered")
        finally:
            if not (self.complete or self.gone):
                await self._break_off()
            self._connection.ended(self)

    def take(self, body: bytes) -> int:
        """A piece of the body has come; returns how much of it waits to be read."""
        self._body += body
        self._news.set()
        return len(self._body)

    def end(self) -> None:
        """The request has come as a whole."""
        self.whole = True
        self._news.set()

    def hang_up(self) -> None:
        """The client has gone, or what it sends cannot be read."""
        self.gone = not self.complete
        self._news.set()

    async def receive(self) -> dict[str, Any]:
        """The next piece of the body, or that the client has gone (ASGI)."""
        if self.waited_for:
            self.waited_for = False
            self._connection.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if not (self.gone or self.complete):
            self._connection.resume_reading()
            await self._news.wait()
            self._news.clear()
        if self.gone or self.complete:
            return {"type": "http.disconnect"}
        body, self._body = bytes(self._body), bytearray()
        return {"type": "http.request", "body": body, "more_body": not self.whole}

    async def send(self, message: dict[str, Any]) -> None:
        """A part of the answer (ASGI)."""
        if self._connection.paused and not self.gone:
            await self._connection.drain()
        if self.gone:
            return
        kind = message["type"]
        if not self._status and kind == "http.response.start":
            self.waited_for = False
            self._start(message)
        elif self._status and kind == "http.response.body" and not self.complete:
            self._pass_on(message.get("body", b""), last=not message.get("more_body", False))
        else:
            raise RuntimeError(f"{kind} has no place here in an answer")

    def _start(self, message: dict[str, Any]) -> None:
        status, fields = message["status"], message.get("headers", ())
        given = dict([field for field in fields if field[0] in _FRAMING])
        length = given.get(b"content-length")
        chunked = given.get(b"transfer-encoding") == b"chunked"
        own: Headers = ()
        if b"close" in given.get(b"connection", b"").lower():
            self.keep_alive = False
        elif not self.keep_alive:
            own = _CLOSE
        bodiless = status in _WITHOUT_BODY or self.scope["method"] == "HEAD"
        if length is None and not (chunked or bodiless):
            chunked = self.scope["http_version"] == "1.1"
            own = (*own, *(_CHUNKED if chunked else ()))
        self._head = joined((*fields, *own))
        self._chunked = chunked and not bodiless
        self._left = 0 if bodiless else int(length) if length is not None and not chunked else None
        self._status, self._repeats, self._manner = status, message.get(REPEATS), message.get(MANNER)

    def _pass_on(self, body: bytes, *, last: bool) -> None:
        if self.scope["method"] == "HEAD":
            body = b""
        elif self._left is not None:
            self._left -= len(body)
            if self._left < 0 or (last and self._left):
                raise RuntimeError("the answer is not as long as its head says")
        elif self._chunked:
            body = (b"%x\r\n%b\r\n" % (len(body), body) if body else b"") + (b"0\r\n\r\n" if last else b"")
        if self._head:
            head, self._head = self._head, b""
            answer = (STATUS[self._status], head, body)
            self._connection.write(answer[0], self._connection.stamp(), head, body)
            if last and self._repeats is not None and self.keep_alive:
                self._connection.keep(self, self._repeats, answer)
            elif last and self._manner is not None and self.keep_alive:
                self._connection.learn(self, self._manner)
        elif body:
            self._connection.write(body)
        if last:
            self._finish()

    def _finish(self) -> None:
        self.complete = True
        self._news.set()
        if not self.keep_alive:
            self._connection.close()
        self._connection.answered(self)

    async def _break_off(self) -> None:
        """Say that the service failed where nothing was said yet; else all that is left is to close."""
        if self.begun:
            self._connection.close()
            return
        self._status = 0
        self._head = b""
        await self.send(_FAULT)
        await self.send({"type": "http.response.body", "body": b"Internal Server Error"})


_FRAMING = frozenset({b"content-length", b"transfer-encoding", b"connection"})
_CLOSE: Headers = ((b"connection", b"close"),)
_CHUNKED: Headers = ((b"transfer-encoding", b"chunked"),)


def joined(fields: Headers) -> bytes:
    """The lines of a head. Raises RuntimeError for a control character, which could begin another header."""
    head = b"".join([part for name, value in fields for part in (name, b": ", value, b"\r\n")]) + b"\r\n"
    if head.translate(None, _PLAIN) != b"\r\n" * (len(fields) + 1):
        raise RuntimeError("a header of the answer holds a control character")
    return head
