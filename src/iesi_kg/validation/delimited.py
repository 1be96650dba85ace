"""A CSV file as its cells with their places in the text, so that some change and all else stays (RFC 4180)."""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from iesi_kg.errors import UsageError

_DELIMITERS = ",;\t|"
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_ENCODINGS = ("utf-8", "windows-1252", "iso-8859-1")


@dataclass(frozen=True, slots=True)
class Field:
    """A cell: its text, and where it stands with its quotation marks."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Delimited:
    """The records of a file by the number that its rows have in a report."""

    mark: bytes
    encoding: str
    text: str
    delimiter: str
    records: Mapping[int, Sequence[Field]]

    @classmethod
    def read(cls, content: bytes, header: Sequence[str], number: int) -> Delimited:
        """The file, read so that one of its records is this header, which has this number. Raises UsageError."""
        mark, encoding = next(((mark, name) for mark, name in _MARKS if content.startswith(mark)), (b"", ""))
        bare = content[len(mark) :]
        encoding = encoding or next(name for name in _ENCODINGS if _decodes(bare, name))
        text = bare.decode(encoding, "replace")
        for delimiter in _DELIMITERS:
            found = list(_records(text, delimiter))
            at = next((place for place, fields in enumerate(found) if _is_header(fields, header)), None)
            if at is not None:
                records = dict(enumerate(found, start=number - at))
                return cls(mark, encoding, text, delimiter, records)
        raise UsageError("the cells of this file cannot be found again to change them", hint="save it as CSV UTF-8")

    def texts(self) -> Iterator[tuple[int, list[str]]]:
        """The rows with their texts."""
        for number, fields in self.records.items():
            yield number, [field.text for field in fields]

    def filled(self, texts: Mapping[tuple[int, int], str]) -> bytes:
        """The file with another text in each of these cells, everything else as it was."""
        pieces, done = [], 0
        for (row, place), new in sorted(texts.items()):
            field = self.records[row][place]
            pieces += [self.text[done : field.start], self._quoted(new)]
            done = field.end
        whole = "".join([*pieces, self.text[done:]])
        return self.mark + whole.encode(self.encoding, "replace")

    def _quoted(self, text: str) -> str:
        if any(sign in text for sign in (self.delimiter, '"', "\n", "\r")):
            return '"' + text.replace('"', '""') + '"'
        return text


def _is_header(fields: Sequence[Field], header: Sequence[str]) -> bool:
    texts = [field.text.lstrip("\ufeff") for field in fields]
    return texts[: len(header)] == list(header) and not any(text.strip() for text in texts[len(header) :])


def _decodes(content: bytes, encoding: str) -> bool:
    try:
        content.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _records(text: str, delimiter: str) -> Iterator[list[Field]]:
    """Every record, empty lines as records without a cell: what a spreadsheet counts as rows."""
    fields: list[Field] = []
    at, size = 0, len(text)
    while at < size:
        value, end = _field(text, at, delimiter)
        if value or fields or text[end : end + 1] == delimiter:
            fields.append(Field(value, at, end))
        at = end + 1
        if text[end : end + 1] == delimiter:
            if at == size:
                fields.append(Field("", at, at))
            continue
        if text[end : end + 2] == "\r\n":
            at = end + 2
        yield fields
        fields = []
    if fields:
        yield fields


def _field(text: str, at: int, delimiter: str) -> tuple[str, int]:
    """The text of the cell that begins here, and where it ends."""
    if text[at : at + 1] != '"':
        ends = [found for sign in (delimiter, "\n", "\r") if (found := text.find(sign, at)) >= 0]
        end = min(ends, default=len(text))
        return text[at:end], end
    value, begin = "", at + 1
    while True:
        close = text.find('"', begin)
        if close < 0:
            return value + text[begin:], len(text)
        value += text[begin:close]
        if text[close + 1 : close + 2] != '"':
            return value, close + 1
        value, begin = value + '"', close + 2
