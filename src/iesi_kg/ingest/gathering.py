"""The rows of several sheets gathered to one row for each record, each text with the cell it stood in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from pyoxigraph import NamedNode

from iesi_kg.ingest.cells import Cells, Place
from iesi_kg.ingest.csv import name_of
from iesi_kg.ingest.directory import Directory
from iesi_kg.ingest.form import IRI, LINK, Form, SheetForm, row_node
from iesi_kg.ingest.mapping import UNREAD, no_rows
from iesi_kg.ingest.template import Template
from iesi_kg.records import Base, CellRef, Finding, Row, Severity
from iesi_kg.vocabulary import iris
from iesi_kg.vocabulary.codelists import normalise
from iesi_kg.vocabulary.spelling import nearest
from iesi_kg.vocabulary.told import say


class Sent(Protocol):
    """A sheet as it was sent."""

    sheet: SheetForm
    header: Row
    columns: dict[str, int]
    aside: dict[str, int]
    rows: list[Row]
    findings: list[Finding]

    def text(self, row: Row, name: str) -> str: ...
    def title(self, name: str) -> str | None: ...


@dataclass
class _Record:
    """What the sheets say about one record: the text and the cell by column and position."""

    row: Row
    subject: NamedNode | None
    base: Cells
    cells: dict[Place, tuple[str, CellRef]] = field(default_factory=dict)
    taken: dict[str, set[int]] = field(default_factory=dict)


class Gathering:
    """Gathers the sheets of one file."""

    def __init__(self, template: Template, form: Form, root: Sent, pages: Sequence[Sent], base: Base | None) -> None:
        self._template, self._form, self._root, self._base = template, form, root, base
        self._groups = [page for page in pages if page.sheet.group]
        self._listing = next((page for page in pages if page.sheet.directory), None)
        (self._key,) = template.nodes[0].key
        self._naming = template.by_name[self._key].default_from or self._key
        self._findings: list[Finding] = [f for page in (root, *pages) for f in page.findings]

    def rows(self) -> Iterator[Row | Finding]:
        """The header, then a row for each record, with what is wrong between the sheets."""
        records = [self._record(row) for row in self._root.rows]
        by_name = self._by_name(records)
        for page in self._groups:
            for row in page.rows:
                self._add(page, row, by_name)
        directory = self._listed()
        for record in records:
            self._complete(record)
            here = CellRef(record.row.sheet, record.row.number)
            directory.complete(record.cells, record.base, here)
        self._findings += directory.unused()
        if not records and not any(found.code in UNREAD for found in self._findings):
            self._findings.append(no_rows(self._root.header))
        names = self._names(records)
        yield Row(self._root.header.sheet, self._root.header.number, tuple(self._title(name) for name in names))
        yield from self._findings
        for record in records:
            yield self._row(record, names)

    def _record(self, row: Row) -> _Record:
        page = self._root
        iri = page.text(row, IRI)
        subject = NamedNode(iri) if iri and _is_iri(iri) else None
        key = page.text(row, self._key)
        if subject is None and key:
            subject = iris.initiative(key)
        base = self._base.cells.get(subject, {}) if self._base and subject else {}
        record = _Record(row, subject, base)
        for name in page.columns:
            column = self._template.by_name[name]
            texts = page.text(row, name).split(column.separator or "\0") if column.group else [page.text(row, name)]
            for position, text in enumerate(texts):
                if text.strip():
                    record.cells[name, position] = text.strip(), CellRef(row.sheet, row.number, page.title(name))
        own = iri.rsplit("/", 1)[-1]
        if iri and base and key and key != own:
            self._findings.append(_other_name(page, row, self._key, own))
        if iri and not key:
            record.cells[self._key, 0] = own, CellRef(row.sheet, row.number, page.title(self._key) or page.title(IRI))
        return record

    def _by_name(self, records: Sequence[_Record]) -> dict[str, list[_Record]]:
        """The records by what may name them: an identifier or IRI means its own record, whatever others are called."""
        found: dict[str, list[_Record]] = {}
        for record in records:
            own = record.cells.get((self._key, 0), ("",))[0]
            for name in {normalise(own), normalise(record.subject.value if record.subject else "")} - {""}:
                found.setdefault(name, []).append(record)
        taken = frozenset(found)
        for record in records:
            name = normalise(record.cells.get((self._naming, 0), ("",))[0])
            if name not in taken and name:
                found.setdefault(name, []).append(record)
        return found

    def _add(self, page: Sent, row: Row, by_name: dict[str, list[_Record]]) -> None:
        named = page.text(row, LINK)
        found = by_name.get(normalise(named), []) if named else []
        iri = page.text(row, IRI).partition("#")[0]
        if not found and iri and LINK not in page.aside:
            found = by_name.get(normalise(iri), [])
        if len(found) != 1:
            self._findings.append(_unknown(page, row, named, self._nearest(named, by_name), several=bool(found)))
            return
        record = found[0]
        position = self._position(page, row, record)
        for name in page.columns:
            text, column = page.text(row, name), self._template.by_name[name]
            ref = CellRef(row.sheet, row.number, page.title(name))
            if column.separator and column.separator in text:
                self._findings.append(_several(ref, text, column.separator))
            elif text:
                record.cells[name, position] = text, ref

    def _nearest(self, named: str, by_name: dict[str, list[_Record]]) -> str | None:
        best = nearest(normalise(named), by_name, likeness=70) if named else None
        return by_name[best][0].cells.get((self._naming, 0), (best or "",))[0] if best else None

    def _position(self, page: Sent, row: Row, record: _Record) -> int:
        """The position of a row in its group: the one it was written for, else one that no other row has."""
        group = page.sheet.group or ""
        node = row_node(self._template, group)
        taken = record.taken.setdefault(group, set())
        before = {place for name, place in record.base if self._template.by_name[name].group == group}
        shape = re.escape(node.fragment).replace(re.escape("{position}"), "([1-9][0-9]{0,3})")
        subject = record.subject.value if record.subject else ""
        written = re.fullmatch(f"{re.escape(subject)}#{shape}", page.text(row, IRI))
        wanted = int(written[1]) - 1 if written else self._same(page, row, record, before - taken)
        if wanted is None or wanted in taken:
            flat = {place for name, place in record.cells if self._template.by_name[name].group == group}
            wanted = max((*taken, *before, *flat), default=-1) + 1
        taken.add(wanted)
        return wanted

    def _same(self, page: Sent, row: Row, record: _Record, free: set[int]) -> int | None:
        """The position that said the same before, where the column that tells the rows apart was deleted."""
        if IRI in page.aside:
            return None
        node = row_node(self._template, page.sheet.group or "")
        texts = [(name, page.text(row, name)) for name in node.when if name in page.columns]
        same = (place for place in sorted(free) if all(record.base.get((n, place), "") == text for n, text in texts))
        return next(same, None) if texts else None

    def _complete(self, record: _Record) -> None:
        """A column that is not there says nothing: what the sheet was filled with stays."""
        sent = {name for page in (self._root, *self._groups) for name in page.columns}
        groups = {page.sheet.group for page in self._groups}
        ref = CellRef(record.row.sheet, record.row.number)
        for (name, position), text in record.base.items():
            group = self._template.by_name[name].group
            deleted = group in groups and position not in record.taken.get(group or "", ())
            if name not in sent and not deleted:
                record.cells.setdefault((name, position), (text, ref))

    def _listed(self) -> Directory:
        """The directory as it was sent."""
        directory = Directory(self._template, self._form, self._base)
        first, *others = self._form.directory.directory
        page = self._listing
        for row in page.rows if page else ():
            assert page is not None
            directory.column = page.title(first.name)
            texts = {
                other.name: (page.text(row, other.name), CellRef(row.sheet, row.number, page.title(other.name)))
                for other in others
                if other.name in page.columns
            }
            self._findings += directory.add(row, page.text(row, first.name), texts)
        return directory

    def _names(self, records: Sequence[_Record]) -> list[str]:
        """The columns of the gathered rows: those that were sent, and those that something is said in."""
        filled = {name for record in records for name, _ in record.cells}
        sent = {name for page in (self._root, *self._groups) for name in page.columns}
        return [column.name for column in self._template.columns if column.name in filled | sent]

    def _title(self, name: str) -> str:
        """The header of a column, as it was sent where the template knows it so."""
        titles = (page.title(name) or "" for page in (self._root, *self._groups))
        known = self._template.by_header
        return next((title for title in titles if known.get(name_of(title)) is self._template.by_name[name]), name)

    def _row(self, record: _Record, names: Sequence[str]) -> Row:
        texts: list[str] = []
        places: dict[int, tuple[CellRef, ...]] = {}
        here = CellRef(record.row.sheet, record.row.number)
        for index, name in enumerate(names):
            said = {place: cell for (column, place), cell in record.cells.items() if column == name}
            parts = [said.get(place, ("", here)) for place in range(max(said, default=-1) + 1)]
            column = self._template.by_name[name]
            texts.append((column.separator or "").join(text for text, _ in parts))
            if column.group:
                size = (
                    max((p for n, p in record.cells if self._template.by_name[n].group == column.group), default=-1) + 1
                )
                missing = size - len(parts)
                texts[-1] += (column.separator or "") * (missing if parts else 0)
                places[index] = tuple(ref for _, ref in parts) + (here,) * missing
            elif parts and parts[0][1] != CellRef(here.sheet, here.row, self._title(name)):
                places[index] = (parts[0][1],) * (texts[-1].count(column.separator or "\0") + 1)
        return Row(record.row.sheet, record.row.number, tuple(texts), places)


def _is_iri(text: str) -> bool:
    try:
        NamedNode(text)
    except ValueError:
        return False
    return True


def _unknown(page: Sent, row: Row, named: str, near: str | None, *, several: bool) -> Finding:
    message: str
    remedy: str
    if several:
        message, remedy = say("unknown-record.several", text=named), say("unknown-record.remedy.several")
    elif named:
        message, remedy = say("unknown-record", text=named), near or say("unknown-record.remedy")
    else:
        message, remedy = say("unknown-record.none"), say("unknown-record.remedy.none")
    return Finding(
        Severity.VIOLATION,
        "unknown-record",
        message,
        sheet=row.sheet,
        row=row.number,
        column=page.title(LINK) or LINK,
        value=named or None,
        suggestion=remedy,
    )


def _several(ref: CellRef, text: str, separator: str) -> Finding:
    return Finding(
        Severity.VIOLATION,
        "several-values",
        say("several-values", separator=separator),
        sheet=ref.sheet,
        row=ref.row,
        column=ref.column,
        value=text,
        suggestion=say("several-values.remedy"),
    )


def _other_name(page: Sent, row: Row, key: str, own: str) -> Finding:
    return Finding(
        Severity.VIOLATION,
        "identifier-changed",
        say("identifier-changed", own=own),
        sheet=row.sheet,
        row=row.number,
        column=page.title(key),
        value=page.text(row, key),
        suggestion=say("identifier-changed.remedy", own=own, column=IRI),
    )
