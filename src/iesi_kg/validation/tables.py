"""Rows to CSV for spreadsheets, in which no text can act as a formula (RFC 4180; decision 029).

Results of queries are another thing: the standard says each byte of them, and whoever opens one in a spreadsheet can
take XLSX (SPARQL 1.1 Query Results CSV and TSV Formats).
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from io import StringIO

from iesi_kg.vocabulary.formulas import neutral

MEDIA_TYPE = "text/csv; charset=utf-8"


def as_csv(rows: Iterable[Sequence[object]]) -> bytes:
    """The rows as CSV in UTF-8.

    >>> as_csv([("name", "year"), ("=1+1", 2015), ("a,b", None)])
    b'name,year\\r\\n\\'=1+1,2015\\r\\n"a,b",\\r\\n'
    """
    text = StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerows([neutral(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    return text.getvalue().encode("utf-8", "replace")


def for_spreadsheets(result: bytes) -> bytes:
    """The CSV of a query as a table for spreadsheets: the same bytes where nothing in it would act as a formula."""
    rows = list(csv.reader(StringIO(result.decode("utf-8"), newline="")))
    return result if all(neutral(cell) == cell for row in rows for cell in row) else as_csv(rows)
