"""The text of a cell as another database has it to the value that is meant: plain text, year, day, address, number."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from html.parser import HTMLParser
from itertools import pairwise

_BLANK = re.compile(r"[^\S\n]+")
_LINES = re.compile(r" ?\n ?(?:\n ?)*\n ?")
_TAG = re.compile(
    r"</?(?:a|abbr|b|blockquote|br|code|div|em|figure|font|h[1-6]|hr|i|iframe|img|li|ol|p|pre|script|section|small|"
    r"span|strong|style|sub|sup|svg|table|tbody|td|th|tr|u|ul)\b[^<>]*>|<!--|&(?:#\d+|#x[0-9a-f]+|[a-z]{2,8}\d?);",
    re.IGNORECASE,
)
_BLOCKS = frozenset(
    [
        "p",
        "div",
        "br",
        "li",
        "ul",
        "ol",
        "tr",
        "table",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "blockquote",
        "section",
        "pre",
        "hr",
    ]
)
_SILENT = frozenset(("script", "style", "iframe", "svg"))
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_START = re.compile(r"(?:(?<=[\s,;])|^)https?:/{1,3}", re.IGNORECASE)
_ANYWHERE = re.compile(r"https?://", re.IGNORECASE)
_TWICE = re.compile(r"^https?://\s*(?=https?://)", re.IGNORECASE)
_HOST = re.compile(r"(https?)://\s*([^\s/?#@:]+\.[^\s/?#@:.]{2,}\.?(?::\d{0,5})?)([/?#].*)?", re.IGNORECASE | re.DOTALL)
_BARE = re.compile(r"www\.[\w.-]+\.[a-z]{2,}(?:/\S*)?", re.IGNORECASE)
_NO_IRI = re.compile(r"[\x00-\x20<>\"{}|\\^`\[\]]|%(?![0-9A-Fa-f]{2})|#(?=.*#)")
_YEAR = re.compile(r"(\d{4})(?:\.0+)?")
_DAY = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ].*)?|(\d{1,2})[/.](\d{1,2})[/.](\d{4})")
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?")
# UTF-8 read as Latin-1 or windows-1252 by somebody: what looks like the bytes of one character.
_MISREAD = re.compile("[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_WINDOWS = {ord(bytes([b]).decode("cp1252")): b for b in range(0x80, 0xA0) if b not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)}
_ROUNDS = 3
_SHORT = 200


def plain(text: str) -> str:
    """A text without markup, control characters and blanks that show nothing; lines stay lines.

    >>> plain(" <p>Caf&eacute;&nbsp;<b>x</b></p><p>a < b</p><script>alert(1)</script> ")
    'Café x\\n\\na < b'
    """
    return _remembered(text) if len(text) <= _SHORT else _plain(text)


@lru_cache(maxsize=4096)
def _remembered(text: str) -> str:
    return _plain(text)


def _plain(text: str) -> str:
    shown = _SURROGATE.sub("\ufffd", _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n")))
    if _TAG.search(shown):
        shown = _without_markup(shown)
    return _LINES.sub("\n\n", _BLANK.sub(" ", shown)).strip(" \n\u200b\ufeff")


def has_markup(text: str) -> bool:
    """Whether a text holds HTML."""
    return _TAG.search(text) is not None


def mended(text: str) -> str:
    """A text whose UTF-8 was read as windows-1252, once or more often, as it was meant.

    >>> mended("CarriÃ\\x83Â©re"), mended("Café é Â\\xa0"), mended("dâ€™accord")
    ('Carriére', 'Café é \\xa0', 'd’accord')
    """
    for _ in range(_ROUNDS):
        if text.isascii():
            return text
        seen = text.translate(_WINDOWS)
        pieces, done = list[str](), 0
        for found in _MISREAD.finditer(seen):
            meant = _decoded(found[0])
            if meant is not None:
                pieces += [text[done : found.start()], meant]
                done = found.end()
        if not pieces:
            return text
        text = "".join(pieces) + text[done:]
    return text


def _decoded(piece: str) -> str | None:
    try:
        return piece.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return None


def year(text: str) -> int | None:
    """The year that is meant by a year or a day.

    >>> year("2021.0"), year("2016-03-01"), year("about 2016")
    (2021, 2016, None)
    """
    if found := _YEAR.fullmatch(text):
        return int(found[1])
    when = day(text)
    return when.year if when else None


def day(text: str) -> date | None:
    """The day that is meant, written year first or day first.

    >>> day("14/10/2024"), day("2016-02-30")
    (datetime.date(2024, 10, 14), None)
    """
    found = _DAY.fullmatch(text)
    if found is None:
        return None
    parts = (found[1], found[2], found[3]) if found[1] else (found[6], found[5], found[4])
    try:
        return date(*map(int, parts))
    except ValueError:
        return None


def number(text: str) -> str | None:
    """A decimal number as it is written."""
    return text if _NUMBER.fullmatch(text) else None


def addresses(text: str) -> list[str]:
    """The web addresses in a cell, so far mended that they are IRIs.

    >>> addresses("https://a.eu/x y\\n"), addresses("http://a.eu, \\nhttps://b.eu/1 en http://c.eu")
    (['https://a.eu/x%20y'], ['http://a.eu', 'https://b.eu/1', 'http://c.eu'])
    >>> addresses("ùhttps://a.pl/"), addresses("http://HTTP://a.eu"), addresses("http:// a.eu"), addresses("internal")
    (['https://a.pl/'], ['http://a.eu'], ['http://a.eu'], [])
    """
    text = _TWICE.sub("", plain(text))
    starts = [found.start() for found in _START.finditer(text)]
    if not starts and (inside := _ANYWHERE.search(text)):
        starts = [inside.start()]
    if not starts and _BARE.fullmatch(text):
        text, starts = f"http://{text}", [0]
    parts = [text[start:end] for start, end in pairwise([*starts, len(text)])]
    return list(dict.fromkeys(found for part in parts if (found := _address(part, alone=len(parts) == 1))))


def _address(part: str, *, alone: bool) -> str | None:
    found = _HOST.fullmatch(part.strip().rstrip(",;"))
    if found is None:
        return None
    rest = (found[3] or "").strip()
    if not alone or "\n" in rest:
        rest = rest.split()[0] if rest else ""
    rest = _NO_IRI.sub(lambda c: f"%{ord(c[0]):02X}", rest.rstrip(",;"))
    return f"{found[1].lower()}://{found[2].lower()}{rest}"


def _without_markup(text: str) -> str:
    reader = _Plain()
    reader.feed(text)
    reader.close()
    return "".join(reader.pieces)


class _Plain(HTMLParser):
    """Collects what a reader of the page would see."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in _SILENT
        self._break(tag)

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in _SILENT and self._silent > 0
        self._break(tag)

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.pieces.append(data)

    def _break(self, tag: str) -> None:
        if tag in _BLOCKS:
            self.pieces.append("\n")


def split(text: str, separator: str) -> Iterator[str]:
    """The parts of a text that holds several."""
    yield from (text.split(separator) if separator else [text])
