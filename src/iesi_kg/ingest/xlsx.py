"""An Excel workbook (ISO/IEC 29500, read by openpyxl) to rows of text, from the sheet that names our columns."""

from __future__ import annotations

import struct
import warnings
import zipfile
import zlib
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from io import BytesIO
from itertools import zip_longest
from typing import Any

from iesi_kg.errors import FileTooLarge, UnreadableFile
from iesi_kg.ingest.csv import name_of, ragged
from iesi_kg.records import Finding, Row, Severity, SourceFile
from iesi_kg.vocabulary.told import say

# What openpyxl and the zip and XML readers below it raise on a damaged workbook.
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    SyntaxError,
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)
_UNPACKED_LIMIT = 1_000_000_000
_HEADER_WITHIN = 20


def read(source: SourceFile, known: Collection[str]) -> Iterator[Row | Finding]:
    """The header row, then every row that is not empty, numbered as Excel shows them. Raises UnreadableFile."""
    _guard(source)
    with _damage_told(source):
        yield from _sheet(source, known)


def titles(source: SourceFile) -> list[str]:
    """The names of the sheets. Raises UnreadableFile."""
    _guard(source)
    with _damage_told(source):
        return [sheet.title for sheet in _opened(source).worksheets]


def sheets(source: SourceFile, known: Collection[str]) -> Iterator[tuple[str, list[Row | Finding]]]:
    """Every sheet that names our columns: its name, its header row and the rows below. Raises UnreadableFile."""
    with _damage_told(source):
        book = _opened(source)
        formulas = _opened(source, values=False) if _has_formulas(source) else None
        for sheet in book.worksheets:
            if _score(sheet, known):
                yield sheet.title, list(_rows(sheet.title, sheet, formulas[sheet.title] if formulas else None, known))


def _opened(source: SourceFile, *, values: bool = True) -> Any:  # noqa: ANN401  (openpyxl is untyped)
    from openpyxl import load_workbook

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl warns of styles and validations, which are not read here
        return load_workbook(BytesIO(source.content), read_only=True, data_only=values)


@contextmanager
def _damage_told(source: SourceFile) -> Iterator[None]:
    try:
        yield
    except _DAMAGED:
        raise UnreadableFile(
            f"{source.name} is a damaged or protected Excel workbook",
            hint="open it in Excel, remove any password, and save it again as .xlsx or as CSV UTF-8",
        ) from None


def _guard(source: SourceFile) -> None:
    """Refuse a workbook that would unpack to an absurd size, or whose XML declares entities."""
    try:
        with zipfile.ZipFile(BytesIO(source.content)) as archive:
            unpacked = sum(item.file_size for item in archive.infolist())
            heads = [_head(archive, item) for item in archive.infolist() if item.filename.endswith((".xml", ".rels"))]
    except _DAMAGED:
        raise UnreadableFile(f"{source.name} is a damaged Excel workbook", hint="save it again as .xlsx") from None
    if unpacked > _UNPACKED_LIMIT:
        raise FileTooLarge(
            f"{source.name} unpacks to {unpacked:,} bytes; the limit is {_UNPACKED_LIMIT:,}",
            hint="remove sheets and formatted empty rows, or send the table as CSV",
        )
    if any(b"<!DOCTYPE" in head or b"<!ENTITY" in head for head in heads):
        raise UnreadableFile(
            f"{source.name} declares XML entities, which no Excel workbook needs", hint="save it again"
        )


def _head(archive: zipfile.ZipFile, item: zipfile.ZipInfo) -> bytes:
    with archive.open(item) as stream:
        return stream.read(4096)


def _sheet(source: SourceFile, known: Collection[str]) -> Iterator[Row | Finding]:
    book = _opened(source)
    formulas = _opened(source, values=False) if _has_formulas(source) else None
    title = _best(book, known)
    if title is None:
        names = ", ".join(repr(name) for name in book.sheetnames)
        raise UnreadableFile(
            f"no sheet of {source.name} has the column names of the template in its first rows; its sheets are {names}",
            hint="the first row must hold the column names; `iesi-kg template --format csv` writes them",
        )
    yield from _rows(title, book[title], formulas[title] if formulas else None, known)
    for other in book.worksheets:
        if other.title != title and _holds_records(other, known):
            yield _unread(other.title, title)


def _has_formulas(source: SourceFile) -> bool:
    with zipfile.ZipFile(BytesIO(source.content)) as archive:
        names = [name for name in archive.namelist() if name.startswith("xl/worksheets/")]
        return any(b"<f>" in chunk or b"<f " in chunk for name in names for chunk in _pieces(archive, name))


def _pieces(archive: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    with archive.open(name) as stream:
        while piece := stream.read(1 << 20):
            yield piece + stream.read(2)


def _holds_records(sheet: Any, known: Collection[str]) -> bool:  # noqa: ANN401
    """Whether a sheet names our columns, two at least, and has something below the names."""
    sheet.reset_dimensions()
    below = False
    for row in sheet.iter_rows(values_only=True, max_row=10 * _HEADER_WITHIN):
        if below and any(value is not None for value in row):
            return True
        below = below or _matches(row, known) > 1
    return False


def _unread(title: str, read_title: str) -> Finding:
    return Finding(
        Severity.VIOLATION,
        "second-sheet",
        say("second-sheet", other=title, read=read_title),
        sheet=title,
        suggestion=say("second-sheet.remedy", read=read_title),
    )


def _best(book: Any, known: Collection[str]) -> str | None:  # noqa: ANN401  (openpyxl is untyped)
    """The name of the sheet whose header names most known columns; the first of equals."""
    score = {sheet.title: _score(sheet, known) for sheet in book.worksheets}
    best = max(score, key=lambda title: score[title], default=None)
    return best if best is not None and score[best] else None


def _score(sheet: Any, known: Collection[str]) -> int:  # noqa: ANN401
    sheet.reset_dimensions()
    rows = sheet.iter_rows(values_only=True, max_row=_HEADER_WITHIN)
    return max((_matches(row, known) for row in rows), default=0)


def _matches(row: Iterable[object], known: Collection[str]) -> int:
    return len({name_of(_text(value)) for value in row} & set(known))


def _rows(title: str, sheet: Any, formulas: Any, known: Collection[str]) -> Iterator[Row | Finding]:  # noqa: ANN401
    """Rows from the header on, each as wide as the header and as far beyond it as it holds text.

    ``formulas`` is the same sheet with the formulas instead of their results, or None where there are none.
    """
    width = 0
    header: list[str] = []
    for number, (values, told) in enumerate(_with_formulas(sheet, formulas), start=1):
        texts = [_text(value) for value in values]
        if not width and not _matches(texts, known):
            continue
        header = header or texts
        blank = next((place for place, value in enumerate(values) if value is None and _is_formula(told, place)), None)
        if blank is not None:
            yield _not_calculated(title, number, header[blank] if blank < len(header) else None, str(told[blank]))
            continue
        while texts and not texts[-1].strip():
            texts.pop()
        width = width or len(texts)
        if texts:
            row = Row(title, number, (*texts, *[""] * (width - len(texts))))
            yield row if len(row.texts) == width else ragged(row, width)


def _with_formulas(sheet: Any, formulas: Any) -> Iterator[tuple[tuple[object, ...], tuple[object, ...]]]:  # noqa: ANN401
    sheet.reset_dimensions()
    if formulas is None:
        for values in sheet.iter_rows(values_only=True):
            yield values, ()
        return
    formulas.reset_dimensions()
    yield from zip_longest(
        sheet.iter_rows(values_only=True), formulas.iter_rows(values_only=True), fillvalue=tuple[object, ...]()
    )


def _is_formula(told: tuple[object, ...], place: int) -> bool:
    return place < len(told) and str(told[place]).startswith("=")


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


def _text(value: object) -> str:
    """A cell as the text a steward would have typed: dates in ISO 8601, whole numbers without a point.

    >>> _text(2019.0), _text(datetime(2019, 5, 1))
    ('2019', '2019-05-01')
    """
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
