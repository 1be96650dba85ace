"""CSV bytes to rows, each with the number a spreadsheet shows (RFC 4180; W3C Model for Tabular Data section 8)."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from io import BytesIO, StringIO, TextIOWrapper
from itertools import islice

from iesi_kg.errors import UnreadableFile
from iesi_kg.ingest import western
from iesi_kg.ingest.kinds import Encoding, encoded
from iesi_kg.records import Finding, Row, Severity, SourceFile
from iesi_kg.vocabulary.formulas import restored
from iesi_kg.vocabulary.told import say

_DELIMITERS = {",": "word.comma", ";": "word.semicolon", "\t": "word.tab", "|": "word.bar"}
_CELL_LIMIT = 131_072
_HEADER_WITHIN = 20


@dataclass(frozen=True, slots=True)
class Text:
    """The bytes of a table and how they are read."""

    name: str
    content: bytes
    encoding: Encoding

    @classmethod
    def of(cls, source: SourceFile) -> Text:
        """A text that is not UTF-8 and has no mark is read as windows-1252 where that makes words."""
        encoding = encoded(source.content)
        if encoding.name == "utf-8" and not western.is_utf8(source.content) and western.reads_well(source.content):
            encoding = Encoding(encoding.skip, western.NAME, guessed=True)
        return cls(source.name, source.content, encoding)

    def lines(self) -> Iterator[str]:
        """Lines with their line ends; bytes that are not UTF-8 stand as lone surrogates (PEP 383)."""
        stream = BytesIO(self.content)
        stream.seek(self.encoding.skip)
        errors = "surrogateescape" if self.encoding.name == "utf-8" else "replace"
        return iter(TextIOWrapper(stream, encoding=self.encoding.name, errors=errors, newline=""))


def read(source: SourceFile, known: Collection[str]) -> Iterator[Row | Finding]:
    """The header as row 1, then every row that is not empty, with a finding where a row cannot be read.

    ``known`` are the column names that tell the delimiter. Raises UnreadableFile when nothing can be read.
    """
    text = Text.of(source)
    first = next(text.lines(), "").rstrip("\r\n")
    declared = first[4:5] if first.casefold().startswith("sep=") else ""
    above = 0 if declared else _lines_above(text, known)
    header = _header(text, first) if not above else next(islice(text.lines(), above, None))
    delimiter = declared or _delimiter(text, header, known)
    if delimiter not in _DELIMITERS:
        raise UnreadableFile(
            f"{source.name} says that {delimiter!r} separates its columns, which is read by nobody else",
            hint=say("unreadable-file.remedy.commas"),
            line=1,
        )
    if delimiter != ",":
        yield _other_delimiter(delimiter, above + 1)
    lines = islice(text.lines(), 1 if declared else above, None)
    yield from _rows(csv.reader(lines, delimiter=delimiter, strict=True), above, text.encoding)


def _other_delimiter(delimiter: str, row: int) -> Finding:
    return Finding(
        Severity.INFO,
        "delimiter",
        say("delimiter", name=say(_DELIMITERS[delimiter])),
        row=row,
        value=None if delimiter == "\t" else delimiter,
        suggestion=say("delimiter.remedy.bar" if delimiter == "|" else "delimiter.remedy"),
    )


def _lines_above(text: Text, known: Collection[str]) -> int:
    """How many lines stand above the column names: titles and notes, as ministries write them; 0 when not found.

    Two names of ours tell a header below such lines, so that a sentence is not taken for one.
    """
    header = _header(text, next(text.lines(), "").rstrip("\r\n"))
    if max(_known(header, delimiter, known) for delimiter in _DELIMITERS):
        return 0
    for place, line in enumerate(islice(text.lines(), _HEADER_WITHIN)):
        if max(_known(line, delimiter, known) for delimiter in _DELIMITERS) > 1:
            return place
    return 0


def _header(text: Text, first: str) -> str:
    """The text of the first record, which may hold line breaks inside quotation marks."""
    if first.count('"') % 2 == 0:
        return first
    header = ""
    for line in text.lines():
        header += line
        if header.count('"') % 2 == 0 or len(header) > _CELL_LIMIT:
            break
    return header


def _delimiter(text: Text, header: str, known: Collection[str]) -> str:
    """The delimiter under which the header names most known columns; a comma when there is a tie."""
    score = {delimiter: _known(header, delimiter, known) for delimiter in _DELIMITERS}
    best = max(score, key=lambda delimiter: score[delimiter])
    if score[best] == 0:
        seen = ascii(header[:60])[1:-1] + ("..." if len(header) > 60 else "")
        raise UnreadableFile(
            f"no column of the template stands in the first row of {text.name}; it reads: {seen}",
            hint=say("unreadable-file.remedy.template"),
            line=1,
        )
    return best


def _known(header: str, delimiter: str, known: Collection[str]) -> int:
    try:
        cells = next(csv.reader(StringIO(header, newline=""), delimiter=delimiter), [])
    except csv.Error:
        return 0
    return sum(name_of(cell) in known for cell in cells)


def name_of(header_text: str) -> str:
    """The name meant by a header text: spaces, hyphens, capitals and the mark of a required column do not matter.

    >>> name_of(" Start Year *")
    'start_year'
    """
    return header_text.strip("\ufeff \t\r\n\xa0*").casefold().replace("\xa0", "_").replace(" ", "_").replace("-", "_")


def _rows(reader: Iterator[list[str]], above: int, encoding: Encoding) -> Iterator[Row | Finding]:
    number, told = above, False
    odd = _undecoded
    if encoding.guessed:
        odd = _beyond_ascii if encoding.name == western.NAME else _filled
    header: list[str] = []
    while True:
        number += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield _unbalanced(number, str(error))
            return
        if not any(cell.strip() for cell in cells):
            continue
        header = header or _trimmed(cells)
        cells = _trimmed(cells, len(header))
        if not told and any(map(odd, cells)):
            told = True
            place = next(place for place, cell in enumerate(cells) if odd(cell))
            column = header[place] if cells is not header and place < len(header) else None
            tell = _guessed if encoding.guessed else _encoding
            yield tell(number, column, cells[place], encoding)
        row = Row(None, number, tuple(restored(_windows(cell) if _undecoded(cell) else cell) for cell in cells))
        yield row if len(row.texts) == len(header) else ragged(row, len(header))


def _trimmed(cells: list[str], width: int = 0) -> list[str]:
    """Cells without the empty ones that a spreadsheet leaves at the end of a line."""
    while len(cells) > width and not cells[-1].strip():
        cells.pop()
    return cells


def _undecoded(text: str) -> bool:
    return not text.isascii() and any("\udc80" <= character <= "\udcff" for character in text)


def _windows(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("windows-1252", "replace")


def _filled(text: str) -> bool:
    return bool(text)


def _beyond_ascii(text: str) -> bool:
    return not text.isascii()


def _guessed(number: int, column: str | None, cell: str, encoding: Encoding) -> Finding:
    return Finding(
        Severity.INFO,
        "encoding-guessed",
        say("encoding-guessed", name=encoding.name, text=cell.strip()[:60]),
        row=number,
        column=column,
        value=cell,
        suggestion=say("encoding-guessed.remedy"),
    )


def _encoding(number: int, column: str | None, cell: str, encoding: Encoding) -> Finding:
    byte = next(character for character in cell if _undecoded(character))
    return Finding(
        Severity.VIOLATION,
        "encoding",
        say("encoding", byte=f"{ord(byte) - 0xDC00:02X}", text=_windows(cell).strip()[:60]),
        row=number,
        column=column,
        value=_windows(cell),
        suggestion=say("encoding.remedy"),
    )


def _unbalanced(number: int, reason: str) -> Finding:
    if "field larger" in reason:
        message = say("unbalanced-quote.long", limit=_CELL_LIMIT)
    elif "expected after" in reason:
        message = say("unbalanced-quote.after")
    else:
        message = say("unbalanced-quote")
    return Finding(
        Severity.VIOLATION,
        "unbalanced-quote",
        message,
        row=number,
        suggestion=say("unbalanced-quote.remedy"),
    )


def ragged(row: Row, width: int) -> Finding:
    """A row with more or fewer cells than the header."""
    more = len(row.texts) > width
    extra = row.texts[width] if more else None
    how = "more" if more else "fewer"
    return Finding(
        Severity.VIOLATION,
        "ragged-row",
        say(f"ragged-row.{how}", n=len(row.texts), m=width),
        sheet=row.sheet,
        row=row.number,
        value=extra,
        suggestion=say(f"ragged-row.remedy.{how}"),
    )
