"""What no well-behaved client sends: pipelining, half requests, hang-ups, nonsense."""

from __future__ import annotations

import socket
import time
from urllib.parse import quote

import psutil

from running_server import Server

RUNAWAY = quote("SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l . ?m ?n ?o }")


def talk(server: Server, data: bytes, *, replies: int = 1, seconds: float = 10) -> bytes:
    """Send bytes, read until so many status lines have come and the line falls silent."""
    with socket.create_connection(server.address, timeout=seconds) as connection:
        connection.sendall(data)
        received = b""
        connection.settimeout(1)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                piece = connection.recv(65536)
            except TimeoutError:
                if received.count(b"HTTP/1.1 ") >= replies:
                    break
                continue
            if not piece:
                break
            received += piece
        return received


def test_pipelined_requests_are_answered_in_order(server: Server) -> None:
    one = b"GET /sparql?query=ASK%20%7B%7D HTTP/1.1\r\nHost: e\r\n\r\n"
    two = b"GET /sparql?query=ASK%20%7B%3Ca%3Ab%3E%20%3Fp%20%3Fo%7D HTTP/1.1\r\nHost: e\r\n\r\n"
    three = b"GET /health HTTP/1.1\r\nHost: e\r\nConnection: close\r\n\r\n"
    received = talk(server, one + two + three, replies=3)
    assert received.count(b"HTTP/1.1 200 OK") == 3
    assert received.index(b"true") < received.index(b"false") < received.index(b'"status"')


def test_head_keeps_the_connection_sane(server: Server) -> None:
    head = b"HEAD /sparql?query=ASK%20%7B%7D HTTP/1.1\r\nHost: e\r\n\r\n"
    get = b"GET /sparql?query=ASK%20%7B%7D HTTP/1.1\r\nHost: e\r\nConnection: close\r\n\r\n"
    received = talk(server, head + get, replies=2)
    assert received.count(b"HTTP/1.1 200 OK") == 2
    assert received.count(b"true") == 1


def test_nonsense_is_refused(server: Server) -> None:
    assert talk(server, b"\x16\x03\x01\x02\x00nonsense\r\n\r\n").startswith(b"HTTP/1.1 400")
    assert server.query("ASK {}").status == 200


def test_half_a_request_disturbs_nobody(server: Server) -> None:
    with socket.create_connection(server.address, timeout=5) as connection:
        head = b"POST /sparql HTTP/1.1\r\nHost: e\r\nContent-Type: application/sparql-query\r\nContent-Length: 50\r\n"
        connection.sendall(head + b"\r\nASK")
        assert server.query("ASK {}").status == 200
    assert server.query("ASK {}").status == 200


def test_invalid_utf8_and_escapes(server: Server) -> None:
    for path in (b"/sparql?query=%C3", b"/sparql?query=%", b"/sparql?query=ASK%7"):
        received = talk(server, b"GET " + path + b" HTTP/1.1\r\nHost: e\r\nConnection: close\r\n\r\n")
        assert received.startswith(b"HTTP/1.1 400")


def test_a_hang_up_ends_the_query(server: Server) -> None:
    """The process that ran it is idle or gone long before the time limit."""

    def busy() -> float:
        times = [child.cpu_times() for child in psutil.Process(server.process.pid).children(recursive=True)]
        return sum(time.user + time.system for time in times)

    with socket.create_connection(server.address, timeout=5) as connection:
        connection.sendall(f"GET /sparql?query={RUNAWAY} HTTP/1.1\r\nHost: e\r\n\r\n".encode())
        time.sleep(0.4)
    time.sleep(0.8)
    before = busy()
    time.sleep(0.5)
    assert busy() - before < 0.25
    assert server.query("ASK {}").status == 200


def test_paths_with_traversal(server: Server) -> None:
    for path in ("/id/../../etc/passwd", "/static/../app.py", "/id/initiative/..%2f..%2fetc%2fpasswd", "//etc/passwd"):
        received = talk(server, f"GET {path} HTTP/1.1\r\nHost: e\r\nConnection: close\r\n\r\n".encode())
        assert received.startswith(b"HTTP/1.1 404"), (path, received[:200])
        assert b"root:" not in received


def test_an_address_of_a_megabyte(server: Server) -> None:
    received = talk(
        server, b"GET /sparql?query=" + b"x" * 1_000_000 + b" HTTP/1.1\r\nHost: e\r\nConnection: close\r\n\r\n"
    )
    assert received[:12] in (b"HTTP/1.1 403", b"HTTP/1.1 400", b"HTTP/1.1 414")
    assert server.query("ASK {}").status == 200
