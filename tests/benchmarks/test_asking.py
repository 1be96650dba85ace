"""What the benchmarks of servers count and how they ask: time of processes that ended, connections that were closed."""

from __future__ import annotations

import http.client
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

import psutil
import pytest

from benchmarks.servers import Server
from benchmarks.speed_parts import _asked, _connections

BUSY = "import time\nwhile time.process_time() < 0.2: pass"
PARENT = (
    f"import subprocess, sys; subprocess.run([sys.executable, '-c', {BUSY!r}]); print('ended', flush=True); input()"
)
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nETag: e\r\n\r\n{}"


def test_the_time_of_a_child_that_has_ended_is_counted() -> None:
    with subprocess.Popen(
        [sys.executable, "-S", "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "ended\n"
        assert Server("parent", "", psutil.Process(parent.pid)).cpu_seconds() >= 0.2
        parent.communicate("\n")


@contextmanager
def closing_after_one(answers: int) -> Iterator[Server]:
    """A server that answers so many connections, one request each, keeping none; any further one it only closes."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:

        def serve() -> None:
            for number in range(answers + 2):
                try:
                    connection = listening.accept()[0]
                except OSError:
                    return
                with connection:
                    connection.recv(65536)
                    if number < answers:
                        connection.sendall(ANSWER)

        thread = threading.Thread(target=serve)
        thread.start()
        address = f"http://127.0.0.1:{listening.getsockname()[1]}/sparql"
        try:
            yield Server("closing", address, psutil.Process())
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()
            for connection in _connections.values():
                connection.close()
            _connections.clear()


def test_a_kept_connection_that_was_closed_is_opened_once_more() -> None:
    with closing_after_one(answers=2) as server:
        assert _asked(server, "ASK {}", 5) == (200, b"{}", "e")
        assert _asked(server, "ASK {}", 5) == (200, b"{}", "e")
        with pytest.raises(http.client.RemoteDisconnected):
            _asked(server, "ASK {}", 5)


def test_a_new_connection_that_is_closed_is_not_asked_again() -> None:
    with closing_after_one(answers=0) as server, pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        _asked(server, "ASK {}", 5)
