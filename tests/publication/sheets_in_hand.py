"""A filled workbook in a steward's hand: opened, edited and saved by openpyxl as a spreadsheet program would."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

from openpyxl import Workbook, load_workbook

from iesi_kg.publication import blank, filling
from iesi_kg.records import SourceFile
from iesi_kg.store.base import Reader

Edit = Callable[[Workbook], None]


def filled(reader: Reader, *names: str, lang: str = "en") -> bytes:
    return blank.as_xlsx(filled=filling.filled(reader, names), lang=lang)


def edited(content: bytes, *edits: Edit, name: str = "sheet.xlsx") -> SourceFile:
    book = load_workbook(BytesIO(content))
    for edit in edits:
        edit(book)
    out = BytesIO()
    book.save(out)
    return SourceFile(name, out.getvalue())


def column(sheet: Any, header: str) -> int:  # noqa: ANN401  (openpyxl is untyped)
    """The number of the column with this header, the mark of a required one aside."""
    titles = [str(cell.value or "").rstrip(" *") for cell in sheet[1]]
    return titles.index(header) + 1


def put(title: str, row: int, header: str, value: object) -> Edit:
    def edit(book: Workbook) -> None:
        sheet = book[title]
        sheet.cell(row, column(sheet, header)).value = value  # type: ignore[attr-defined]

    return edit


def add(title: str, **values: object) -> Edit:
    """A row below the others; underscores of the names stand for spaces of the headers."""

    def edit(book: Workbook) -> None:
        sheet = book[title]
        row = sheet.max_row + 1  # type: ignore[attr-defined]
        for header, value in values.items():
            sheet.cell(row, column(sheet, header.replace("_", " "))).value = value  # type: ignore[attr-defined]

    return edit


def without_column(title: str, header: str) -> Edit:
    def edit(book: Workbook) -> None:
        sheet = book[title]
        sheet.delete_cols(column(sheet, header))  # type: ignore[attr-defined]

    return edit


def without_row(title: str, row: int) -> Edit:
    return lambda book: book[title].delete_rows(row)  # type: ignore[attr-defined]


def without_sheet(title: str) -> Edit:
    return lambda book: book.remove(book[title])
