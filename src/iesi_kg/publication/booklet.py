"""Columns and records to the workbook of the template: sheets, drop-downs, help and code lists in one language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from iesi_kg.ingest import base as base_sheet
from iesi_kg.ingest.form import BASE, BASE_HEADER, IRI, LINK, VERSION, Form, SheetForm, word
from iesi_kg.ingest.spreading import Spread, Wanted, spread
from iesi_kg.ingest.template import Column, Template, letters
from iesi_kg.publication.filling import Filled
from iesi_kg.records import Base
from iesi_kg.validation.workbook import Field, Page, form
from iesi_kg.vocabulary import iris
from iesi_kg.vocabulary.codelists import CodeLists, Concept
from iesi_kg.vocabulary.told import in_language

_LAST_ROW = 5_000


class Booklet:
    """Writes workbooks with these columns in one language."""

    def __init__(self, columns: Sequence[Column], lang: str) -> None:
        self._columns, self._lang = columns, lang
        self._template, self._form, self._lists = Template.bundled(), Form.load(), CodeLists.load()
        schemes = dict.fromkeys(column.code_list for column in self._all_columns() if column.code_list)
        self._first: Sequence[str] = ()
        self._place = {scheme: 2 * number for number, scheme in enumerate(schemes)}

    def empty(self, example: Mapping[str, str], *, marked: bool) -> bytes:
        """A workbook to fill in, with one record that is read only where it is not marked as an example."""
        (key,) = self._template.nodes[0].key
        record = {iris.initiative(example[key]): dict(self._cells(example))}
        mark = str(word(self._form.words["example"], self._lang)) if marked else ""
        sheets = spread(self._template, Wanted(self._columns, record, mark=mark))
        return form(*self._pages(sheets))

    def filled(self, filled: Filled) -> bytes:
        """A workbook with records as they are published, which tells what was changed in it when it comes back."""
        sheets = spread(self._template, Wanted(self._columns, filled.records, filled.version))
        layout = {sheet.sheet.name: sheet.columns for sheet in sheets}
        base = Base(filled.version, filled.records, layout)
        hidden = Page(BASE, [Field(name) for name in BASE_HEADER], list(base_sheet.rows(base)), hidden=True)
        return form(*self._pages(sheets), hidden)

    def _pages(self, sheets: Sequence[Spread]) -> list[Page]:
        self._first = next(sheet.columns for sheet in sheets if sheet.sheet.is_root)
        return [self._guide(sheets), *map(self._page, sheets), self._codes()]

    def _cells(self, row: Mapping[str, str]) -> Iterator[tuple[tuple[str, int], str]]:
        for column in self._columns:
            text = row.get(column.name, "")
            texts = text.split(column.separator) if column.group and column.separator else [text]
            yield from (((column.name, place), part.strip()) for place, part in enumerate(texts) if part.strip())

    def _all_columns(self) -> Iterator[Column]:
        yield from self._columns
        for given in self._form.directory.directory:
            yield self._template.by_name[given.gives[0]]

    def _page(self, sheet: Spread) -> Page:
        fields = [self._field(sheet.sheet, name) for name in sheet.columns]
        rows = [[self._shown(sheet.sheet, name, line.get(name, "")) for name in sheet.columns] for line in sheet.rows]
        return Page(self._title(sheet.sheet), fields, rows, unlisted=word(self._form.words["unlisted"], self._lang))

    def _title(self, sheet: SheetForm) -> str:
        return word(sheet.titles, self._lang)

    def _field(self, sheet: SheetForm, name: str) -> Field:
        if name in self._form.aside:
            values = self._key_cells() if name == LINK else None
            header = word(self._form.aside[name], self._lang)
            return Field(header, required=name == LINK, hidden=name in (IRI, VERSION), values=values)
        column = self._column(sheet, name)
        several = column.separator is not None and column.group is None
        return Field(
            self._header(sheet, name),
            self._help(column, several=several),
            required=column.required and not sheet.directory,
            values=self._codes_of(column.code_list) if column.code_list else None,
            strict=not several,
        )

    def _column(self, sheet: SheetForm, name: str) -> Column:
        given = next((given for given in sheet.directory if given.name == name), None)
        return self._template.by_name[given.gives[0] if given else name]

    def _header(self, sheet: SheetForm, name: str) -> str:
        given = next((given for given in sheet.directory if given.name == name), None)
        return word(given.titles if given else self._template.by_name[name].title, self._lang)

    def _help(self, column: Column, *, several: bool) -> str:
        more = f" ({word(self._form.words['several'], self._lang)})" if several else ""
        return f"{in_language(column.description, self._lang)}{more}"

    def _key_cells(self) -> str:
        (key,) = self._template.nodes[0].key
        letter = letters(self._first.index(key))
        return f"{_quoted(self._title(self._form.root))}!${letter}$2:${letter}${_LAST_ROW}"

    def _codes_of(self, scheme: str) -> str:
        letter = letters(self._place[scheme] + 1)
        last = len(self._lists.concepts(scheme)) + 1
        return f"{_quoted(word(self._form.words['lists'], self._lang))}!${letter}$2:${letter}${last}"

    def _codes(self) -> Page:
        """The code lists side by side: the notations of each, and beside them the labels."""
        schemes = list(self._place)
        sides = [[[c.notation for c in self._lists.concepts(s)], self._labels(s)] for s in schemes]
        tall = [column for pair in sides for column in pair]
        longest = max(map(len, tall), default=0)
        rows = [[column[row] if row < len(column) else "" for column in tall] for row in range(longest)]
        fields = [field for s in schemes for field in (Field(f"codes/{s}"), Field(self._lists[s].label))]
        return Page(word(self._form.words["lists"], self._lang), fields, rows)

    def _labels(self, scheme: str) -> list[str]:
        return [self._label(scheme, concept) for concept in self._lists.concepts(scheme)]

    def _label(self, scheme: str, concept: Concept, separator: str | None = "|") -> str:
        """The label of a code, where it means this code alone; else its notation."""
        label = concept.labels.get(self._lang) or concept.label
        means = self._lists.resolve(scheme, label)
        return label if means is concept and (separator is None or separator not in label) else concept.notation

    def _shown(self, sheet: SheetForm, name: str, text: str) -> str:
        """A cell as it is shown: codes by their labels."""
        if not text or name in self._form.aside:
            return text
        column = self._column(sheet, name)
        scheme = column.code_list
        if scheme is None:
            return text
        parts = text.split(column.separator) if column.separator and column.group is None else [text]
        found = [(part.strip(), self._lists.resolve(scheme, part)) for part in parts]
        return (column.separator or "").join(self._label(scheme, code) if code else part for part, code in found)

    def _guide(self, sheets: Sequence[Spread]) -> Page:
        words = self._form.words
        title, must, may = (word(words[name], self._lang) for name in ("help", "required", "optional"))
        lines = [[line.format(initiatives=self._title(self._form.root))] for line in word(words["guide"], self._lang)]
        about = []
        for sheet in sheets:
            for name in (name for name in sheet.columns if name not in self._form.aside):
                column = self._column(sheet.sheet, name)
                needs = must if column.required and not sheet.sheet.directory else may
                codes = f"codes/{column.code_list}" if column.code_list else ""
                head = self._header(sheet.sheet, name)
                about.append(
                    [self._title(sheet.sheet), head, needs, in_language(column.description, self._lang), codes]
                )
        return Page(title, [Field(title), *[Field(" ")] * 4], [*lines, [], word(words["headings"], self._lang), *about])


def _quoted(title: str) -> str:
    return "'" + title.replace("'", "''") + "'"
