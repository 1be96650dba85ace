"""The parts of an Excel workbook to lines of text, each in one pass (ECMA-376 part 1, section 18: SpreadsheetML)."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from xml.parsers import expat

from iesi_kg.errors import UnreadableFile
from iesi_kg.ingest.archive import Package
from iesi_kg.ingest.sheetrows import EPOCH, EPOCH_1904, Attributes, Line, SheetReader, column, local, unescaped
from iesi_kg.records import SourceFile
from iesi_kg.vocabulary.told import say

WORKBOOK = "xl/workbook.xml"
_MOST_STRINGS = 3_000_000
# Section 18.8.30: the number formats that need no definition and show a date or a time.
_DATES = {*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)}
_NOT_SHOWN = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]')


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle of cells: rows as shown, columns counted from 0, all inclusive."""

    first_row: int
    last_row: int
    first: int
    last: int


@dataclass(frozen=True)
class Sheet:
    """One sheet of a workbook, read when its lines are asked for."""

    book: Workbook
    title: str
    hidden: bool
    part: str

    def lines(self) -> Iterator[Line]:
        """The rows that are stored, in their order, with the same memory for any number. Raises UnreadableFile."""
        reader = SheetReader(self.book.strings, self.book.formats, self.book.epoch)
        for _ in self.book.parsed(self.part, reader.start, reader.end, reader.text):
            yield from reader.taken()
        yield from reader.taken()

    @cached_property
    def merged(self) -> list[Area]:
        """The areas that are merged to one cell; they stand behind the rows, hence in a pass of their own."""
        pieces = self.book.package.pieces(self.part)
        if not any(b"mergeCell" in piece + tail for piece, tail in _with_next(pieces)):
            return []
        areas: list[Area] = []

        def start(name: str, attributes: Attributes) -> None:
            if local(name) == "mergeCell":
                areas.append(_area(attributes["ref"]))

        for _ in self.book.parsed(self.part, start):
            pass
        return areas


class Workbook:
    """An Excel workbook whose package was looked at. Raises UnreadableFile, FileTooLarge."""

    def __init__(self, source: SourceFile) -> None:
        self.package = Package(source, "Excel workbook")
        self._name = source.name
        self._parts = set(self.package.names)
        self.epoch = EPOCH
        self._listed: list[tuple[str, bool, str]] = []
        self._read(WORKBOOK, self._of_workbook)
        targets = self._targets
        self.sheets = [
            Sheet(self, title, hidden, targets[key])
            for title, hidden, key in self._listed
            if targets.get(key, "").startswith("xl/worksheets/") and targets[key] in self._parts
        ]

    @property
    def has_macros(self) -> bool:
        """Whether programs are stored in it."""
        return any(name.endswith("vbaProject.bin") or "/macrosheets/" in name for name in self._parts)

    @property
    def links(self) -> bool:
        """Whether cells refer to other files."""
        return any(name.startswith("xl/externalLinks/") for name in self._parts)

    @cached_property
    def strings(self) -> list[str]:
        """The texts that cells refer to by number (section 18.4)."""
        found: list[str] = []
        parts: list[str] = []
        inside = [False, False]  # in a text, in a reading aid for Japanese (18.4.6)

        def start(name: str, attributes: Attributes) -> None:
            kind = local(name)
            if kind == "t":
                inside[0] = not inside[1]
            elif kind == "rPh":
                inside[1] = True

        def end(name: str) -> None:
            kind = local(name)
            if kind == "t":
                inside[0] = False
            elif kind == "rPh":
                inside[1] = False
            elif kind == "si":
                found.append(unescaped("".join(parts)))
                parts.clear()

        def text(data: str) -> None:
            if inside[0]:
                parts.append(data)

        part = "xl/sharedStrings.xml"
        for _ in self.parsed(part, start, end, text) if part in self._parts else ():
            if len(found) > _MOST_STRINGS:
                raise self._unreadable(f"holds more than {_MOST_STRINGS:,} different texts", "send the table as CSV")
        return found

    @cached_property
    def formats(self) -> list[str]:
        """For each style of a cell: "date", "year" where no more than the year is shown, or nothing (section 18.8)."""
        own: dict[int, str] = {}
        kinds: list[str] = []
        inside = [False]

        def start(name: str, attributes: Attributes) -> None:
            kind = local(name)
            if kind == "numFmt":
                own[int(attributes["numFmtId"])] = _shows(attributes.get("formatCode", ""))
            elif kind == "cellXfs":
                inside[0] = True
            elif kind == "xf" and inside[0]:
                number = int(attributes.get("numFmtId", 0))
                kinds.append(own.get(number, "date" if number in _DATES else ""))

        def end(name: str) -> None:
            if local(name) == "cellXfs":
                inside[0] = False

        self._read("xl/styles.xml", start, end)
        return kinds

    def parsed(
        self,
        part: str,
        start: Callable[[str, Attributes], None],
        end: Callable[[str], None] | None = None,
        text: Callable[[str], None] | None = None,
    ) -> Iterator[None]:
        """Feed a part to the handlers, piece by piece. Raises UnreadableFile with the part and line."""
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, text
        parser.StartDoctypeDeclHandler = self._doctype
        try:
            for piece in self.package.pieces(part):
                parser.Parse(piece, False)
                yield
            parser.Parse(b"", True)
            yield
        except (expat.ExpatError, LookupError, ValueError, ArithmeticError) as error:
            line = getattr(error, "lineno", parser.CurrentLineNumber)
            raise UnreadableFile(
                f"{self._name} is a damaged Excel workbook: {part}, line {line}, cannot be read ({error})",
                hint=say("unreadable-file.remedy.resave"),
                line=line,
            ) from None

    def _read(
        self, part: str, start: Callable[[str, Attributes], None], end: Callable[[str], None] | None = None
    ) -> None:
        for _ in self.parsed(part, start, end) if part in self._parts else ():
            pass

    def _of_workbook(self, name: str, attributes: Attributes) -> None:
        kind = local(name)
        if kind == "workbookPr" and attributes.get("date1904") in ("1", "true"):
            self.epoch = EPOCH_1904
        elif kind == "sheet":
            key = next((value for key, value in attributes.items() if local(key) == "id"), "")
            self._listed.append((attributes["name"], attributes.get("state", "visible") != "visible", key))

    @property
    def _targets(self) -> Mapping[str, str]:
        """The parts that the workbook refers to, by the key of the reference (ECMA-376 part 2, section 9.3)."""
        found: dict[str, str] = {}

        def start(name: str, attributes: Attributes) -> None:
            if local(name) == "Relationship" and attributes.get("TargetMode") != "External":
                found[attributes["Id"]] = posixpath.normpath(posixpath.join("/xl", attributes["Target"])).lstrip("/")

        self._read("xl/_rels/workbook.xml.rels", start)
        return found

    def _doctype(self, *declared: object) -> None:
        raise self._unreadable("declares XML entities, which no Excel workbook needs", "save it again")

    def _unreadable(self, why: str, remedy: str) -> UnreadableFile:
        return UnreadableFile(f"{self._name} {why}", hint=remedy)


def _shows(code: str) -> str:
    """What a number format shows of a date.

    >>> _shows("dd/mm/yyyy"), _shows("yyyy"), _shows('0.00" days"'), _shows("[$-407]General")
    ('date', 'year', '', '')
    """
    letters = set(_NOT_SHOWN.sub("", code.partition(";")[0]).casefold())
    if not letters & set("dmyhs") or "general" in code.casefold():
        return ""
    return "year" if letters == {"y"} else "date"


def _area(reference: str) -> Area:
    """The rectangle of a reference such as ``B3:B5``."""
    ends = reference.replace("$", "").split(":")
    (first, first_row), (last, last_row) = (
        (column(end.rstrip("0123456789")), int(end.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))) for end in (ends[0], ends[-1])
    )
    return Area(first_row, last_row, first, last)


def _with_next(pieces: Iterator[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Each piece with the first bytes of the one behind it, so that no word is cut."""
    before = next(pieces, b"")
    for piece in pieces:
        yield before, piece[:16]
        before = piece
    yield before, b""
