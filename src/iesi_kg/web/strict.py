"""Turns bytes into requests, but none that is too long or ambiguous (RFC 9112 section 11), and answers them in order.

uvicorn runs it in place of its own protocol (``uvicorn.Config(http=...)``); the parser is that of httptools (llhttp).
"""

from __future__ import annotations

import asyncio
from collections import deque
from ipaddress import ip_network
from typing import Any
from urllib.parse import unquote

import httptools
from uvicorn.config import Config

from iesi_kg.errors import UsageError
from iesi_kg.settings import Settings
from iesi_kg.web.exchange import Exchange

_ROOM = 65_536  # what may be in one piece from the network beside the header
_MOST_WAITING = 65_536  # of a body that nobody reads, before no more is taken from the network
_JOINED = 65_536
_KEPT = 8_192  # longest request that an exchange keeps the bytes of
_LINGER = 0.5
_LONGEST_ADDRESS = 65_535  # further the parser of addresses does not count
_ASGI = {"version": "3.0", "spec_version": "2.3"}
_REASONS = {400: b"Bad Request", 414: b"URI Too Long", 431: b"Request Header Fields Too Large"}
_WORDS = {
    400: b"This is not a request of HTTP/1.1, or one that could be read in two ways.",
    414: b"The address is longer than 65,535 bytes: send the query in the body of a POST.",
    431: b"The header is longer than IESI_KG_HEADER_BYTES allows.",
}


class Strict(asyncio.Protocol):
    """One connection; its parser refuses by itself what is ambiguous: two lengths, folded lines, bare line feeds.

    ``exchange`` is the newest; one that came before it may still be under way, as answers go in order.
    """

    header_bytes = 0

    def __init__(
        self,
        config: Config,
        server_state: Any,  # noqa: ANN401  (uvicorn's: open connections and running tasks, which a stop waits for)
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self.app = config.loaded_app
        self.loop = _loop or asyncio.get_running_loop()
        self.transport: asyncio.Transport
        self.exchange: Exchange | None = None
        self.paused = False  # the client takes nothing more at present
        self.written = 0
        self.place = ""  # where the client came in
        self.peer = ""  # and from where
        self.last = False  # nothing is taken after the request at hand
        self._server_state, self._app_state = server_state, app_state
        self._parser: Any = httptools.HttpRequestParser(self)
        self._parser.set_dangerous_leniencies(lenient_data_after_close=True)  # the answer goes before the end
        self._running: Exchange | None = None
        self._waiting: deque[Exchange] = deque()
        self._writable = asyncio.Event()
        self._held_back = False
        self._ends: dict[str, Any] = {}
        self._url = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._size = 0  # of the header
        self._expects = False  # to be told to send the body
        self._in_head = self._in_request = False
        self._requests = 0  # that began in the piece at hand
        self._unfinished = 0
        self._refusal = 400
        self._refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client has come."""
        self.transport = transport
        self._server_state.connections.add(self)
        server, client = (_address(transport.get_extra_info(name)) for name in ("sockname", "peername"))
        self._ends = {"server": server, "client": client, "scheme": "http", "root_path": ""}
        self.place, self.peer = (end[0] if end else "" for end in (server, client))

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has gone, or we have ended it."""
        self._server_state.connections.discard(self)
        for exchange in (self._running, *self._waiting, self.exchange):
            if exchange is not None:
                exchange.hang_up()
        self._waiting.clear()
        self.resume_writing()
        self._parser = None  # it holds this object

    def pause_writing(self) -> None:
        """The client does not take what we say."""
        self.paused = True
        self._writable.clear()

    def resume_writing(self) -> None:
        """It does again."""
        self.paused = False
        self._writable.set()

    def data_received(self, data: bytes) -> None:
        """Feed the parser; a header that never ends is cut off, and what follows a refusal is not looked at."""
        if self._refused:
            return
        alone, self._requests = self.at_rest(), 0
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._in_request = True  # HTTP/1.1 only is spoken here, and what was asked is answered in it
        except httptools.HttpParserError:
            self._refuse_rest()
        self._unfinished = self._unfinished + len(data) if self._in_head else 0
        if self._unfinished > _LONGEST_ADDRESS + self.header_bytes + _ROOM and not self._refused:
            self._refusal = 431
            self._refuse_rest()
        if alone and self._requests == 1 and not self._in_request and len(data) <= _KEPT and self.exchange is not None:
            self.exchange.request = data

    def at_rest(self) -> bool:
        """Whether all that was asked is answered, and nothing of the next request has come."""
        return not (self._in_request or self._waiting) and (self.exchange is None or self.exchange.complete)

    # The parser calls these.

    def on_message_begin(self) -> None:
        """A new request."""
        self._url, self._headers, self._size, self._expects = b"", [], 0, False
        self._in_head = self._in_request = True
        self._requests += 1

    def on_url(self, url: bytes) -> None:
        """A piece of the address."""
        self._url += url
        if len(self._url) > _LONGEST_ADDRESS:
            self._refuse(414)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header; a trailer is dropped: it must not change what the header said (RFC 9110 section 6.5.1)."""
        if self._in_head:
            name = name.lower()
            self._headers.append((name, value))
            self._size += len(name) + len(value)
            if name == b"expect":
                self._expects = value.lower() == b"100-continue"

    def on_headers_complete(self) -> None:
        """The end of the header: measured, and an absolute address put where the host belongs (RFC 9112, 3.2.2)."""
        self._in_head = False
        fields = self._headers
        if self._size > self.header_bytes:
            self._refuse(431)
        asked = httptools.parse_url(self._url)
        if self._url[:1] not in (b"/", b"*"):
            host = asked.host or b""
            authority = (b"[%s]" % host if b":" in host else host) + (b":%d" % asked.port if asked.port else b"")
            fields = [(name, value) for name, value in fields if name != b"host"] + [(b"host", authority)]
        version, path = self._parser.get_http_version(), asked.path.decode("ascii")
        scope = {
            "type": "http",
            "asgi": _ASGI,
            "http_version": version,
            "method": self._parser.get_method().decode("ascii"),
            "path": unquote(path) if "%" in path else path,
            "raw_path": asked.path,
            "query_string": asked.query or b"",
            "headers": fields,
            "state": self._app_state.copy(),
            **self._ends,
        }
        keep_alive = version != "1.0" and not self.last and self._parser.should_keep_alive()
        self._take(Exchange(self, scope, keep_alive=keep_alive, waited_for=self._expects))

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        exchange = self.exchange
        if exchange is not None and not exchange.complete and exchange.take(body) > _MOST_WAITING:
            self._pause_reading()

    def on_message_complete(self) -> None:
        """The end of a request."""
        self._in_request = False
        if self.exchange is not None:
            self.exchange.end()

    def _take(self, exchange: Exchange) -> None:
        """Answer a request, after those before it."""
        busy = self.exchange is not None and not self.exchange.complete
        self.exchange = exchange
        if busy:
            self._pause_reading()
            self._waiting.append(exchange)
        else:
            self._begin(exchange)

    def _begin(self, exchange: Exchange) -> None:
        self._running = exchange
        exchange.task = self.loop.create_task(exchange.run(self.app))
        self._server_state.tasks.add(exchange.task)

    # The exchange calls these.

    def write(self, *parts: bytes) -> None:
        """Send this, in one packet where it is small."""
        size = sum(map(len, parts))
        self.written += size
        if size <= _JOINED:
            self.transport.write(b"".join(parts))
        else:
            self.transport.writelines(parts)

    async def drain(self) -> None:
        """Wait until the client takes what we say, or has gone."""
        await self._writable.wait()

    def resume_reading(self) -> None:
        """Take more from the network."""
        if self._held_back:
            self._held_back = False
            self.transport.resume_reading()

    def close(self) -> None:
        """End the connection once all is sent."""
        self.transport.close()

    def stamp(self) -> bytes:
        """The headers that every answer has: its date."""
        fields = self._server_state.default_headers
        return b"".join([part for name, value in fields for part in (name, b": ", value, b"\r\n")])

    def keep(self, exchange: Exchange, version: int, answer: tuple[bytes, bytes, bytes]) -> None:
        """Hear of an answer that the same request will get again."""

    def learn(self, exchange: Exchange, manner: Any) -> None:  # noqa: ANN401
        """Hear what the header of an answered request says."""

    def answered(self, exchange: Exchange) -> None:
        """An answer has gone: the next one in line begins."""
        if self.transport.is_closing():
            return
        self.resume_reading()
        if self._waiting:
            self._begin(self._waiting.popleft())

    def ended(self, exchange: Exchange) -> None:
        """Nothing more is done for a request."""
        self._server_state.tasks.discard(exchange.task)

    # The server calls this.

    def shutdown(self) -> None:
        """The service stops: end the connection after the answers under way."""
        if self.exchange is None or self.exchange.complete:
            self.transport.close()
        else:
            self.exchange.keep_alive = False

    def _pause_reading(self) -> None:
        if not self._held_back:
            self._held_back = True
            self.transport.pause_reading()

    def _refuse_rest(self) -> None:
        """Refuse with the status that fits and close: what follows on this connection cannot be trusted.

        Whole requests before it are answered first, as answers go in order. What the client still sends is read for a
        moment: a connection closed on it would take the refusal along.
        """
        self._refused = True
        if self._is_answering():
            return
        body = _WORDS[self._refusal]
        lines = (
            b"HTTP/1.1 %d %s" % (self._refusal, _REASONS[self._refusal]),
            b"content-type: text/plain; charset=utf-8",
            b"content-length: %d" % len(body),
            b"x-content-type-options: nosniff",
            b"connection: close",
        )
        self.transport.write(b"\r\n".join(lines) + b"\r\n\r\n" + body)
        self.transport.write_eof()
        self.loop.call_later(_LINGER, self.transport.close)

    def _is_answering(self) -> bool:
        """Whether requests before the refused one wait for their answers; then the last of them ends the connection."""
        latest = self.exchange
        if latest is None or latest.complete:
            return False
        if latest.whole:
            latest.keep_alive = False
            return True
        latest.hang_up()  # its own body is what was refused
        if self._waiting:
            self.transport.close()
        return bool(self._waiting)

    def _refuse(self, status: int) -> None:
        self._refusal = status
        raise httptools.HttpParserError(_REASONS[status].decode())


def _address(name: Any) -> tuple[str, int] | None:  # noqa: ANN401  (what a transport says of its ends)
    return (str(name[0]), int(name[1])) if isinstance(name, tuple) else None


def proxies(settings: Settings) -> list[str]:
    """The proxies that may say who asked. Raises UsageError: who is trusted by mistake can take any address."""
    named = [name.strip() for name in settings.trusted_proxies.split(",") if name.strip()]
    for name in named:
        try:
            ip_network(name)
        except ValueError:
            raise UsageError(
                f"IESI_KG_TRUSTED_PROXIES: {name!r} is not an address or a network", hint="10.0.0.5 or 10.0.0.0/24, say"
            ) from None
    return named
