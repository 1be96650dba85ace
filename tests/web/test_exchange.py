"""Small applications behind our protocol: what goes over the wire for what an application does or fails to do."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeAlias

import pytest
import uvicorn

from iesi_kg.settings import Settings
from iesi_kg.web.wire import protocol

Message: TypeAlias = dict[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
START = {"type": "http.response.start", "status": 200}
TEXT = (b"content-type", b"text/plain")


class Applications:
    """One application per path."""

    def __init__(self) -> None:
        self.heard: list[Any] = []

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        await getattr(self, scope["path"].strip("/"))(receive, send)

    async def whole(self, receive: Receive, send: Send) -> None:
        await send({**START, "headers": [TEXT, (b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})

    async def stream(self, receive: Receive, send: Send) -> None:
        await send({**START, "headers": [TEXT]})
        for piece in (b"one", b"", b"three"):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body"})

    async def fails(self, receive: Receive, send: Send) -> None:
        raise ValueError("a fault of the application")

    async def silent(self, receive: Receive, send: Send) -> None:
        return

    async def short(self, receive: Receive, send: Send) -> None:
        await send({**START, "headers": [TEXT, (b"content-length", b"9")]})
        await send({"type": "http.response.body", "body": b"part"})

    async def long(self, receive: Receive, send: Send) -> None:
        await send({**START, "headers": [TEXT, (b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"more"})

    async def cut(self, receive: Receive, send: Send) -> None:
        await send({**START, "headers": [TEXT]})
        await send({"type": "http.response.body", "body": b"part", "more_body": True})
        raise ValueError("a fault in the middle")

    async def split(self, receive: Receive, send: Send) -> None:
        await send({**START, "headers": [TEXT, (b"x-a", b"1\r\nset-cookie: b=2"), (b"content-length", b"0")]})
        await send({"type": "http.response.body"})

    async def backwards(self, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.body", "body": b"ok"})

    async def echo(self, receive: Receive, send: Send) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message["body"], message["more_body"]
        await send({**START, "headers": [(b"content-length", b"%d" % len(body))]})
        await send({"type": "http.response.body", "body": body})
        self.heard.append((await receive())["type"])

    async def listen(self, receive: Receive, send: Send) -> None:
        self.heard.append((await receive())["type"])
        self.heard.append((await receive())["type"])


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Applications, tuple[str, int]]]:
    application = Applications()
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        application, http=protocol(Settings()), lifespan="off", log_config=None, server_header=False, ws="none"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])))
    thread.start()
    try:
        yield application, listener.getsockname()
    finally:
        server.should_exit = True
        thread.join(15)
        listener.close()


def talk(address: tuple[str, int], *requests: str) -> bytes:
    """All that is said to requests sent at once, up to the end of the connection; the dates left out."""
    with socket.create_connection(address, timeout=20) as connection:
        connection.sendall("".join(requests).encode())
        said = b""
        while piece := connection.recv(65_536):
            said += piece
    return b"\r\n".join(line for line in said.split(b"\r\n") if not line.startswith(b"date: "))


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 15
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


def get(path: str, version: str = "1.1", method: str = "GET", more: str = "Connection: close\r\n") -> str:
    return f"{method} /{path} HTTP/{version}\r\nHost: e\r\n{more}\r\n"


HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n"
FAULT = (
    b"HTTP/1.1 500 Internal Server Error\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: 21\r\n"
    b"connection: close\r\n\r\nInternal Server Error"
)


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        (get("whole"), HEAD + b"content-length: 2\r\nconnection: close\r\n\r\nok"),
        (get("whole", method="HEAD"), HEAD + b"content-length: 2\r\nconnection: close\r\n\r\n"),
        (get("whole", version="1.0", more=""), HEAD + b"content-length: 2\r\nconnection: close\r\n\r\nok"),
        (
            get("stream"),
            HEAD + b"connection: close\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n5\r\nthree\r\n0\r\n\r\n",
        ),
        (get("stream", method="HEAD"), HEAD + b"connection: close\r\n\r\n"),
        (get("stream", version="1.0", more=""), HEAD + b"connection: close\r\n\r\nonethree"),
    ],
)
def test_whole_answers(served: tuple[Applications, tuple[str, int]], request_: str, answer: bytes) -> None:
    assert talk(served[1], request_) == answer


@pytest.mark.parametrize("path", ["fails", "silent", "short", "long", "split", "backwards"])
def test_what_cannot_be_sent_whole_is_an_error(served: tuple[Applications, tuple[str, int]], path: str) -> None:
    assert talk(served[1], get(path, more="")) == FAULT


def test_an_answer_cut_in_the_middle_never_ends(served: tuple[Applications, tuple[str, int]]) -> None:
    said = talk(served[1], get("cut", more=""))
    assert said == HEAD + b"transfer-encoding: chunked\r\n\r\n4\r\npart\r\n"  # without the last chunk


def test_requests_sent_at_once_are_answered_in_order(served: tuple[Applications, tuple[str, int]]) -> None:
    said = talk(
        served[1], get("whole", more=""), get("stream", more=""), get("whole", method="HEAD", more=""), get("whole")
    )
    lengths = [b"transfer" if b"chunked" in part else b"length" for part in said.split(HEAD)[1:]]
    assert lengths == [b"length", b"transfer", b"length", b"length"]
    assert said.count(b"HTTP/1.1 200 OK") == 4
    assert said.endswith(b"connection: close\r\n\r\nok")


def test_a_body_that_waits_to_be_asked_for(served: tuple[Applications, tuple[str, int]]) -> None:
    application, address = served
    application.heard.clear()
    body = "x" * 200_000
    with socket.create_connection(address, timeout=20) as connection:
        head = get("echo", method="POST", more=f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\n")
        connection.sendall(head.encode())
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(body.encode())
        said = b""
        while not said.endswith(b"x" * len(body)):
            said += connection.recv(65_536)
        assert said.startswith(b"HTTP/1.1 200 OK\r\n")
    until(lambda: application.heard == ["http.disconnect"])


def test_the_application_hears_that_its_client_has_gone(served: tuple[Applications, tuple[str, int]]) -> None:
    application, address = served
    application.heard.clear()
    with socket.create_connection(address, timeout=20) as connection:
        connection.sendall(get("listen", more="").encode())
    until(lambda: len(application.heard) == 2)
    assert application.heard == ["http.request", "http.disconnect"]
