"""The directory sheet: what is said once of a thing that several records name, given to every place that names it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from iesi_kg.ingest.cells import Cells, Place
from iesi_kg.ingest.form import Form
from iesi_kg.ingest.template import Template
from iesi_kg.records import Base, CellRef, Finding, Row, Severity

Listed = Mapping[str, Mapping[str, str]]


def listed(template: Template, form: Form, records: Iterator[Cells]) -> dict[str, dict[str, str]]:
    """The directory of some records: the things of which all of them say the same, by name."""
    said: dict[str, dict[str, set[str]]] = {}
    for cells in records:
        for mention, given in form.mentions(template):
            for (name, position), text in cells.items():
                if name == mention.name:
                    entry = said.setdefault(text, {})
                    for source, column in given:
                        entry.setdefault(source.name, set()).add(cells.get((column.name, position), ""))
    return {
        name: {source: next(iter(texts)) for source, texts in entry.items()}
        for name, entry in sorted(said.items())
        if all(len(texts) == 1 for texts in entry.values())
    }


@dataclass
class _Entry:
    """One row of the directory: what it says, where, and whether anything names it."""

    row: Row
    texts: Mapping[str, tuple[str, CellRef]]
    used: bool = False


class Directory:
    """The directory as it was sent, over the one that a filled workbook was written with."""

    def __init__(self, template: Template, form: Form, base: Base | None) -> None:
        self._template, self._form = template, form
        self._written: Listed = listed(template, form, iter(base.cells.values())) if base else {}
        self._entries: dict[str, _Entry] = {}
        self.column: str | None = None

    def add(self, row: Row, name: str, texts: Mapping[str, tuple[str, CellRef]]) -> Iterator[Finding]:
        """Take in one row: its thing, and what is said of it in each column that the sheet has."""
        if not name:
            yield self._finding(
                row, "directory-without-name", "This row says something of a thing without a name.", None
            )
        elif name in self._entries:
            first = self._entries[name].row.number
            yield self._finding(row, "listed-twice", f"Row {first} of this sheet names {name!r} already.", name)
        else:
            self._entries[name] = _Entry(row, texts)

    def complete(self, cells: dict[Place, tuple[str, CellRef]], before: Cells, here: CellRef) -> None:
        """Give a record what is said of the things that it names, where it says nothing itself."""
        for mention, given in self._form.mentions(self._template):
            for position, thing in [
                (place, text) for (name, place), (text, _) in cells.items() if name == mention.name
            ]:
                entry = self._entries.get(thing)
                if entry is not None:
                    entry.used = True
                for source, column in given:
                    place = (column.name, position)
                    text, ref = entry.texts.get(source.name, (None, here)) if entry else (None, here)
                    if text is None and before.get((mention.name, position)) == thing and thing in self._written:
                        text = before.get(place)
                    if text and place not in cells:
                        cells[place] = text, ref

    def unused(self) -> Iterator[Finding]:
        """The rows whose thing nothing names: what they say would be lost."""
        for name, entry in self._entries.items():
            if not entry.used:
                message = f"No other sheet names {name!r}: what this row says of it was not read."
                yield self._finding(entry.row, "named-nowhere", message, name, Severity.WARNING)

    def _finding(
        self, row: Row, code: str, message: str, value: str | None, severity: Severity = Severity.VIOLATION
    ) -> Finding:
        remedy = {
            "directory-without-name": "write the name, as the other sheets write it, or empty the row",
            "listed-twice": "keep one of the two rows",
            "named-nowhere": "write the name as the other sheets write it, or delete the row",
        }[code]
        return Finding(
            severity, code, message, sheet=row.sheet, row=row.number, column=self.column, value=value, suggestion=remedy
        )
