"""Turns bytes into requests as uvicorn does, but none that is too long or ambiguous (RFC 9112 section 11)."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from iesi_kg.errors import UsageError
from iesi_kg.settings import Settings

_ROOM = 65_536  # what may be in one piece from the network beside the header
_LINGER = 0.5
_LONGEST_ADDRESS = 65_535  # further the parser of addresses does not count
_REASONS = {400: b"Bad Request", 414: b"URI Too Long", 431: b"Request Header Fields Too Large"}
_WORDS = {
    400: b"This is not a request of HTTP/1.1, or one that could be read in two ways.",
    414: b"The address is longer than 65,535 bytes: send the query in the body of a POST.",
    431: b"The header is longer than IESI_KG_HEADER_BYTES allows.",
}


class Strict(HttpToolsProtocol):
    """The parser of requests; it refuses by itself what is ambiguous: two lengths, folded lines, bare line feeds."""

    header_bytes = 0

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  (uvicorn's own)
        super().__init__(*args, **kwargs)
        self._in_head = False
        self._unfinished = 0
        self._refusal = 400
        self._refused = False

    def data_received(self, data: bytes) -> None:
        """Feed the parser; a header that never ends is cut off, and what follows a refusal is not looked at."""
        if self._refused:
            return
        super().data_received(data)
        self._unfinished = self._unfinished + len(data) if self._in_head else 0
        if self._unfinished > _LONGEST_ADDRESS + self.header_bytes + _ROOM and not self._refused:
            self._refusal = 431
            self.send_400_response("")

    def on_message_begin(self) -> None:
        """A new request."""
        super().on_message_begin()
        self._in_head = True

    def on_url(self, url: bytes) -> None:
        """A piece of the address."""
        super().on_url(url)
        if len(self.url) > _LONGEST_ADDRESS:
            self._refuse(414)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header; a trailer is dropped: it must not change what the header said (RFC 9110 section 6.5.1)."""
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The end of the header: measured, and an absolute address put where the host belongs (RFC 9112, 3.2.2)."""
        self._in_head = False
        if sum(len(name) + len(value) for name, value in self.headers) > self.header_bytes:
            self._refuse(431)
        if self.url[:1] not in (b"/", b"*"):
            asked = httptools.parse_url(self.url)
            host = asked.host or b""
            authority = (b"[%s]" % host if b":" in host else host) + (b":%d" % asked.port if asked.port else b"")
            self.headers[:] = [(n, v) for n, v in self.headers if n != b"host"] + [(b"host", authority)]
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
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
        if self.cycle is None or self.cycle.response_complete:
            return False
        if not self.cycle.more_body:
            self.cycle.keep_alive = False
            return True
        self.cycle.disconnected = True  # its own body is what was refused
        self.cycle.message_event.set()
        if self.pipeline:
            self.transport.close()
        return bool(self.pipeline)

    def _refuse(self, status: int) -> None:
        self._refusal = status
        raise httptools.HttpParserError(_REASONS[status].decode())

    def _unsupported_upgrade_warning(self) -> None:
        """Nothing to warn of: this service speaks HTTP/1.1 only, and what was asked is answered in it."""


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
