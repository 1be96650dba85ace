"""Messages between two processes of the service: one line of JSON each, over a pair of connected sockets."""

from __future__ import annotations

import asyncio
import json
import socket
from contextlib import suppress
from typing import Any

LONGEST = 8_000_000

Message = dict[str, Any]


class Channel:
    """One end of a pair."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def on(cls, end: socket.socket) -> Channel:
        """The channel over one of two connected sockets."""
        return cls(*await asyncio.open_unix_connection(sock=end, limit=LONGEST))

    def send(self, message: Message) -> None:
        """Send one; to a process that is gone nothing is sent."""
        with suppress(OSError, RuntimeError):
            self._writer.write(json.dumps(message, separators=(",", ":")).encode() + b"\n")

    async def receive(self) -> Message | None:
        """The next one; None when the other process is gone."""
        with suppress(OSError, ValueError):
            line = await self._reader.readline()
            if line.endswith(b"\n"):
                message: Message = json.loads(line)
                return message
        return None

    async def finish(self) -> None:
        """End it once all is sent."""
        with suppress(OSError):
            await self._writer.drain()
            self._writer.close()
            await self._writer.wait_closed()

    def close(self) -> None:
        """End it."""
        self._writer.close()
