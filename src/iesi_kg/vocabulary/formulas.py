"""Texts that a spreadsheet would run, to texts that it shows, and back (CWE-1236; https://owasp.org, CSV injection)."""

from __future__ import annotations

import re

_RUNS = re.compile(r"'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_NUMBER = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)?(?:[eE][+-]?[0-9]+)?")


def neutral(text: str) -> str:
    """The text with an apostrophe before it, where a spreadsheet would take it for a formula; numbers are none.

    >>> neutral("=1+1"), neutral("-3.5"), neutral("'s-Hertogenbosch"), neutral("'=1")
    ("'=1+1", '-3.5', "'s-Hertogenbosch", "''=1")
    """
    return f"'{text}" if _RUNS.match(text) and not _NUMBER.fullmatch(text) else text


def restored(text: str) -> str:
    """What ``neutral`` was given.

    >>> restored("'=1+1"), restored("''=1"), restored("'s-Hertogenbosch")
    ('=1+1', "'=1", "'s-Hertogenbosch")
    """
    return text[1:] if text.startswith("'") and _RUNS.match(text) else text
