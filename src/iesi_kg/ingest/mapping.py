"""Rows to statements, each with its cell, by the template alone (docs/reference/template-mapping.md)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import reduce
from itertools import islice

from pyoxigraph import NamedNode, Triple

from iesi_kg.ingest.nodes import Cell, Nodes
from iesi_kg.ingest.shifting import slipped
from iesi_kg.ingest.template import Column, Node, Template, letters
from iesi_kg.ingest.values import Problem, Value, ValueReader
from iesi_kg.records import CellRef, Finding, Row, Severity, SourceFile, Submission
from iesi_kg.vocabulary.told import say

CHUNK = 250
_TOTALS = frozenset(
    ("total", "totals", "subtotal", "sum", "gesamt", "summe", "somme", "totale", "totaal", "suma", "razem")
)
UNREAD = ("ragged-row", "formula-without-value")
_FIGURE = re.compile(r"[\d\s.,%+-]*")


def map_rows(
    source: SourceFile, items: Iterable[Row | Finding], template: Template, reader: ValueReader
) -> Iterator[Submission]:
    """Submissions of at most ``CHUNK`` records each, in the order of the rows; at least one.

    ``items`` are what a table reader yields: the header first, then rows, with findings between them.
    """
    stream = iter(items)
    mapper: Mapper | None = None
    findings: list[Finding] = []
    while mapper is None:
        item = next(stream, None)
        if item is None:
            yield Submission(source, 0, (), {}, {}, findings)
            return
        if isinstance(item, Finding):
            findings.append(item)
            continue
        if item.number > 1:
            findings.append(_above(item))
        places, wrong = template.header(item)
        findings.extend(wrong)
        mapper = Mapper(template, reader, item, places)
    chunk = list(islice(stream, CHUNK))
    if not chunk:
        findings.append(no_rows(mapper.header))
    while True:
        yield mapper.submission(source, chunk, findings)
        findings, chunk = [], list(islice(stream, CHUNK))
        if not chunk:
            return


def _above(header: Row) -> Finding:
    return Finding(
        Severity.INFO,
        "rows-above-header",
        say("rows-above-header", n=header.number),
        sheet=header.sheet,
        row=header.number,
        suggestion=say("rows-above-header.remedy"),
    )


def no_rows(header: Row) -> Finding:
    """A table of column names and nothing else."""
    return Finding(
        Severity.VIOLATION,
        "no-records",
        say("no-records"),
        sheet=header.sheet,
        row=header.number,
        suggestion=say("no-records.remedy"),
    )


@dataclass(slots=True)
class Chunk:
    """What is collected while the rows of one chunk are read."""

    findings: list[Finding]
    origin: dict[Triple, CellRef] = field(default_factory=dict)
    subjects: dict[NamedNode, CellRef] = field(default_factory=dict)
    derived: set[NamedNode] = field(default_factory=set)
    records: int = 0


class Mapper:
    """Maps the rows of one file; remembers which records it has seen."""

    def __init__(self, template: Template, reader: ValueReader, header: Row, places: Mapping[str, int]) -> None:
        self.header = header
        self._template = template
        self._reader = reader
        self._nodes = Nodes(template)
        self._columns = [(template.by_name[name], place, header.texts[place]) for name, place in places.items()]
        self._headers = {column.name: CellRef(header.sheet, header.number, title) for column, _, title in self._columns}
        self._unnamed = [place for place, title in enumerate(header.texts) if not title.strip()]
        self._seen: dict[NamedNode, CellRef] = {}

    def submission(self, source: SourceFile, items: Iterable[Row | Finding], findings: list[Finding]) -> Submission:
        """The statements of some rows, with what was found in them."""
        chunk = Chunk(findings)
        for item in items:
            if isinstance(item, Row):
                self._row(item, chunk)
            else:
                chunk.findings.append(item)
                chunk.records += item.code in UNREAD
        return Submission(
            source,
            chunk.records,
            tuple(chunk.origin),
            chunk.subjects,
            chunk.origin,
            chunk.findings,
            frozenset(chunk.derived),
            self._headers,
        )

    def _row(self, row: Row, chunk: Chunk) -> None:
        if _sums_up(row):
            chunk.findings.append(_total(row))
            return
        chunk.records += 1
        filled = [place for place in self._unnamed if row.texts[place : place + 1] and row.texts[place].strip()]
        if filled:
            chunk.findings.append(_unnamed(row, filled[0]))
            self._unnamed = [place for place in self._unnamed if place not in filled]
        before = len(chunk.findings)
        cells = {column.name: self._cell(column, row, place, title, chunk) for column, place, title in self._columns}
        wrong = sum(found.severity is Severity.VIOLATION for found in chunk.findings[before:])
        if shift := slipped(row, self._columns, self._reader, wrong):
            chunk.findings[before:] = [shift]
            return
        cells = {name: cell for name, cell in cells.items() if cell.texts}
        chunk.findings.extend(self._short_lists(cells))
        self._complete(cells)
        here = CellRef(row.sheet, row.number)
        subject, ref, derived = self._subject(cells, here)
        if subject in self._seen:
            chunk.findings.append(_repeated(row, cells, ref, self._seen[subject]))
            return
        self._seen[subject] = chunk.subjects[subject] = ref
        if derived:
            chunk.derived.add(subject)
        made = self._nodes.of_row(subject, here, cells)
        for triple, cell in made.statements():
            chunk.origin.setdefault(triple, cell)
        chunk.findings.extend(self._lost(row, cells, node, columns) for node, columns in made.lost())
        chunk.findings.extend(_unfounded(node, text, ref) for node, text, ref in made.unfounded())

    def _cell(self, column: Column, row: Row, place: int, title: str, chunk: Chunk) -> Cell:
        ref = CellRef(row.sheet, row.number, title)
        text = row.texts[place] if place < len(row.texts) else ""
        texts = [part.strip() for part in text.split(column.separator)] if column.separator else [text.strip()]
        if not column.group:
            texts = [part for part in texts if part]
        elif not any(texts):
            texts = []
        cell = Cell(ref, texts, values := list[Value | None](), row.places.get(place, ()))
        for position, part in enumerate(texts):
            value, problem = self._reader.read(column, part) if part else (None, None)
            values.append(value)
            if problem:
                chunk.findings.append(finding(problem, cell.at(position)))
        return cell

    def _short_lists(self, cells: Mapping[str, Cell]) -> Iterator[Finding]:
        """A warning for each list that ends before the group it is aligned with: the rest is taken as unknown."""
        for column, _, _ in self._columns:
            cell = cells.get(column.name)
            if cell is None or not column.group:
                continue
            filled = self._nodes.filled(column.node, cells)
            if filled and len(cell.texts) <= max(filled):
                yield _short(column, cell, max(filled) + 1)

    def _lost(self, row: Row, cells: Mapping[str, Cell], node: Node, columns: Mapping[Column, list[str]]) -> Finding:
        """One finding for all the values that describe a node which nothing in the row names."""
        key = reduce(lambda first, second: say("word.or", first=first, second=second), node.when)
        names = ", ".join(column.name for column in columns)
        told = node.when[0] if len(columns) > 1 or not self._nodes.filled(node.name, cells) else names
        header = self._headers.get(told)
        if not self._nodes.filled(node.name, cells):
            message = say("value-without-subject.empty", names=names)
            value, remedy = None, say("value-without-subject.remedy.empty", key=key, names=names)
        else:
            message = say("value-without-subject.more", names=names, key=key)
            value = "|".join(next(iter(columns.values()))) if len(columns) == 1 else None
            remedy = say("value-without-subject.remedy.more", key=key)
        first = next(iter(columns))
        gathered = cells[first.name].refs
        place = (
            gathered[cells[first.name].texts.index(columns[first][0])] if gathered else CellRef(row.sheet, row.number)
        )
        return Finding(
            Severity.VIOLATION,
            "value-without-subject",
            message,
            sheet=place.sheet,
            row=place.row,
            column=header.column if header else told,
            value=value,
            suggestion=remedy,
        )

    def _complete(self, cells: dict[str, Cell]) -> None:
        """Fill empty cells and positions with the default of their column, where the node they describe exists."""
        for column in self._template.columns:
            source = cells.get(column.default_from or "")
            text = source.values[0].key if source and source.values[0] else column.default
            if text is None or column.property is None:
                continue
            filled = self._nodes.filled(column.node, cells)
            if filled:
                cells[column.name] = self._completed(column, cells.get(column.name), filled, text, source)

    def _completed(
        self, column: Column, cell: Cell | None, filled: Mapping[int, CellRef], text: str, source: Cell | None
    ) -> Cell:
        value, _ = self._reader.read(column, text)
        texts = dict(enumerate(cell.texts if cell else ()))
        values = dict(enumerate(cell.values if cell else ()))
        for position in filled:
            if not texts.get(position):
                texts[position], values[position] = text, value
        size = max(texts) + 1
        ref = cell.ref if cell else source.ref if source else filled[min(filled)]
        filled_texts = [texts.get(place, "") for place in range(size)]
        return Cell(ref, filled_texts, [values.get(place) for place in range(size)], cell.refs if cell else ())

    def _subject(self, cells: Mapping[str, Cell], here: CellRef) -> tuple[NamedNode, CellRef, bool]:
        """The node of the record, the cell that names it, and whether that is not its identifier."""
        (key,) = self._nodes.root.key
        fallback = self._template.by_name[key].default_from or ""
        for name in (key, fallback):
            cell = cells.get(name)
            if cell and cell.values[0]:
                return self._nodes.mint_root(cell.values[0].key), cell.ref, name != key
        return self._nodes.mint_root(f"row {here.row}"), here, False


def _sums_up(row: Row) -> bool:
    """Whether a row holds nothing but a word for a total and figures."""
    texts = [text.strip() for text in row.texts if text.strip()]
    return bool(texts) and texts[0].casefold().rstrip(" :") in _TOTALS and all(map(_FIGURE.fullmatch, texts[1:]))


def _total(row: Row) -> Finding:
    return Finding(
        Severity.VIOLATION,
        "total-row",
        say("total-row"),
        sheet=row.sheet,
        row=row.number,
        value=next(text for text in row.texts if text.strip()),
        suggestion=say("total-row.remedy"),
    )


def _unnamed(row: Row, place: int) -> Finding:
    return Finding(
        Severity.VIOLATION,
        "unnamed-column",
        say("unnamed-column", letters=letters(place)),
        sheet=row.sheet,
        row=row.number,
        value=row.texts[place],
        suggestion=say("unnamed-column.remedy"),
    )


def finding(problem: Problem, ref: CellRef) -> Finding:
    """A problem at its cell."""
    return Finding(
        problem.severity,
        problem.code,
        problem.message,
        sheet=ref.sheet,
        row=ref.row,
        column=ref.column,
        value=problem.value,
        suggestion=problem.suggestion,
        fix=problem.fix,
    )


def _unfounded(node: Node, text: str, ref: CellRef) -> Finding:
    """A source without a fact: of a column that has no value in this row, or of none."""
    what = "column" if text else "none"
    return Finding(
        Severity.VIOLATION,
        "fact-without-value",
        say(f"fact-without-value.{what}", text=text),
        sheet=ref.sheet,
        row=ref.row,
        column=ref.column,
        value=text or None,
        suggestion=say(f"fact-without-value.remedy.{what}", text=text, names=node.reifies),
    )


def _repeated(row: Row, cells: Mapping[str, Cell], ref: CellRef, first: CellRef) -> Finding:
    value = next((cell.texts[0] for cell in cells.values() if cell.ref == ref), None)
    return Finding(
        Severity.VIOLATION,
        "duplicate-record",
        say("duplicate-record", row=first.row, column=ref.column),
        sheet=row.sheet,
        row=row.number,
        column=ref.column,
        value=value,
        suggestion=say("duplicate-record.remedy"),
    )


def _short(column: Column, cell: Cell, size: int) -> Finding:
    bar = column.separator or ""
    given = len(cell.texts)
    return Finding(
        Severity.WARNING,
        "fewer-values",
        say("fewer-values.one" if given == 1 else "fewer-values.many", n=given, m=size),
        sheet=cell.ref.sheet,
        row=cell.ref.row,
        column=cell.ref.column,
        value=bar.join(cell.texts),
        suggestion=say("fewer-values.remedy", text=bar.join(cell.texts) + bar * (size - given)),
    )
