"""Clients that stall: told or cut off after a moment, whatever part of the conversation they stall in."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import psutil
import pytest

from running_server import Server, fill, serving

SECONDS = 1


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A service that gives a client one second of silence, and takes twenty connections."""
    store = tmp_path_factory.mktemp("wire") / "store"
    fill(store, "".join(f"<http://example.org/{n}> <http://example.org/p> {n} .\n" for n in range(2_000)))
    with serving(store, client_seconds=SECONDS, connections=20, query_length=20_000) as running:
        yield running


def said(connection: socket.socket, seconds: float = 10) -> bytes:
    """All the service says until it closes."""
    connection.settimeout(seconds)
    received = b""
    try:
        while piece := connection.recv(65536):
            received += piece
    except ConnectionResetError:
        pass
    return received


def drip(connection: socket.socket, data: bytes, pause: float, seconds: float = 8) -> float:
    """Send byte by byte; returns how long the service put up with it."""
    begun = time.monotonic()
    for n in range(len(data)):
        if time.monotonic() - begun > seconds:
            raise AssertionError("nobody minds")
        try:
            connection.sendall(data[n : n + 1])
            connection.settimeout(pause)
            if connection.recv(1, socket.MSG_PEEK) is not None:
                break
        except TimeoutError:
            continue
        except (BrokenPipeError, ConnectionResetError):
            break
    return time.monotonic() - begun


def test_a_connection_that_says_nothing(impatient: Server) -> None:
    with socket.create_connection(impatient.address) as connection:
        assert said(connection).startswith(b"HTTP/1.1 408 ")
    assert impatient.query("ASK {}").status == 200


def test_a_head_that_comes_byte_by_byte(impatient: Server) -> None:
    with socket.create_connection(impatient.address) as connection:
        assert drip(connection, b"GET /sparql HTTP/1.1\r\nHost: e\r\n" + b"X-A: b\r\n" * 50, 0.05) >= SECONDS
        assert said(connection).startswith(b"HTTP/1.1 408 ")


def test_a_body_that_comes_byte_by_byte(impatient: Server) -> None:
    head = b"POST /sparql HTTP/1.1\r\nHost: e\r\nContent-Type: application/sparql-query\r\nContent-Length: 500\r\n\r\n"
    with socket.create_connection(impatient.address) as connection:
        connection.sendall(head)
        drip(connection, b"ASK {} #" + b"x" * 492, 0.05)
        assert said(connection).startswith(b"HTTP/1.1 408 ")


def test_an_upload_that_stops_half_way(impatient: Server) -> None:
    head = (
        b"POST /check HTTP/1.1\r\nHost: e\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: 900\r\n"
    )
    with socket.create_connection(impatient.address) as connection:
        connection.sendall(head + b"\r\n--x\r\n")
        assert said(connection).startswith(b"HTTP/1.1 408 ")


def test_a_steady_sender_may_take_its_time(impatient: Server) -> None:
    body = b"ASK {} #" + b"x" * 9_992
    head = (
        f"POST /sparql HTTP/1.1\r\nHost: e\r\nContent-Type: application/sparql-query\r\nContent-Length: {len(body)}\r\n"
    )
    with socket.create_connection(impatient.address) as connection:
        connection.sendall(head.encode() + b"Content-Type: application/sparql-query\r\nConnection: close\r\n\r\n")
        for start in range(0, len(body), 500):
            connection.sendall(body[start : start + 500])
            time.sleep(0.08)
        assert said(connection).startswith(b"HTTP/1.1 200 ")


def test_a_reader_that_does_not_read(impatient: Server) -> None:
    """The answer is larger than the buffers of the connection; the service does not keep it for long."""
    query = "SELECT%20*%20%7B%20%3Fs%20%3Fp%20%3Fo%20.%20%3Fa%20%3Fb%20%3Fc%20FILTER(%3Fc%20%3C%2020)%20%7D"
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        connection.connect(impatient.address)
        connection.sendall(f"GET /sparql?query={query} HTTP/1.1\r\nHost: e\r\n\r\n".encode())
        until_gone(impatient, connection.getsockname())
        received = said(connection)
    head, _, body = received.partition(b"\r\n\r\n")
    length = next(int(line[16:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
    assert len(body) < length  # cut, and the length says so
    assert impatient.query("ASK {}").status == 200


def test_a_connection_on_which_nobody_asks_any_more(impatient: Server) -> None:
    with socket.create_connection(impatient.address) as connection:
        connection.sendall(b"GET /sparql?query=ASK%20%7B%7D%20%23rest HTTP/1.1\r\nHost: e\r\n\r\n")
        received = said(connection)
    assert received.startswith(b"HTTP/1.1 200 ") and b" 408 " not in received


def until_gone(server: Server, peer: tuple[str, int]) -> None:
    """Wait until the service has taken the connection of this peer, and then until it holds it no more."""
    process = psutil.Process(server.process.pid)
    deadline = time.monotonic() + 15

    def is_held() -> bool:
        return any(found.raddr and found.raddr[:2] == peer for found in process.net_connections("tcp"))

    while not is_held():
        assert time.monotonic() < deadline, "the connection is not taken"
        time.sleep(0.01)
    while is_held():
        assert time.monotonic() < deadline, "the connection is kept"
        time.sleep(0.1)


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: e\r\nX-Long: " + b"x" * 200_000, b"431"),
        (b"GET / HTTP/1.1\r\nHost: e\r\n" + b"X-Many: x\r\n" * 20_000, b"431"),
        (b"GET /sparql?query=" + b"x" * 200_000, b"414"),
    ],
)
def test_heads_without_end(impatient: Server, head: bytes, status: bytes) -> None:
    with socket.create_connection(impatient.address) as connection:
        connection.sendall(head)
        assert said(connection).startswith(b"HTTP/1.1 " + status)


def test_idle_connections_make_room_for_those_who_ask(impatient: Server) -> None:
    idle = [socket.create_connection(impatient.address) for _ in range(60)]
    try:
        assert impatient.query("ASK {} # crowd").status == 200
        count = len(psutil.Process(impatient.process.pid).net_connections("tcp"))
        assert count < 30
    finally:
        for connection in idle:
            connection.close()


def test_the_head_of_an_answer_travels_with_its_body(impatient: Server) -> None:
    with socket.create_connection(impatient.address) as connection:
        connection.sendall(b"GET /sparql?query=ASK%20%7B%7D HTTP/1.1\r\nHost: e\r\n\r\n")
        first = connection.recv(65536)
    assert first.startswith(b"HTTP/1.1 200 OK")
    assert first.endswith(b"}")


def test_what_continues_is_told_to_at_once(impatient: Server) -> None:
    head = (
        b"POST /sparql HTTP/1.1\r\nHost: e\r\nContent-Type: application/sparql-query\r\nContent-Length: 6\r\n"
        b"Expect: 100-continue\r\nConnection: close\r\n\r\n"
    )
    with socket.create_connection(impatient.address) as connection:
        connection.sendall(head)
        assert connection.recv(100).startswith(b"HTTP/1.1 100 Continue")
        connection.sendall(b"ASK {}")
        assert b"HTTP/1.1 200 OK" in said(connection)


def test_packed_bodies_are_not_unpacked(impatient: Server) -> None:
    for coding in ("gzip", "br", "x-unknown"):
        headers = {"Content-Type": "application/sparql-query", "Content-Encoding": coding}
        reply = impatient.ask("POST", "/sparql", headers, b"\x1f\x8b" + bytes(1_000))
        assert (reply.status, reply.headers["Accept-Encoding"]) == (415, "identity")
    plain = {"Content-Type": "application/sparql-query", "Content-Encoding": "identity"}
    assert impatient.ask("POST", "/sparql", plain, "ASK {}").status == 200
