"""Receives the body of a request, no more of it than is allowed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from iesi_kg.errors import RequestTooLarge, UnsupportedMediaType
from iesi_kg.web import headers
from iesi_kg.web.hangup import HangUp


async def receive_body(scope: Any, receive: Callable[[], Awaitable[Any]], most: int) -> bytes:  # noqa: ANN401  (ASGI)
    """The whole body.

    Raises UnsupportedMediaType, RequestTooLarge (before anything is read where the length is announced) and HangUp.
    """
    refuse_packed(headers.find(scope["headers"], b"content-encoding") or "")
    announced = headers.find(scope["headers"], b"content-length") or ""
    if announced.isdigit() and int(announced) > most:
        raise _too_large(most)
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise HangUp
        body += message.get("body", b"")
        if len(body) > most:
            raise _too_large(most)
        if not message.get("more_body", False):
            return bytes(body)


def refuse_packed(coding: str) -> None:
    """Raises UnsupportedMediaType for a packed body: a small one can hold more than any machine."""
    if coding.strip().lower() not in ("", "identity"):
        raise UnsupportedMediaType(
            f"a body in the coding {coding[:40]} is not unpacked here",
            hint="send the body as it is, without Content-Encoding",
            accept_encoding="identity",
        )


def _too_large(most: int) -> RequestTooLarge:
    return RequestTooLarge(
        f"the body is larger than {most:,} bytes",
        hint="send it in several requests: POST adds to a graph",
        limit="upload_bytes",
        maximum=most,
    )
