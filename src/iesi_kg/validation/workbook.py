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
