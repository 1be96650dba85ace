"""Takes connections from the socket that all serving processes share: whoever has fewest goes first."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from collections.abc import Callable

from iesi_kg.web.processes.commons import Commons

_COURTESY_SECONDS = 0.002  # after which it is taken by whoever is free
_FULL_SECONDS = 0.5
_FULL = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)

log = logging.getLogger(__name__)


class Door:
    """One process at the shared socket; ``protocol`` makes what stands at a connection."""

    def __init__(
        self, listener: socket.socket, protocol: Callable[[], asyncio.Protocol], commons: Commons, seat: int
    ) -> None:
        self._listener = listener
        self._protocol = protocol
        self._commons, self._seat = commons, seat
        self._connections = 0
        self._open = False
        self._pause: asyncio.TimerHandle | None = None
        self._arriving: set[asyncio.Task[None]] = set()

    def open(self) -> None:
        """Begin to take connections."""
        self._loop = asyncio.get_running_loop()
        self._listener.setblocking(False)
        self._open = True
        self._loop.add_reader(self._listener.fileno(), self._knock)
        self.count(self._connections)

    def close(self) -> None:
        """Take no more; those that others can take stay in the line."""
        if not self._open:
            return
        self._open = False
        if self._pause is not None:
            self._pause.cancel()
        self._loop.remove_reader(self._listener.fileno())
        self._listener.close()
        self.count(self._connections)

    @property
    def arriving(self) -> bool:
        """Whether a connection was taken that no protocol stands at yet."""
        return bool(self._arriving)

    def count(self, connections: int) -> None:
        """Tell the others how many connections there are here."""
        self._connections = connections
        self._commons.sit(self._seat, connections, taking=self._open)

    def _knock(self) -> None:
        if self._connections + len(self._arriving) > self._commons.fewest():
            self._wait(_COURTESY_SECONDS, self._take)
        else:
            self._take()

    def _wait(self, seconds: float, then: Callable[[], None]) -> None:
        self._loop.remove_reader(self._listener.fileno())
        self._pause = self._loop.call_later(seconds, self._return, then)

    def _return(self, then: Callable[[], None]) -> None:
        self._pause = None
        self._loop.add_reader(self._listener.fileno(), self._knock)
        then()

    def _take(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return  # another process was first, or the client has gone
        except OSError as error:
            if error.errno not in _FULL:
                raise
            log.warning("no connection can be taken now: %s", error.strerror)
            self._wait(_FULL_SECONDS, lambda: None)
            return
        connection.setblocking(False)
        task = self._loop.create_task(self._welcome(connection))
        self._arriving.add(task)
        task.add_done_callback(self._arriving.discard)

    async def _welcome(self, connection: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(self._protocol, connection)
        except OSError:
            connection.close()  # it went away at once
