"""Counts the rows of a serialised SELECT result exactly, from its bytes: faster than any walk over its terms.

Each format has one text that stands between rows and cannot stand inside a value.
"""

from __future__ import annotations

import mmap
import re

# A quotation mark inside a JSON string is escaped, so what follows a row cannot be imitated by a value.
_JSON_NEXT = re.compile(rb'\},\{(?="[^"\\]*+":\{"type":)')
_JSON_EMPTY = b'"bindings":[]}}'
_JSON_BARE = re.compile(rb"[\[,]\{\}[,\]]")
_QUOTED = re.compile(rb'"[^"]*+"|(\n)')
_LINE = re.compile(rb"\n")
_RESULT = re.compile(rb"<result>")

Content = bytes | mmap.mmap


def count(media_type: str, content: Content) -> int | None:
    """Solutions in a result as the engine writes it; None where the bytes do not tell.

    >>> count("text/csv", b'a,b\\r\\n1,"x\\ny"\\r\\n2,\\r\\n')
    2
    """
    if "json" in media_type:
        return _json(content)
    if media_type == "text/csv":
        return sum(1 for match in _QUOTED.finditer(content) if match[1]) - 1
    if media_type == "text/tab-separated-values":
        return _number(_LINE, content) - 1
    return _number(_RESULT, content)


def _json(content: Content) -> int | None:
    if content[-len(_JSON_EMPTY) :] == _JSON_EMPTY:
        return 0
    if content.find(b"{}") >= 0 and _JSON_BARE.search(content):
        return None  # a row that binds nothing, or a value that looks like one
    return _number(_JSON_NEXT, content) + 1


def _number(pattern: re.Pattern[bytes], content: Content) -> int:
    if isinstance(content, bytes):  # small: a list is faster
        return len(pattern.findall(content))
    return sum(1 for _ in pattern.finditer(content))
