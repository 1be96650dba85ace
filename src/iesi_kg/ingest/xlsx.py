"""An Excel workbook to rows of text with their numbers, and what a reader should know of how they were read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from iesi_kg.errors import UnreadableFile
from iesi_kg.ingest.csv import name_of, ragged
from iesi_kg.ingest.sheetml import Area, Sheet, Workbook
from iesi_kg.ingest.sheetrows import Line
from iesi_kg.ingest.template import letters
from iesi_kg.records import Finding, Row, Severity, SourceFile
from iesi_kg.vocabulary.told import say

_HEADER_WITHIN = 20
_TOLD = 10


def read(source: SourceFile, known: Collection[str]) -> Iterator[Row | Finding]:
    """The header row, then every row that is not empty, numbered as Excel shows them. Raises UnreadableFile."""
    book = Workbook(source)
    sheet = _best(book, known)
    if sheet is None:
        names = ", ".join(repr(sheet.title) for sheet in book.sheets)
        raise UnreadableFile(
            f"no sheet of {source.name} has the column names of the template in its first rows; its sheets are {names}",
            hint=say("unreadable-file.remedy.template"),
        )
    yield from said(book)
    yield from rows(sheet, known)
    for other in book.sheets:
        if other is not sheet and _holds_records(other, known):
            yield _unread(other, sheet.title)


def titles(source: SourceFile) -> list[str]:
    """The names of the sheets. Raises UnreadableFile."""
    return [sheet.title for sheet in Workbook(source).sheets]


def sheets(source: SourceFile, known: Collection[str]) -> Iterator[tuple[str, list[Row | Finding]]]:
    """Every sheet that names our columns: its name, its header row and the rows below. Raises UnreadableFile."""
    for sheet in Workbook(source).sheets:
        if _score(sheet, known):
            yield sheet.title, list(rows(sheet, known))


def said(book: Workbook) -> Iterator[Finding]:
    """What is in a workbook and was left alone: programs, and links to other files."""
    if book.has_macros:
        yield Finding(
            Severity.INFO,
            "macros",
            say("macros"),
            suggestion=say("macros.remedy"),
        )
    if book.links:
        yield Finding(
            Severity.INFO,
            "external-links",
            say("external-links"),
            suggestion=say("external-links.remedy"),
        )


def rows(sheet: Sheet, known: Collection[str]) -> Iterator[Row | Finding]:
    """Rows from the header on, each as wide as the header and as far beyond it as it holds text.

    What is noteworthy of the sheet as a whole comes last, each told once at its first cell.
    """
    if sheet.hidden:
        yield Finding(
            Severity.INFO,
            "hidden-sheet",
            say("hidden-sheet", name=sheet.title),
            sheet=sheet.title,
            suggestion=say("hidden-sheet.remedy"),
        )
    table = _Table(sheet)
    for line in sheet.lines():
        yield from table.read(line, known)
    yield from table.noted()


@dataclass(slots=True)
class _Table:
    """Reads the lines of one sheet, and remembers what is told once for all of them."""

    sheet: Sheet
    header: list[str] = field(default_factory=list)
    width: int = 0
    _merged: list[Area] = field(default_factory=list)
    _open: dict[int, Area] = field(default_factory=dict)
    _first: dict[str, tuple[int, int, str]] = field(default_factory=dict)
    _counts: Counter[str] = field(default_factory=Counter)
    _hidden: list[int] = field(default_factory=list)
    _held: dict[Area, str] = field(default_factory=dict)

    def read(self, line: Line, known: Collection[str]) -> Iterator[Row | Finding]:
        texts = _texts(line)
        if not self.width:
            if not _matches(texts, known):
                return
            self._begin(texts, line.number)
        elif self._merged or self._open:
            texts, across = self._filled(texts, line.number)
            if across:
                yield self._across(across, line)
                return
        if line.unknown:
            place = min(line.unknown)
            yield _not_calculated(self.sheet.title, line.number, self._named(place), line.formulas[place])
            return
        while texts and not texts[-1].strip():
            texts.pop()
        self.width = self.width or len(texts)
        if texts:
            self._note(line)
            row = Row(self.sheet.title, line.number, (*texts, *[""] * (self.width - len(texts))))
            yield row if len(row.texts) == self.width else ragged(row, self.width)

    def noted(self) -> Iterator[Finding]:
        """What is said of the sheet as a whole."""
        if self._hidden:
            yield self._told("hidden-rows", self._hidden[0], None, _listed(self._hidden))
        for code, (row, place, text) in self._first.items():
            yield self._told(code, row, (place, text), f"{self._counts[code]:,}")
        for area in self._held:
            yield self._told("merged-cells", area.first_row, (area.first, self._held[area]), _named_area(area))

    def _begin(self, texts: list[str], number: int) -> None:
        self.header = texts
        below = (area for area in self.sheet.merged if area.first_row > number)
        self._merged = sorted(below, key=lambda area: area.first_row, reverse=True)

    def _note(self, line: Line) -> None:
        if line.hidden:
            self._hidden.append(line.number)
        for code, places in (("formula-value", line.formulas), ("year-as-date", line.years)):
            if places:
                place = min(places)
                self._first.setdefault(code, (line.number, place, line.texts.get(place, "")))
                self._counts[code] += len(places)

    def _filled(self, texts: list[str], number: int) -> tuple[list[str], Area | None]:
        """The texts with those of cells merged downwards; the area instead that covers cells of several columns."""
        while self._merged and self._merged[-1].first_row <= number:
            area = self._merged.pop()
            if area.first < self.width:
                self._open[area.first] = area
        if not any(text.strip() for text in texts):
            return texts, None
        self._open = {first: area for first, area in self._open.items() if number <= area.last_row}
        for area in self._open.values():
            texts += [""] * (area.first + 1 - len(texts))
            if area.first < area.last:
                return texts, area
            if number == area.first_row and texts[area.first].strip():
                self._held[area] = texts[area.first]
            texts[area.first] = self._held.get(area, texts[area.first])
        return texts, None

    def _across(self, area: Area, line: Line) -> Finding:
        return Finding(
            Severity.VIOLATION,
            "merged-across",
            say("merged-across", area=_named_area(area)),
            sheet=self.sheet.title,
            row=line.number,
            column=self._named(area.first),
            value=line.texts.get(area.first),
            suggestion=say("merged-across.remedy"),
        )

    def _told(self, code: str, row: int, cell: tuple[int, str] | None, fact: str) -> Finding:
        place, text = cell if cell else (None, None)
        column = self._named(place) if place is not None else None
        severity = Severity.WARNING if code == "merged-cells" else Severity.INFO
        told, remedy = say(code, fact=fact), say(f"{code}.remedy")
        return Finding(severity, code, told, self.sheet.title, row, column, text, remedy)

    def _named(self, place: int) -> str | None:
        return self.header[place] if place < len(self.header) else None


def _texts(line: Line) -> list[str]:
    width = max(line.texts, default=-1) + 1
    return [line.texts.get(place, "") for place in range(width)]


def _listed(numbers: list[int]) -> str:
    """Numbers in words, the first few of many.

    >>> _listed([3, 4]), _listed(list(range(1, 40)))
    ('3, 4', '1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 29 more')
    """
    told = ", ".join(map(str, numbers[:_TOLD]))
    return f"{told} and {len(numbers) - _TOLD:,} more" if len(numbers) > _TOLD else told


def _named_area(area: Area) -> str:
    return f"{letters(area.first)}{area.first_row}:{letters(area.last)}{area.last_row}"


def _best(book: Workbook, known: Collection[str]) -> Sheet | None:
    """The sheet whose header names most known columns; the first of equals."""
    score = [(_score(sheet, known), sheet) for sheet in book.sheets]
    most = max((number for number, _ in score), default=0)
    return next((sheet for number, sheet in score if number == most), None) if most else None


def _score(sheet: Sheet, known: Collection[str]) -> int:
    return max((_matches(line.texts.values(), known) for line in islice(sheet.lines(), _HEADER_WITHIN)), default=0)


def _matches(texts: Iterable[str], known: Collection[str]) -> int:
    return len({name_of(text) for text in texts} & set(known))


def _holds_records(sheet: Sheet, known: Collection[str]) -> bool:
    """Whether a sheet names our columns, two at least, and has something below the names."""
    below = False
    for line in sheet.lines():
        texts = [text for text in line.texts.values() if text.strip()]
        if below and texts:
            return True
        below = below or _matches(texts, known) > 1
    return False


def _unread(sheet: Sheet, read_title: str) -> Finding:
    return Finding(
        Severity.VIOLATION,
        "second-sheet",
        say("second-sheet.hidden" if sheet.hidden else "second-sheet", other=sheet.title, read=read_title),
        sheet=sheet.title,
        suggestion=say("second-sheet.remedy", read=read_title),
    )


def _not_calculated(title: str, number: int, column: str | None, formula: str) -> Finding:
    return Finding(
        Severity.VIOLATION,
        "formula-without-value",
        say("formula-without-value"),
        sheet=title,
        row=number,
        column=column,
        value=formula,
        suggestion=say("formula-without-value.remedy"),
    )
