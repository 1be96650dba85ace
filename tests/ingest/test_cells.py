"""Statements to cells and back: for every curated record, and for one in which every column is filled."""

from __future__ import annotations

from io import BytesIO

import pytest
from openpyxl import load_workbook
from pyoxigraph import NamedNode, Triple

from iesi_kg import assets
from iesi_kg.ingest import cells as cell_reader
from iesi_kg.ingest import csv, mapping
from iesi_kg.ingest.cells import CellReader
from iesi_kg.ingest.form import Form, columns_of
from iesi_kg.ingest.template import Template
from iesi_kg.ingest.values import ValueReader
from iesi_kg.publication import blank, workflow
from iesi_kg.publication.filling import Filled
from iesi_kg.records import Row, SourceFile
from iesi_kg.vocabulary.codelists import CodeLists
from iesi_kg.vocabulary.told import in_language

TEMPLATE, LISTS = Template.bundled(), CodeLists.load()
READER = ValueReader(LISTS, None, TEMPLATE)
CELLS = CellReader(TEMPLATE, LISTS)


def mapped(header: tuple[str, ...], texts: tuple[str, ...]) -> tuple[NamedNode, set[Triple]]:
    rows = [Row(None, 1, header), Row(None, 2, texts)]
    said = next(mapping.map_rows(SourceFile("", b""), rows, TEMPLATE, READER))
    return next(iter(said.subjects)), set(said.triples)


@pytest.mark.parametrize("name", ["jrc-cases", "regional-initiatives", "web-initiatives"])
def test_every_curated_record_is_read_back_as_it_was_written(name: str) -> None:
    source = SourceFile(f"{name}.csv", assets.content(f"data/iesi/{name}.csv"))
    header, *rows = (item for item in csv.read(source, TEMPLATE.by_header.keys()) if isinstance(item, Row))
    assert len(rows) > 40
    for row in rows:
        subject, stated = mapped(header.texts, row.texts)
        back = cell_reader.row(TEMPLATE, CELLS.cells(subject, stated))
        assert mapped(tuple(back), tuple(back.values())) == (subject, stated), row.number


def test_a_record_in_which_every_column_is_filled_survives_the_workbook() -> None:
    from test_full_record import FULL

    subject, stated = mapped(tuple(FULL), tuple(FULL.values()))
    found = CELLS.cells(subject, stated)
    assert {name for name, _ in found} == {column.name for column in TEMPLATE.columns}
    content = blank.as_xlsx(filled=Filled(7, {subject: found}), lang="it")
    said = workflow.receive(SourceFile("full.xlsx", content)).submission
    assert CELLS.cells(subject, said.triples) == found
    assert set(said.triples) == stated
    assert said.base is not None
    assert (said.base.version, said.base.cells) == (7, {subject: found})


def test_every_column_stands_on_one_sheet() -> None:
    placed = [column.name for sheet in Form.load().sheets for column in columns_of(sheet, TEMPLATE.columns)]
    assert sorted(placed) == sorted(column.name for column in TEMPLATE.columns)


PLACE = {
    "en": "Towns, districts or regions by name, separated by |.",
    "it": "Città, distretti o regioni per nome; con | tra l'uno e l'altro.",
}


@pytest.mark.parametrize("lang", ["en", "it"])
def test_the_lists_of_the_drop_downs_are_the_code_lists(lang: str) -> None:
    book = load_workbook(BytesIO(blank.as_xlsx(parts=("all",), lang=lang)))
    titles = [Form.load().words["help"][lang], *(sheet.titles[lang] for sheet in Form.load().sheets)]
    assert book.sheetnames == [*titles, Form.load().words["lists"][lang]]
    lists = book[Form.load().words["lists"][lang]]
    help_of = {row[1].value: row[3].value for row in book[titles[0]].iter_rows() if row[1].value}
    assert help_of[TEMPLATE.by_name["place"].title[lang]] == PLACE[lang]
    seen = 0
    for sheet in Form.load().sheets:
        page = book[sheet.titles[lang]]
        headers = {cell.column_letter: str(cell.value).rstrip(" *") for cell in page[1]}
        rules = {str(rule.sqref).partition("2:")[0]: rule for rule in page.data_validations.dataValidation}
        for letter, header in headers.items():
            column = next((c for c in columns_of(sheet, TEMPLATE.columns) if c.title[lang] == header), None)
            if column is None or column.code_list is None:
                continue
            _, _, cells = rules[letter].formula1.rpartition("!")
            offered = [row[0].value for row in lists[cells.replace("$", "")]]
            codes = [LISTS.resolve(column.code_list, label) for label in offered]
            assert codes == list(LISTS.concepts(column.code_list)), column.name
            assert rules[letter].prompt.startswith(in_language(column.description, lang)[:200])
            seen += 1
    assert seen == sum(column.code_list is not None for column in TEMPLATE.columns)


def test_required_columns_are_marked_and_every_column_has_help() -> None:
    book = load_workbook(BytesIO(blank.as_xlsx()))
    subjects = ["Initiatives", "Organisations", "Participations", "Outcomes", "Sources", "Codings"]
    assert book.sheetnames == ["Read me", *subjects, "Code lists"]
    page = book["Initiatives"]
    heads = {str(cell.value): cell for cell in page[1]}
    assert {name for name in heads if name.endswith("*")} == {"Name *", "Country *", "Policy areas *"}
    assert [name for name, cell in heads.items() if name != "Example?" and cell.comment is None] == []


def test_an_example_is_never_read_as_a_record() -> None:
    report = workflow.check(SourceFile("empty.xlsx", blank.as_xlsx(lang="de")))
    assert report.records == 0
    assert {f.code for f in report.findings} == {"example-row", "no-records"}
    (told,) = [f for f in report.findings if f.code == "example-row" and f.sheet == "Initiativen"]
    assert (told.row, told.column, told.value, told.severity.value) == (2, "Beispiel?", "Beispiel", "info")
