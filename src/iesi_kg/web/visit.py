"""One request from its beginning to its end: measured, and written to the query log where that is kept."""

from __future__ import annotations

import time
from typing import Any

from iesi_kg.web.meter import Meter, part_of
from iesi_kg.web.querylog import QueryLog, Request

_LOGGED = "sparql"
_MOST_BODY = 1_000_000


class Visit:
    """Stands between the server and the application for one request; ``end`` is called however it ends."""

    __slots__ = ("_begun", "_log", "_meter", "_method", "_part", "_receive", "_request", "_send", "_status")

    def __init__(self, scope: Any, receive: Any, send: Any, meter: Meter, log: QueryLog | None) -> None:  # noqa: ANN401
        self._begun = time.perf_counter()
        self._part = part_of(scope["path"])
        self._method: str = scope["method"]
        self._receive, self._send = receive, send
        self._meter = meter
        self._status = 0
        self._log = log if self._part == _LOGGED else None
        self._request = Request(scope) if self._log else None
        meter.enter(self._part)

    async def receive(self) -> Any:  # noqa: ANN401
        message = await self._receive()
        if self._request is not None and len(self._request.body) < _MOST_BODY:
            self._request.body += message.get("body", b"")
        return message

    async def send(self, message: Any) -> None:  # noqa: ANN401
        if message["type"] == "http.response.start":
            self._status = message["status"]
            if self._request is not None:
                self._request.sent = [(name.lower(), value) for name, value in message.get("headers", ())]
        await self._send(message)

    def end(self) -> None:
        """Count it."""
        seconds = time.perf_counter() - self._begun
        self._meter.leave(self._part, self._method, self._status, seconds)
        if self._log is not None and self._request is not None:
            self._request.status, self._request.seconds = self._status, seconds
            self._log.write(self._request)
