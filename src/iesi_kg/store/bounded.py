"""Turns the parts of an HTTP body into the whole of it, bounded after decompression, or says why it is not whole."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator

_GZIP = ("gzip", "x-gzip")


class Overlong(Exception):
    """The body is larger than it may be."""


class Broken(Exception):
    """The body cannot be unpacked; the text says why, as the end of a sentence about an answer."""


async def whole(parts: AsyncIterator[bytes], coding: str, most: int) -> bytes:
    """The body, decompressed here so that a bomb is cut at the limit and not after it has burst."""
    coding = coding.strip().lower()
    if coding not in (*_GZIP, "identity", ""):
        raise Broken(f"came in the coding {coding[:40]!r}, which was not asked for")
    unpacker = zlib.decompressobj(wbits=31) if coding in _GZIP else None
    found: list[bytes] = []
    room = most
    async for raw in parts:
        part = raw
        if unpacker is not None:
            try:
                part = unpacker.decompress(raw, room + 1)
            except zlib.error:
                raise Broken("is gzip that cannot be read") from None
        room -= len(part)
        if room < 0:
            raise Overlong
        found.append(part)
    if unpacker is not None and (not unpacker.eof or unpacker.unused_data):
        raise Broken("is cut: its gzip does not end where it should")
    return b"".join(found)
