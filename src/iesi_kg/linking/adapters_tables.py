"""A file of another database to its rows, one at a time: CSV, or JSON with an array of objects (RFC 4180, RFC 8259)."""

from __future__ import annotations

import codecs
import csv
import io
import json
from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, BinaryIO, Protocol

from iesi_kg.errors import UnreadableFile
from iesi_kg.records import SourceFile

_PIECE = 1 << 16
_SMALL = 64_000_000
_DELIMITERS = ",;\t|"
_BYTE_ORDER = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_DEEPEST = 4


class PeerFile(Protocol):
    """A file that can be read more than once without being held in memory."""

    @property
    def name(self) -> str: ...
    @property
    def named(self) -> bool: ...  # or it only stands in a folder that was, where files of others may stand too
    def open(self) -> BinaryIO: ...


@dataclass(frozen=True, slots=True)
class Held:
    """A file whose bytes are in memory."""

    source: SourceFile

    @property
    def name(self) -> str:
        return self.source.name

    @property
    def named(self) -> bool:
        return True

    def open(self) -> BinaryIO:
        return io.BytesIO(self.source.content)


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What tells one file from another, and how large it is."""

    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Row:
    """One record of a file: its number from 1, the texts of each column, and the columns with broken characters."""

    number: int
    texts: Mapping[str, tuple[str, ...]]
    broken: tuple[str, ...] = ()


def openable(file: SourceFile | PeerFile) -> PeerFile:
    """A file as something that can be opened."""
    return Held(file) if isinstance(file, SourceFile) else file


def fingerprint(file: PeerFile) -> Fingerprint:
    """The digest of a file, read in pieces."""
    digest, size = sha256(), 0
    with file.open() as stream:
        while piece := stream.read(_PIECE):
            digest.update(piece)
            size += len(piece)
    return Fingerprint(digest.hexdigest(), size)


def looks_like(file: PeerFile) -> str:
    """The format of a file by its first bytes; empty where it holds nothing."""
    with file.open() as stream:
        start = stream.read(_PIECE)
    for mark, encoding in _BYTE_ORDER.items():
        if start.startswith(mark):
            start = start.decode(encoding, "replace").encode()
            break
    start = start.strip(b" \t\r\n\x00")
    if not start:
        return ""
    if start.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF", b"\x1f\x8b", b"<")):
        kind = "a web page or XML" if start.startswith(b"<") else "no text"
        raise UnreadableFile(f"{file.name} is {kind}", hint="hand in the CSV or JSON file that the database offers")
    return "json" if start[:1] in b"[{" else "csv"


def header(file: PeerFile, form: str, items: str) -> list[str]:
    """The columns of a file: of a table all of them, of JSON those of its first record."""
    if form == "csv":
        with closing(_lines(file)) as lines:
            return next(lines)
    with closing(_objects(file, items)) as objects:
        return next((list(row.texts) for row in objects), [])


def rows(file: PeerFile, form: str, items: str) -> Iterator[Row]:
    """The records of a file. Raises UnreadableFile with the place where it breaks off."""
    return _table(file) if form == "csv" else _objects(file, items)


def _table(file: PeerFile) -> Iterator[Row]:
    lines = _lines(file)
    names = _told_apart(next(lines))
    for number, cells in enumerate(lines, start=1):
        if len(cells) > len(names):
            raise UnreadableFile(
                f"{file.name}: record {number:,} has {len(cells)} cells where the header has {len(names)}; "
                f"the first that is too many reads {cells[len(names)][:40]!r}",
                hint="a text that holds the delimiter needs quotation marks around it",
            )
        texts = dict(zip(names, cells, strict=False))
        broken = tuple(name for name, text in texts.items() if not text.isascii() and _undecoded(text))
        texts |= {name: _western(texts[name]) for name in broken}
        yield Row(number, {name: (text,) for name, text in texts.items()}, broken)


def _told_apart(names: Sequence[str]) -> list[str]:
    """Column names of which none stands twice: the second gets a number.

    >>> _told_apart(["id", "note", "note"])
    ['id', 'note', 'note.2']
    """
    seen: Counter[str] = Counter()
    found = []
    for name in names:
        seen[name] += 1
        found.append(name if seen[name] == 1 else f"{name}.{seen[name]}")
    return found


def _lines(file: PeerFile) -> Generator[list[str], None, None]:
    """The header, then the rows that are not empty."""
    with _text(file) as text:
        delimiter = max(_DELIMITERS, key=text.readline().count)
        text.seek(0)
        reader = csv.reader((line.replace("\0", "") for line in text), delimiter=delimiter, strict=True)
        try:
            for number, cells in enumerate(reader):
                if number == 0:
                    yield [cell.strip("\ufeff \t\xa0") for cell in cells]
                elif any(cell.strip() for cell in cells):
                    yield cells
        except csv.Error as error:
            raise UnreadableFile(
                f"{file.name} is not CSV from line {reader.line_num:,} on: {error}",
                hint="look for a quotation mark that is not closed",
                line=reader.line_num,
            ) from None


def _text(file: PeerFile) -> io.TextIOWrapper:
    """The file as text; bytes that are not UTF-8 stand as lone surrogates (PEP 383)."""
    stream = file.open()
    mark = stream.read(4)
    stream.seek(0)
    encoding = next((found for start, found in _BYTE_ORDER.items() if mark.startswith(start)), "utf-8")
    return io.TextIOWrapper(stream, encoding, "surrogateescape" if encoding == "utf-8" else "replace", newline="")


def _undecoded(text: str) -> bool:
    return any("\udc80" <= character <= "\udcff" for character in text)


def _western(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("windows-1252", "replace")


class _Counting:
    """Counts what is read, so that the place where a file ends is known; bytes that are no UTF-8 pass as U+FFFD."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
        self.size = 0
        self.lines = 1
        self.start = b""

    def read(self, size: int = -1) -> bytes:
        if size == 0:  # asked for to learn whether bytes come
            return b""
        while piece := self._stream.read(_PIECE):
            self.start = self.start or piece.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
            self.size += len(piece)
            self.lines += piece.count(b"\n")
            if text := self._decoder.decode(piece):
                return text.encode("utf-8", "replace")
        return self._decoder.decode(b"", final=True).encode()


def _objects(file: PeerFile, items: str) -> Generator[Row, None, None]:
    import ijson

    number = 0
    with file.open() as stream:
        counted = _Counting(stream)
        try:
            for number, item in enumerate(ijson.items(counted, items, use_float=True), start=1):
                if not isinstance(item, dict):
                    raise UnreadableFile(f"{file.name}: record {number:,} is no object but {str(item)[:40]!r}")
                texts = dict(_flat(item))
                yield Row(number, texts, tuple(n for n, parts in texts.items() if any("\ufffd" in p for p in parts)))
        except ijson.JSONError as error:
            raise _broken_off(file, counted, number, error) from None
    if number == 0 and items == "item" and counted.start == b"{":
        raise UnreadableFile(
            f"{file.name} holds one object, not an array of records",
            hint="`items` in the description says where the array stands",
        )


def _broken_off(file: PeerFile, read: _Counting, number: int, error: Exception) -> UnreadableFile:
    """Where a JSON file is wrong: exactly, where it is small enough to be read again as a whole."""
    import ijson

    place, line = f"near byte {read.size:,}", read.lines
    ends = isinstance(error, ijson.IncompleteJSONError) and "premature" in str(error).casefold()
    if read.size < _SMALL:
        with file.open() as stream:
            whole = stream.read()
        try:
            json.loads(whole.decode("utf-8-sig", "replace"))
        except json.JSONDecodeError as exact:
            ends = not whole[exact.pos :].strip() or exact.msg.startswith("Unterminated")
            place, line = f"line {exact.lineno:,}, column {exact.colno:,}", exact.lineno
        except RecursionError:
            place = "objects inside objects inside objects"
    what = "ends in the middle" if ends else "is not JSON"
    return UnreadableFile(
        f"{file.name} {what} ({place}), after {number:,} whole record{'' if number == 1 else 's'}",
        hint="the file was cut short: fetch it again" if ends else "mend the file, or fetch it again",
        line=line,
    )


def _flat(item: Mapping[str, Any], path: str = "", depth: int = 0) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The texts of an object by column; the fields of an object inside it are columns ``outer.inner``."""
    for name, value in item.items():
        here = f"{path}{name}"
        inside = value if isinstance(value, list) else [value]
        objects = [one for one in inside if isinstance(one, dict)]
        if objects and depth < _DEEPEST:
            for inner in dict.fromkeys(key for one in objects for key in one):
                yield from _merged(objects, inner, here, depth)
        else:
            yield here, tuple(_written(one) for one in inside if one is not None)


def _merged(
    objects: Sequence[Mapping[str, Any]], inner: str, path: str, depth: int
) -> Iterator[tuple[str, tuple[str, ...]]]:
    found: dict[str, tuple[str, ...]] = {}
    for one in objects:
        if inner in one:
            for column, texts in _flat({inner: one[inner]}, f"{path}.", depth + 1):
                found[column] = found.get(column, ()) + texts
    yield from found.items()


def _written(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
