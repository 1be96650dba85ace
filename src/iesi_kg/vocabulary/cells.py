"""A text to the same text as a spreadsheet shows it and does not act on it (OWASP, CSV injection)."""

from __future__ import annotations

_ACTS = ("=", "+", "-", "@", "\t", "\r")


def harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula: one that would be gets an apostrophe in front.

    >>> harmless("=1+1"), harmless(" -2"), harmless("a-b")
    ("'=1+1", "' -2", 'a-b')
    """
    return f"'{text}" if text.lstrip(" \xa0\n").startswith(_ACTS) or text.startswith(_ACTS) else text
