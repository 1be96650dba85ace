"""Counts the rows of a serialised SELECT result exactly, from its bytes: faster than any walk over its terms.

Each format has one text that stands between rows and cannot stand inside a value.
"""

from __future__ import annotations

import mmap
import re

# What begins a row but the first. A quotation mark inside a JSON string is escaped, so where a string ends like this
# its own mark follows, and then a comma or a bracket, with which no name of a variable begins.
_JSON_NEXT = re.compile(rb',\{(?:"(?![,}])|(\}))')
_JSON_FIRST = b'"bindings":['
_QUOTED = re.compile(rb'"[^"]*+"|(\n)')
_BLOCK = 1 << 20

Content = bytes | mmap.mmap


def count(media_type: str, content: Content) -> int | None:
    """Solutions in a result as the engine writes it; None where the bytes do not tell.

    >>> count("text/csv", b'a,b\\r\\n1,"x\\ny"\\r\\n2,\\r\\n')
    2
    """
    if "json" in media_type:
        return _json(content)
    if media_type == "text/csv":
        if content.find(b'"') < 0:
            return _number(b"\n", content) - 1
        return sum(1 for match in _QUOTED.finditer(content) if match[1]) - 1
    if media_type == "text/tab-separated-values":
        return _number(b"\n", content) - 1
    return _number(b"<result>", content)


def _json(content: Content) -> int | None:
    first = content.find(_JSON_FIRST) + len(_JSON_FIRST)
    if content[first : first + 1] == b"]":
        return 0
    found = _JSON_NEXT.findall(content)
    if content[first : first + 2] == b"{}" or any(found):
        return None  # a row that binds nothing, or a value that looks like one
    return len(found) + 1


def _number(sought: bytes, content: Content) -> int:
    """How often a text that does not overlap itself occurs; of a mapped file no more than a block is read at a time."""
    if isinstance(content, bytes):
        return content.count(sought)
    beyond = len(sought) - 1
    return sum(content[place : place + _BLOCK + beyond].count(sought) for place in range(0, len(content), _BLOCK))
