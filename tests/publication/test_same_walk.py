"""The curated records make the same statements whether they come as CSV, workbook or RDF."""

from __future__ import annotations

import csv
import io
from functools import cache
from pathlib import Path

import pyoxigraph
import pytest
from openpyxl import Workbook
from pyoxigraph import RdfFormat

from iesi_kg.publication.workflow import Receipt, receive
from iesi_kg.records import Severity, SourceFile

DATA = Path(__file__).resolve().parents[2] / "data" / "iesi"
FILES = sorted(DATA.glob("*.csv")) if DATA.is_dir() else []


@cache
def as_csv(path: Path) -> Receipt:
    return receive(SourceFile(path.name, path.read_bytes()))


def table(path: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))


def codes(receipt: Receipt) -> list[str]:
    """The findings that tell something about the records, not about the file."""
    return sorted({item.code for item in receipt.report.findings if item.code != "delimiter"})


def assert_same(path: Path, content: bytes) -> None:
    other, plain = receive(SourceFile("other", content)), as_csv(path)
    assert other.report.records == plain.report.records
    assert set(other.submission.triples) == set(plain.submission.triples)
    assert codes(other) == codes(plain)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_curated_records_have_no_violation(path: Path) -> None:
    wrong = [item for item in as_csv(path).report.findings if item.severity is Severity.VIOLATION]
    assert wrong == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_as_a_workbook(path: Path) -> None:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Records")
    for row in table(path):
        sheet.append([int(cell) if cell.isdecimal() else cell for cell in row])
    stream = io.BytesIO()
    book.save(stream)
    assert_same(path, stream.getvalue())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
@pytest.mark.parametrize(("delimiter", "encoding"), [(";", "utf-8-sig"), ("\t", "utf-16")])
def test_as_other_csv(path: Path, delimiter: str, encoding: str) -> None:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(table(path))
    assert_same(path, text.getvalue().encode(encoding))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
@pytest.mark.parametrize(
    "syntax", [RdfFormat.TURTLE, RdfFormat.N_TRIPLES, RdfFormat.RDF_XML, RdfFormat.JSON_LD], ids=str
)
def test_as_rdf(path: Path, syntax: RdfFormat) -> None:
    content = pyoxigraph.serialize(as_csv(path).submission.triples, format=syntax)
    assert content is not None
    assert_same(path, content)
