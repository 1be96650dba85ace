r"""Turns SPARQL text into text of the same meaning that can be read in one way only, before anything looks at it.

The engine has no lexer of its own: after an operand it takes ``<`` for "less than" although the longest token is an IRI
(https://www.w3.org/TR/sparql11-query/#sparqlGrammar), and it needs no white space between keywords. What is said of a
query and what the engine does must not differ, so comments become blanks, an IRI that could be read as a comparison
begins with an escape (``\u003F``: nothing but an IRI does), and what stays doubtful is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from iesi_kg.errors import QuerySyntaxError

ESCAPE = r"\\u[0-9A-Fa-f]{4}|\\U[0-9A-Fa-f]{8}"
IRI = rf"(?:[^<>\"{{}}|^`\\\x00-\x20]|{ESCAPE})*+"
_IN_STRING = rf"\\[tbnrf\"'\\]|{ESCAPE}"
STRING = rf"""\"{{3}}(?:[^"\\]|{_IN_STRING}|"(?!""))*+\"{{3}} | '{{3}}(?:[^'\\]|{_IN_STRING}|'(?!''))*+'{{3}}
    | "(?!"")(?:[^"\\\n\r]|{_IN_STRING})*+" | '(?!'')(?:[^'\\\n\r]|{_IN_STRING})*+'"""
_PIECE = re.compile(
    rf"""
    (?: [\s0-9{{}}()\[\].,;=!&|*/+^>]++
      | [?$]\w++
      | @[A-Za-z]++(?:-++[A-Za-z0-9]++)*+
      # As a comparison these hold at most one name: "//" is no operator.
      | <(?:[A-Za-z][A-Za-z0-9]*+:(?://[^<>"{{}}|^`\\\x00-\x20]*+|(?:[A-Za-z0-9_][A-Za-z0-9_:.\-]*+)?+)|[A-Za-z0-9_]*+)>
    )*+
    (?P<piece>
      (?P<string>{STRING})
    | (?P<comment>\#[^\n\r]*+)
    | <(?P<iri>{IRI})>
    | (?P<prefix>(?:[^\W\d][\w.\-\u00b7]*+)?+):(?:[\w:%\-\u00b7]|\\[_~.\-!$&'()*+,;=/?\#@%]|\.(?=[\w:%\-\\.\u00b7]))*+
    | (?P<words>[^\W\d][\w.\-\u00b7]*+)
    | (?P<stray>["'\\])
    | .
    )?+
    """,
    re.VERBOSE | re.DOTALL,
)
_KINDS = ("comment", "iri", "prefix", "words", "string", "stray")
_CODE_POINT = re.compile(r"(?<!\\)(?:\\\\)*\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8}))")
_ESCAPED = re.compile(ESCAPE)
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:|\\[uU]")
_COMPARISON = re.compile(r"[?$+\-.!(':0-9]|[^#?]*[(&=]")
# Keywords that decide what a text may do, and the only other words of SPARQL that hold one of them.
_WEIGHTY = (
    *("service", "silent", "graph", "with", "using", "named", "into", "from", "to", "copy", "move", "add", "clear"),
    *("drop", "create", "load", "default", "insert", "delete", "data", "where", "now", "rand", "uuid", "bnode"),
)
_KNOWN = frozenset([*_WEIGHTY, "datatype", "separator", "struuid"])
_HOLDS = re.compile("|".join(_WEIGHTY), re.IGNORECASE)
_GLUED = re.compile(
    r"(?:service|silent|graph|with|using|named|into|from|to|copy|move|add|clear|drop|create|load|default|"
    r"true|false|undef|all|a|[.\-\d])++",
    re.IGNORECASE,
)
_BEFORE_NAME = re.compile(
    r"(?:service|silent|graph|with|using|named|into|from|to|copy|move|add|clear|drop|create|load)\Z", re.IGNORECASE
)
_JOINTS = re.compile(r"[.\-\u00b7]")
_SHORT = 2_000
_SHORT_PIECE, _REMEMBERED = 64, 8_192
_HARMLESS = set[str]()  # pieces that stay as they are: most queries are made of the same words and names
_LESS = "< "
_LAST, _SURROGATES = 0x10FFFF, range(0xD800, 0xE000)


class Settled(str):
    """Text that has been settled; a part of it, or text made of it, is plain text again."""

    __slots__ = ()


def settled(text: str, *, relative: bool = False) -> Settled:
    r"""The text in the form that has one reading; ``relative`` says that IRIs without a scheme have a base.

    Doing it twice changes nothing more. Raises QuerySyntaxError where the reading stays doubtful.

    >>> settled("ASK { FILTER(1<?a#> {\n) }")
    'ASK { FILTER(1< ?a    \n) }'
    >>> settled("ASK { ?s <urn:a#b> ?o }")
    'ASK { ?s <\\u0075rn:a#b> ?o }'
    """
    if isinstance(text, Settled):
        return text
    return _short(text, relative) if len(text) <= _SHORT else _settled(text, relative)


def at_hand(text: str) -> str:
    """The settled text where it is short, and so was kept when it was looked at; else the text, to be settled later."""
    return settled(text) if len(text) <= _SHORT else text


def unescaped(iri: str) -> str:
    r"""An IRI as it is meant, without its escapes (section 19.2).

    >>> unescaped("\\u0075rn:a#b")
    'urn:a#b'
    """
    return _ESCAPED.sub(lambda found: chr(int(found[0][2:], 16)), iri) if "\\" in iri else iri


def as_sent(text: str, error: QuerySyntaxError) -> QuerySyntaxError:
    """An error of the settled text of a query, at its place in the text as it was sent."""
    line, column = error.members.get("line"), error.members.get("column")
    if not (isinstance(line, int) and isinstance(column, int)):
        return error
    begin = sum(len(each) + 1 for each in text.split("\n")[: line - 1])  # no edit adds or takes a line
    moved = 0
    for start, end, new in _edits(text, relative=False):
        if start - begin + 1 + moved >= column:
            break
        moved += (len(new) - (end - start)) if start >= begin else 0
    if not moved:
        return error
    detail = error.detail.replace(f"column {column}:", f"column {max(1, column - moved)}:", 1)
    return QuerySyntaxError(detail, hint=error.hint, line=line, column=max(1, column - moved))


def _settled(text: str, relative: bool) -> Settled:
    parts: list[str] = []
    kept = 0
    for start, end, new in _edits(text, relative=relative):
        parts += (text[kept:start], new)
        kept = end
    return Settled("".join([*parts, text[kept:]]) if parts else text)


def _edits(text: str, *, relative: bool) -> Iterator[tuple[int, int, str]]:
    relative = relative or "base" in text.lower()
    place, harmless = 0, _HARMLESS
    while place < len(text):
        for match in _PIECE.finditer(text, place):
            piece, place = match["piece"], match.end()
            if piece is None or piece in harmless:
                continue
            new = _instead(text, match, relative)
            if new is None:
                _remember(piece)
                continue
            place = match.start("piece") + 1 if new == _LESS else place
            yield match.start("piece"), place, new
            if new == _LESS:
                break


def _instead(text: str, match: re.Match[str], relative: bool) -> str | None:
    """What stands in place of a piece, None where it stays. Raises QuerySyntaxError where it is doubtful."""
    kind = next((kind for kind in _KINDS if match[kind] is not None), "")
    piece, start = match["piece"], match.start("piece")
    if kind == "comment":
        return " " * len(piece)
    if kind == "iri":
        iri = match["iri"]
        if not relative and not _ABSOLUTE.match(iri) and _COMPARISON.match(iri):
            return _LESS
        new = _iri(text, start, iri)
        return None if new == piece else new
    if kind == "string" and "\\" in piece:
        _check_code_points(text, start, piece)
    elif kind in ("prefix", "words", "stray"):
        _check(text, match, kind)
    return None


def _remember(piece: str) -> None:
    """Know a piece that stays as it is wherever it stands; what a piece is depends on nothing but itself."""
    if len(piece) <= _SHORT_PIECE:
        if len(_HARMLESS) >= _REMEMBERED:
            _HARMLESS.clear()
        _HARMLESS.add(piece)


_short = lru_cache(maxsize=1024)(_settled)


def _iri(text: str, start: int, iri: str) -> str:
    if "\\" in iri:
        _check_code_points(text, start, iri)
    if not iri or iri[0] == "\\":
        return f"<{iri}>"
    return f"<\\U{ord(iri[0]):08X}{iri[1:]}>" if ord(iri[0]) > 0xFFFF else f"<\\u{ord(iri[0]):04X}{iri[1:]}>"


def _check(text: str, match: re.Match[str], kind: str) -> None:
    """Refuse what could be one word or several, and a quote or backslash that belongs to nothing."""
    start, piece = match.start("piece"), match["piece"]
    if kind == "stray":
        if piece == "\\":
            raise _error(text, start, "a backslash stands where no escape is allowed")
        raise _error(text, start, "the string that begins here is not closed")
    if kind == "words":
        for word in _JOINTS.split(piece) if _HOLDS.search(piece) else ():
            if word.lower() not in _KNOWN and _HOLDS.search(word):
                detail = f"{word[:40]!r} is no word of SPARQL: write a space between keywords"
                raise _error(text, start, detail)
        return
    prefix = match["prefix"]
    if prefix and _GLUED.fullmatch(prefix) and _BEFORE_NAME.search(prefix):
        raise _error(
            text,
            start,
            f"'{prefix[:40]}:' can be a keyword before a name or a prefix: write a space, or choose another prefix",
        )


def _check_code_points(text: str, start: int, part: str) -> None:
    for found in _CODE_POINT.finditer(part):
        number = int(found[1] or found[2], 16)
        if number > _LAST or number in _SURROGATES:
            raise _error(text, start + found.start(), "the escape names no character")


def _error(text: str, offset: int, detail: str) -> QuerySyntaxError:
    line, column = text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)
    return QuerySyntaxError(f"line {line}, column {column}: {detail}", line=line, column=column)
