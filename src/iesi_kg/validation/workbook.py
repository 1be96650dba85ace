"""Rows of values to an Excel workbook (ISO/IEC 29500, written by openpyxl) in which no text can act as a formula."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any, TypeAlias

from iesi_kg.errors import ResultTooLarge

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_ROWS = 100_000
_LONGEST_CELL = 32_767
# What XML 1.0 section 2.2 has no place for.
NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_WIDEST = 60
_FORM_ROWS = 5_000
# What a spreadsheet program shows of a title and of a text beside a cell (ISO/IEC 29500-1 section 18.18.93).
_LONGEST_TITLE, _LONGEST_HINT = 32, 255

Value: TypeAlias = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: its name, the names of its columns, its rows."""

    title: str
    header: Sequence[str]
    rows: Iterable[Sequence[Value]]


def workbook(*sheets: Sheet) -> bytes:
    """The file. Every text is stored as text and marked as such, so that ``=1+1`` stays what it is, edited or not.

    Raises ResultTooLarge where Excel could not hold it: nothing is cut.
    """
    from openpyxl import Workbook
    from openpyxl.styles import Font

    held = [list(_checked(sheet.rows)) for sheet in sheets]
    book = Workbook(write_only=True)
    for sheet, rows in zip(sheets, held, strict=True):
        page = book.create_sheet(sheet.title)
        page.freeze_panes = "A2"
        for place, name in enumerate(sheet.header, start=1):
            page.column_dimensions[_letters(place)].width = min(max(len(name) + 4, 14), _WIDEST)
        page.append([_cell(page, name, Font(bold=True)) for name in sheet.header])
        for row in rows:
            page.append([_cell(page, value) for value in row])
    out = BytesIO()
    book.save(out)
    return out.getvalue()


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a form: its header, its help, whether it must be filled, whether it is shown, and the cells that
    hold its allowed values, as a workbook refers to them. ``strict`` has the program ask before it takes another value.
    """

    header: str
    help: str = ""
    required: bool = False
    hidden: bool = False
    values: str | None = None
    strict: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """One sheet of a form: its fields, its rows, whether it is hidden, and what is said of a value off the list."""

    title: str
    fields: Sequence[Field]
    rows: Sequence[Sequence[str]]
    hidden: bool = False
    unlisted: str = ""


def form(*pages: Page) -> bytes:
    """A workbook to fill in, with drop-downs and help at each column. Raises ResultTooLarge as ``workbook`` does."""
    from openpyxl import Workbook

    held = [list(_checked(page.rows)) for page in pages]
    book = Workbook()
    book.remove(book.active)
    for page, rows in zip(pages, held, strict=True):
        sheet = book.create_sheet(page.title)
        sheet.sheet_state = "hidden" if page.hidden else "visible"
        sheet.freeze_panes = "A2"
        for place, field in enumerate(page.fields, start=1):
            _head(sheet, place, field, page)
        for number, row in enumerate(rows, start=2):
            for place, value in enumerate(row, start=1):
                if value:
                    _write(sheet.cell(number, place), value)
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def _head(sheet: Any, place: int, field: Field, page: Page) -> None:  # noqa: ANN401  (openpyxl is untyped)
    from openpyxl.comments import Comment
    from openpyxl.styles import Alignment, Font, PatternFill

    cell = sheet.cell(1, place)
    _write(cell, f"{field.header} *" if field.required else field.header)
    cell.font = Font(bold=True)
    cell.alignment = Alignment(wrap_text=True, vertical="top")
    cell.fill = PatternFill("solid", fgColor="FFE8B0" if field.required else "E3EBF3")
    size = sheet.column_dimensions[_letters(place)]
    size.width, size.hidden = min(max(len(field.header) + 4, 16), _WIDEST), field.hidden
    if field.help:
        cell.comment = Comment(field.help, "iesi-kg", height=160, width=320)
    if (field.help or field.values) and not field.hidden:
        sheet.add_data_validation(_validation(place, field, page.unlisted))


def _validation(place: int, field: Field, unlisted: str) -> Any:  # noqa: ANN401  (openpyxl is untyped)
    """The drop-down of a column and its help while a cell is chosen (ISO/IEC 29500-1 section 18.3.1.32)."""
    from openpyxl.worksheet.datavalidation import DataValidation

    letters = _letters(place)
    rule = DataValidation(
        type="list" if field.values else None,
        formula1=field.values,
        allow_blank=True,
        showErrorMessage=bool(field.values) and field.strict,
        errorStyle="warning",
        error=unlisted[:_LONGEST_HINT] or None,
        showInputMessage=bool(field.help),
        promptTitle=field.header[:_LONGEST_TITLE],
        prompt=field.help[:_LONGEST_HINT] or None,
    )
    rule.add(f"{letters}2:{letters}{_FORM_ROWS}")
    return rule


def _write(cell: Any, value: Value) -> None:  # noqa: ANN401  (openpyxl is untyped)
    """Text as text, whatever it looks like."""
    cell.value = NO_XML.sub("\ufffd", str(value))
    cell.data_type = "s"
    cell.quotePrefix = True
    cell.number_format = "@"


def _checked(rows: Iterable[Sequence[Value]]) -> Iterator[Sequence[Value]]:
    """The same rows; the limits are met before anything is written."""
    for number, row in enumerate(rows, start=1):
        if number > MOST_ROWS:
            raise ResultTooLarge(
                f"more than {MOST_ROWS:,} rows do not go into a workbook", hint="take CSV", limit=MOST_ROWS
            )
        longest = max((len(value) for value in row if isinstance(value, str)), default=0)
        if longest > _LONGEST_CELL:
            raise ResultTooLarge(
                f"a value of {longest:,} characters does not go into a cell, which holds {_LONGEST_CELL:,}",
                hint="take CSV",
                limit=_LONGEST_CELL,
            )
        yield row


def _cell(page: Any, value: Value, font: Any = None) -> Any:  # noqa: ANN401  (openpyxl is untyped)
    if value is None or (not isinstance(value, str) and font is None):
        return value
    from openpyxl.cell import WriteOnlyCell

    cell = WriteOnlyCell(page, value=NO_XML.sub("\ufffd", str(value)))
    cell.data_type = "s"
    cell.quotePrefix = True
    if font is not None:
        cell.font = font
    return cell


def _letters(place: int) -> str:
    """The name of a column by its place.

    >>> _letters(1), _letters(26), _letters(27)
    ('A', 'Z', 'AA')
    """
    letters = ""
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
