"""A file over what is published: what it would add, change and remove, and a filled sheet to the revision it asks for.

A sheet filled by ``iesi-kg template --records`` carries what its cells said when it was taken. Three-way: a cell that
says what it said then makes no statement; one that was changed here and there meanwhile is a conflict. Any other file
replaces the records that it names, as it always did.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from pyoxigraph import NamedNode, Triple

from iesi_kg.ingest import cells as cell_reader
from iesi_kg.ingest import mapping
from iesi_kg.ingest.cells import CellReader, Cells, Place
from iesi_kg.ingest.template import Template
from iesi_kg.ingest.values import ValueReader
from iesi_kg.publication import graphs
from iesi_kg.publication.revision_cells import Merged, Told, merge
from iesi_kg.records import CellRef, Row, SourceFile, Submission
from iesi_kg.store.base import Reader
from iesi_kg.vocabulary.codelists import CodeLists

Side = Literal["mine", "theirs"]


@dataclass(frozen=True, slots=True)
class Change:
    """One cell that would be ``added``, ``changed`` or ``removed``; ``position`` counts from 1 within a group.

    ``sheet`` and ``row`` are those of its record in the file.
    """

    record: str
    column: str
    position: int | None
    kind: str
    before: str | None
    after: str | None
    sheet: str | None = None
    row: int | None = None


@dataclass(frozen=True, slots=True)
class Conflict:
    """One cell that was changed in the sheet and meanwhile in what is published; None: there is no value."""

    record: str
    column: str
    position: int | None
    base: str | None
    mine: str | None
    theirs: str | None
    sheet: str | None = None
    row: int | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a file would change in the version ``present``; ``taken`` is the version that a filled sheet came from.

    ``new`` are records not published yet, ``missing`` those that the sheet was filled with and has no row of any more:
    nothing is said of them. Records are named by their IRI.
    """

    present: int
    taken: int | None
    changes: tuple[Change, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    new: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The comparison as plain values, for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Revision:
    """A filled sheet weighed against what is published: the comparison, and the submission that changes only that."""

    comparison: Comparison
    submission: Submission
    revises: frozenset[NamedNode] = field(default=frozenset())


def compare(reader: Reader, submission: Submission, *, take: Side | None = None) -> Comparison:
    """What a received file would add, change and remove now; ``take`` settles conflicts for one side."""
    return weigh(reader, submission, take=take).comparison


def weigh(reader: Reader, submission: Submission, *, take: Side | None = None) -> Revision:
    """The comparison of a file, and what to publish of a filled sheet: its conflicts stay as they are published."""
    weighing = _Weighing(reader, submission, take)
    for subject, ref in submission.subjects.items():
        weighing.record(subject, ref)
    return weighing.revision()


class _Weighing:
    """Collects what each record of a file changes."""

    def __init__(self, reader: Reader, submission: Submission, take: Side | None) -> None:
        self._reader, self._submission, self._take = reader, submission, take
        self._template, lists = Template.bundled(), CodeLists.load()
        self._cells = CellReader(self._template, lists)
        self._values = ValueReader(lists, None, self._template)
        self._stated = graphs.Statements(submission.triples, submission.subjects)
        self._changes: list[Change] = []
        self._conflicts: list[Conflict] = []
        self._triples: dict[NamedNode, set[Triple]] = {}
        self._new: list[str] = []
        self._unchanged: list[str] = []

    def record(self, subject: NamedNode, ref: CellRef) -> None:
        """Weigh one record."""
        sent = self._stated.of(subject)
        mine = self._cells.cells(subject, sent)
        base = self._submission.base.cells.get(subject) if self._submission.base else None
        if base is not None and mine == base:
            self._unchanged.append(subject.value)
            return
        published = graphs.stated(self._reader, subject)
        theirs = self._settled(self._cells.cells(subject, published))
        if not published:
            self._new.append(subject.value)
        if base is None:
            merged = Merged(mine, [])
        elif not published:
            merged = self._withdrawn(base, mine)
        else:
            merged = merge(self._template, self._settled(base), mine, theirs, self._take)
        self._conflicts += [self._conflict(subject, ref, told) for told in merged.conflicts]
        changes = list(self._compared(subject, ref, theirs, merged.cells))
        self._changes += changes
        if not changes and published and base is not None:
            self._unchanged.append(subject.value)
        elif base is None:
            self._triples[subject] = sent
        elif merged.cells:
            before, after = self._mapped(theirs), self._mapped(merged.cells)
            self._triples[subject] = (published - (before - after)) | (after - before)

    def revision(self) -> Revision:
        """What was weighed, as a whole."""
        submission, base = self._submission, self._submission.base
        missing = [subject.value for subject in base.cells if subject not in submission.subjects] if base else []
        comparison = Comparison(
            self._reader.version,
            base.version if base else None,
            tuple(self._changes),
            tuple(self._conflicts),
            tuple(self._new),
            tuple(self._unchanged),
            tuple(missing),
        )
        changed = {subject: ref for subject, ref in submission.subjects.items() if subject in self._triples}
        triples = dict.fromkeys(triple for subject in changed for triple in sorted(self._triples[subject], key=str))
        revised = replace(
            submission,
            records=len(changed),
            triples=tuple(triples),
            subjects=changed,
            derived=submission.derived & changed.keys(),
        )
        return Revision(comparison, revised, frozenset(graphs.sources(self._reader, changed)))

    def _withdrawn(self, base: Cells, mine: Cells) -> Merged:
        """A record that is not published any more: whether it comes back is for a person to say."""
        (key,) = self._template.nodes[0].key
        place = (key, 0)
        if self._take is None:
            return Merged({}, [(place, base.get(place), mine.get(place), None)])
        return Merged(mine if self._take == "mine" else {}, [])

    def _settled(self, cells: Cells) -> Cells:
        """The cells as they are read again: defaults filled in as in any sheet."""
        triples = self._mapped(cells)
        (key,) = self._template.nodes[0].key
        subject = next(iter(self._mapping(cells).subjects), None) if cells.get((key, 0)) else None
        return self._cells.cells(subject, triples) if subject else cells

    def _mapped(self, cells: Cells) -> set[Triple]:
        return set(self._mapping(cells).triples) if cells else set()

    def _mapping(self, cells: Cells) -> Submission:
        said = cell_reader.row(self._template, cells)
        rows = [Row(None, 1, tuple(said)), Row(None, 2, tuple(said.values()))]
        return next(mapping.map_rows(SourceFile("", b""), rows, self._template, self._values))

    def _compared(self, subject: NamedNode, ref: CellRef, before: Cells, after: Cells) -> Iterator[Change]:
        for place in self._places(before, after):
            old, new = before.get(place), after.get(place)
            if old != new:
                kind = "added" if old is None else "removed" if new is None else "changed"
                yield Change(subject.value, *self._told(place), kind, old, new, ref.sheet, ref.row)

    def _conflict(self, subject: NamedNode, ref: CellRef, told: Told) -> Conflict:
        place, base, mine, theirs = told
        return Conflict(subject.value, *self._told(place), base, mine, theirs, ref.sheet, ref.row)

    def _told(self, place: Place) -> tuple[str, int | None]:
        column, position = place
        return column, position + 1 if self._template.by_name[column].group else None

    def _places(self, *several: Mapping[Place, str]) -> Iterable[Place]:
        order = {column.name: number for number, column in enumerate(self._template.columns)}
        return sorted({place for cells in several for place in cells}, key=lambda place: (order[place[0]], place[1]))
