"""Regular expressions of XPath (https://www.w3.org/TR/xpath-functions-31/#regex-syntax) to those that the engine knows.

``sh:pattern`` takes the expressions of SPARQL, which are XPath's. The fast engine reads a dialect of its own, in time
that grows with the text and no faster, and answers wrongly, without a word, on what is written otherwise there.
"""

from __future__ import annotations

import re

from pyoxigraph import Literal, Store

_START = r"[:A-Z_a-z\u{C0}-\u{D6}\u{D8}-\u{F6}\u{F8}-\u{2FF}\u{370}-\u{37D}\u{37F}-\u{1FFF}\u{200C}-\u{200D}"
_START += r"\u{2070}-\u{218F}\u{2C00}-\u{2FEF}\u{3001}-\u{D7FF}\u{F900}-\u{FDCF}\u{FDF0}-\u{FFFD}\u{10000}-\u{EFFFF}"
_MORE = r"\-.0-9\u{B7}\u{300}-\u{36F}\u{203F}-\u{2040}"
_CLASSES = {"i": f"{_START}]", "I": f"[^{_START[1:]}]", "c": f"{_START}{_MORE}]", "C": f"[^{_START[1:]}{_MORE}]"}
_TOKEN = re.compile(r"\\.|\[\^?|\]|-\[|[^\\\[\]]", re.S)
_FLAGS = frozenset("smixq")
# What is no expression of XPath, but is written in shapes for other engines.
_LOOKING = re.compile(r"\(\?(?:=|!|<=|<!|>|P=|#)|\\Z|[*+?}]\+")
_BACK = re.compile(r"(?<!\\)(?:\\\\)*\\[1-9]")


def fault(pattern: str, flags: str) -> str | None:
    """Why an expression cannot be used, None where it can."""
    unknown = sorted(set(flags) - _FLAGS)
    if unknown:
        return f"the flags {flags!r} hold {', '.join(unknown)}; the flags of XPath are s, m, i, x and q"
    if special(pattern, flags):
        return _compiled(pattern)
    query = (
        f"ASK {{ BIND (REGEX('', {Literal(translated(pattern, flags))}, '{kept(flags)}') AS ?r) FILTER (BOUND(?r)) }}"
    )
    return None if Store().query(query) else f"{pattern!r} is no regular expression"


def special(pattern: str, flags: str) -> bool:
    """Whether only the other engine can read an expression: it looks ahead or behind, or back at a group."""
    return "q" not in flags and bool(_LOOKING.search(pattern) or _BACK.search(pattern))


def _compiled(pattern: str) -> str | None:
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        return f"{pattern!r} is no regular expression: {error}"
    return None


def kept(flags: str) -> str:
    """The flags that go with a translated expression: those that the translation did not use up.

    >>> kept("iq"), kept("xs")
    ('i', 's')
    """
    return "".join(sorted(set(flags) - {"q", "x"}))


def translated(pattern: str, flags: str) -> str:
    """The same expression in the dialect of the engine.

    >>> translated("[a-z-[aeiou]]+", ""), translated("a.c", "q"), translated("a b", "x")
    ('[a-z--[aeiou]]+', 'a\\\\.c', 'ab')
    """
    if "q" in flags:
        return "".join(rf"\{sign}" if sign in r"\.+*?()|[]{}^$#&-~" else sign for sign in pattern)
    made: list[str] = []
    depth = 0
    for token in _TOKEN.findall(pattern):
        if token == "-[" and depth:
            made.append("--[")
        elif token[0] == "\\" and token[1:] in _CLASSES:
            made.append(_CLASSES[token[1:]])
        elif "x" in flags and not depth and token.isspace():
            continue
        else:
            made.append(rf"\{token}" if token in ("&", "~") and depth else token)
        depth += token.endswith("[") or token == "[^"
        depth -= token == "]" and depth > 0
    return "".join(made)
