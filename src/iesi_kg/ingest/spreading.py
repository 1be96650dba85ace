"""Cells of records spread over the sheets of a workbook: the inverse of ``gathering``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from pyoxigraph import NamedNode

from iesi_kg.ingest.cells import Cells, Place
from iesi_kg.ingest.directory import listed
from iesi_kg.ingest.form import IRI, LINK, MARK, VERSION, Form, SheetForm, columns_of, row_node
from iesi_kg.ingest.template import Column, Template
from iesi_kg.vocabulary import iris

Line = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Spread:
    """One sheet to be written: its columns by name, those beside the template's too, and its rows."""

    sheet: SheetForm
    columns: tuple[str, ...]
    rows: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a workbook is to hold: columns, records by IRI, the version they were read in, and whether as an example."""

    columns: Sequence[Column]
    records: Mapping[NamedNode, Cells]
    version: int | None = None
    mark: str = ""


def spread(template: Template, wanted: Wanted) -> list[Spread]:
    """The sheets, in their order; those of groups without columns are left out."""
    form = Form.load()
    directory = listed(template, form, iter(wanted.records.values()))
    records = {subject: _apart(template, form, cells, directory) for subject, cells in wanted.records.items()}
    made = []
    for sheet in form.sheets:
        columns = columns_of(sheet, wanted.columns)
        if sheet.is_root:
            made.append(_root(sheet, columns, template, records, wanted))
        elif sheet.directory:
            made.append(_directory(sheet, directory, wanted.mark))
        elif columns:
            made.append(_group(sheet, columns, template, records, wanted))
    return made


def needed(template: Template, records: Mapping[NamedNode, Cells], columns: Sequence[Column]) -> list[Column]:
    """The columns, and with them all of the parts that some record says something in."""
    filled = {name for cells in records.values() for name, _ in cells}
    parts = {column.part for column in template.columns if column.name in filled}
    chosen = {column.name for column in columns}
    return [c for c in template.columns if c.name in chosen or c.part is None or c.part in parts]


def _apart(template: Template, form: Form, cells: Cells, directory: Mapping[str, object]) -> dict[Place, str]:
    """The cells without those that the directory says."""
    said = dict(cells)
    for mention, given in form.mentions(template):
        for (name, position), text in cells.items():
            if name == mention.name and text in directory:
                for _, column in given:
                    said.pop((column.name, position), None)
    return said


def _root(
    sheet: SheetForm,
    columns: Sequence[Column],
    template: Template,
    records: Mapping[NamedNode, Cells],
    wanted: Wanted,
) -> Spread:
    filled = wanted.version is not None
    rows = []
    for subject, cells in records.items():
        line = {name: text for (name, _), text in cells.items() if not template.by_name[name].group}
        rows.append({**line, **({IRI: subject.value, VERSION: str(wanted.version)} if filled else _marked(wanted))})
    names = tuple(column.name for column in columns)
    names = (*names, IRI, VERSION) if filled else (MARK, *names) if wanted.mark else names
    return Spread(sheet, names, tuple(rows))


def _directory(sheet: SheetForm, directory: Mapping[str, Mapping[str, str]], mark: str) -> Spread:
    first, *_ = sheet.directory
    rows = tuple({first.name: name, **said} | ({MARK: mark} if mark else {}) for name, said in directory.items())
    names = tuple(column.name for column in sheet.directory)
    return Spread(sheet, (MARK, *names) if mark else names, rows)


def _group(
    sheet: SheetForm,
    columns: Sequence[Column],
    template: Template,
    records: Mapping[NamedNode, Cells],
    wanted: Wanted,
) -> Spread:
    (key,) = template.nodes[0].key
    node = row_node(template, sheet.group or "")
    filled = wanted.version is not None
    rows = []
    for subject, cells in records.items():
        for position, line in _lines(cells, columns):
            iri = iris.fragment(subject, node.fragment.replace("{position}", str(position + 1))).value
            rows.append({LINK: cells[key, 0], **line, **({IRI: iri} if filled else _marked(wanted))})
    names = (LINK, *(column.name for column in columns))
    names = (*names, IRI) if filled else (MARK, *names) if wanted.mark else names
    return Spread(sheet, names, tuple(rows))


def _marked(wanted: Wanted) -> Line:
    return {MARK: wanted.mark} if wanted.mark else {}


def _lines(cells: Cells, columns: Sequence[Column]) -> Iterator[tuple[int, dict[str, str]]]:
    """What the cells say in these columns, by position."""
    names = {column.name for column in columns}
    said = sorted((position, name, text) for (name, position), text in cells.items() if name in names)
    for position, found in groupby(said, key=lambda item: item[0]):
        yield position, {name: text for _, name, text in found}
