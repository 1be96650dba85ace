"""Conditional requests and content codings: entity tags compared, bodies packed (RFC 9110 sections 8.4, 8.8, 13)."""

from __future__ import annotations

import asyncio
import gzip

from iesi_kg.web.headers import Headers

_FROM = 1_000
_LEVEL = 5
_ELSEWHERE = 200_000


def matches(if_none_match: str, tag: str) -> bool:
    """Weak comparison, as If-None-Match asks.

    >>> matches('W/"a", "b"', '"a"')
    True
    """
    if if_none_match == tag:
        return True
    return any(part.strip().removeprefix("W/") in (tag, "*") for part in if_none_match.split(","))


def packed_tag(tag: str) -> str:
    """The tag of the packed form: a strong tag names one sequence of bytes."""
    return f'{tag[:-1]}-gzip"'


def worth_packing(body: bytes) -> bool:
    """Below about one packet nothing is gained."""
    return len(body) >= _FROM


def pack_small(body: bytes) -> bytes:
    """The body in gzip."""
    return gzip.compress(body, _LEVEL, mtime=0)


async def pack(body: bytes) -> bytes:
    """The body in gzip; a large one is packed beside the event loop."""
    if len(body) < _ELSEWHERE:
        return pack_small(body)
    return await asyncio.to_thread(gzip.compress, body, _LEVEL, mtime=0)


def without_content(fields: Headers) -> Headers:
    """The headers of a 304: those of the 200 without the ones that describe its body."""
    dropped = (b"content-type", b"content-length", b"content-encoding")
    return tuple(field for field in fields if field[0] not in dropped)
