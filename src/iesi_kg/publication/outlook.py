"""A file that was received to what publishing it would change: statements in words by record, and answers that move.

The answers are those of the example queries, before on what stands and after on a copy with the change made, within
bounds: what could not be computed is said, never guessed.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from pyoxigraph import Literal, NamedNode, Quad, Triple

from iesi_kg.analysis.examples import Example, examples
from iesi_kg.endpoint.fingerprint import fingerprint, media
from iesi_kg.endpoint.syntax import Guards, inspect
from iesi_kg.publication import graphs, provenance, revision, workflow
from iesi_kg.publication.provenance import Occasion
from iesi_kg.publication.revision import Comparison
from iesi_kg.publication.workflow import Receipt
from iesi_kg.store.base import DEFAULT_GRAPH, ChangeSet, Reader
from iesi_kg.store.staged import staged
from iesi_kg.vocabulary.namespaces import BASE, DCT, FOAF, RDF, RDFS, SKOS

SECONDS = 6.0
MOST_QUADS = 600_000
MOST_RECORDS = 50
MOST_LINES = 60
_NAMING = tuple(NamedNode(name) for name in (SKOS + "prefLabel", DCT + "title", RDFS + "label", FOAF + "name"))
_TYPE = NamedNode(RDF + "type")
_PAGE = NamedNode(FOAF + "page")
_ENTRY = "#record"
_ENGLISH = "en"
_TRUSTED = Guards(1_000_000, 1_000, 100_000)


@dataclass(frozen=True, slots=True)
class Line:
    """One statement in words; ``part`` is the node of the record that it is about, where it is not the record."""

    part: str
    property: str
    value: str


@dataclass(frozen=True, slots=True)
class RecordChange:
    """What would be said of one record that is not said now, and what no longer."""

    iri: str
    name: str
    is_new: bool
    added: tuple[Line, ...]
    removed: tuple[Line, ...]

    @property
    def size(self) -> int:
        """How many statements change."""
        return len(self.added) + len(self.removed)


@dataclass(frozen=True, slots=True)
class Moved:
    """An example query whose answer would be another: how many rows it gains and loses."""

    slug: str
    title: str
    added: int
    removed: int


@dataclass(frozen=True, slots=True)
class Outlook:
    """What would change; ``unasked`` are the titles of the example queries whose answers were not computed.

    ``cells`` compares a filled sheet with what is published; where it has conflicts nothing would be published.
    """

    records: tuple[RecordChange, ...]
    more_records: int
    added: int
    removed: int
    moved: tuple[Moved, ...]
    asked: int
    unasked: tuple[str, ...]
    published: bool = False
    cells: Comparison | None = None


@dataclass(slots=True)
class Bounds:
    """How long and how much may be computed; ``asked`` keeps answers of one version between outlooks."""

    seconds: float = SECONDS
    quads: int = MOST_QUADS
    asked: dict[tuple[int, str], Counter[str]] = field(default_factory=dict)


def outlook(reader: Reader, receipt: Receipt, at: datetime, language: str, bounds: Bounds | None = None) -> Outlook:
    """What publishing a file would change now; without ``bounds`` no answers are computed."""
    if provenance.graph_of_file(reader, receipt.submission.source) is not None:
        return Outlook((), 0, 0, 0, (), 0, (), published=True)
    cells: Comparison | None = None
    if receipt.submission.base is not None:
        weighed = revision.weigh(reader, receipt.submission)
        cells, receipt = weighed.comparison, replace(receipt, submission=weighed.submission)
        if cells.conflicts or not weighed.submission.subjects:
            return Outlook((), 0, 0, 0, (), 0, (), published=not cells.conflicts, cells=cells)
    change, _ = workflow.prepare(reader, receipt, Occasion("-", at))
    new, old = _merged(reader, change)
    words = Words(reader, new, language)
    records = sorted(_records(reader, words, new, old), key=lambda each: (-each.size, each.name.casefold()))
    moved, unasked = _moved(reader, change, bounds) if bounds else ([], [])
    return Outlook(
        records=tuple(records[:MOST_RECORDS]),
        more_records=max(0, len(records) - MOST_RECORDS),
        added=len(new),
        removed=len(old),
        moved=tuple(moved),
        asked=len(_own()) - len(unasked) if bounds else 0,
        unasked=tuple(unasked),
        cells=cells,
    )


def _merged(reader: Reader, change: ChangeSet) -> tuple[set[Triple], set[Triple]]:
    """What the published merge would gain and lose, without the entries of the catalogue."""
    add = {quad.triple for quad in change.add if quad.graph_name == DEFAULT_GRAPH and not _is_entry(quad)}
    remove = {quad.triple for quad in change.remove if quad.graph_name == DEFAULT_GRAPH and not _is_entry(quad)}
    known = {triple for triple in add if _stands(reader, triple)}
    return add - known - remove, remove - add


def _is_entry(quad: Quad) -> bool:
    return isinstance(quad.subject, NamedNode) and quad.subject.value.endswith(_ENTRY)


def _stands(reader: Reader, triple: Triple) -> bool:
    assert isinstance(triple.subject, NamedNode)
    return next(iter(reader.quads(triple.subject, triple.predicate, triple.object, DEFAULT_GRAPH)), None) is not None


def _records(reader: Reader, words: Words, new: Collection[Triple], old: Collection[Triple]) -> Iterator[RecordChange]:
    gained, lost = _by_record(new), _by_record(old)
    for iri in gained.keys() | lost.keys():
        yield RecordChange(
            iri,
            words.name(NamedNode(iri)),
            not graphs.is_published(reader, NamedNode(iri)),
            tuple(_lines(words, iri, gained.get(iri, ()))),
            tuple(_lines(words, iri, lost.get(iri, ()))),
        )


def _by_record(triples: Iterable[Triple]) -> dict[str, list[Triple]]:
    found: dict[str, list[Triple]] = {}
    for triple in triples:
        subject = triple.subject
        if isinstance(subject, NamedNode):
            found.setdefault(subject.value.partition("#")[0], []).append(triple)
    return found


def _lines(words: Words, record: str, triples: Sequence[Triple]) -> list[Line]:
    """The statements about a record in words; those that only hold its parts together are left out."""
    lines = []
    for triple in triples:
        subject, target = triple.subject, triple.object
        inner = isinstance(target, NamedNode) and target.value.startswith(f"{record}#")
        if inner or triple.predicate == _TYPE or not isinstance(subject, NamedNode):
            continue
        part = subject.value.partition("#")[2].replace("-", " ")
        lines.append(Line(part, words.name(triple.predicate), words.value(target)))
    return sorted(lines, key=lambda line: (line.part, line.property, line.value))[:MOST_LINES]


class Words:
    """Terms to what a reader calls them, by what stands and by what is new."""

    def __init__(self, reader: Reader, new: Iterable[Triple], language: str) -> None:
        self._reader, self._language = reader, language
        self._known: dict[NamedNode, str] = {}
        self._new: dict[NamedNode, list[Literal]] = {}
        self._pages: dict[object, str] = {}
        for triple in new:
            if triple.predicate == _PAGE and isinstance(triple.object, NamedNode):
                self._pages[triple.subject] = triple.object.value
            named = triple.predicate in _NAMING and isinstance(triple.subject, NamedNode)
            if named and isinstance(triple.object, Literal):
                self._new.setdefault(triple.subject, []).append(triple.object)  # type: ignore[arg-type]

    def name(self, node: NamedNode) -> str:
        """What a thing is called, in the reader's language where it is."""
        if node not in self._known:
            names = [*self._names(node), *self._new.get(node, ())]
            best = sorted(names, key=lambda name: (self._rank(name), name.value))
            self._known[node] = best[0].value if best else self._address(node)
        return self._known[node]

    def value(self, term: object) -> str:
        """A value in words."""
        return self.name(term) if isinstance(term, NamedNode) else str(getattr(term, "value", term))

    def _address(self, node: NamedNode) -> str:
        """A document by where it is, anything else by its IRI, ours without what all of them begin with."""
        pages = [quad.object for quad in self._reader.quads(node, _PAGE, graph=DEFAULT_GRAPH)]
        address = next((page.value for page in pages if isinstance(page, NamedNode)), self._pages.get(node, node.value))
        return address.removeprefix(BASE)

    def _names(self, node: NamedNode) -> Iterator[Literal]:
        for naming in _NAMING:
            for quad in self._reader.quads(node, naming, graph=DEFAULT_GRAPH):
                if isinstance(quad.object, Literal):
                    yield quad.object

    def _rank(self, name: Literal) -> int:
        return [self._language, _ENGLISH].index(name.language) if name.language in (self._language, _ENGLISH) else 2


def _own() -> list[Example]:
    """The examples that this graph alone answers."""
    return [example for example in examples() if not example.asks_others]


def _moved(reader: Reader, change: ChangeSet, bounds: Bounds) -> tuple[list[Moved], list[str]]:
    """The examples whose answers move, and the titles of those that nobody could ask in time."""
    deadline = time.monotonic() + bounds.seconds
    everything = sum(1 for _ in reader.quads())
    if everything + len(change.add) > bounds.quads:
        return [], [example.title for example in _own()]
    after = staged(reader, change)
    moved, unasked = list[Moved](), list[str]()
    for example in _own():
        if time.monotonic() > deadline:
            unasked.append(example.title)
            continue
        then, now = _rows(after, example), _rows_of_version(reader, example, bounds.asked)
        if then != now:
            gained, lost = (then - now).total(), (now - then).total()
            moved.append(Moved(example.slug, example.title, gained, lost))
    return moved, unasked


def _rows_of_version(reader: Reader, example: Example, asked: dict[tuple[int, str], Counter[str]]) -> Counter[str]:
    key = (reader.version, example.slug)
    if key not in asked:
        for old in [known for known in asked if known[0] != reader.version]:
            del asked[old]
        asked[key] = _rows(reader, example)
    return asked[key]


def _rows(reader: Reader, example: Example) -> Counter[str]:
    form = inspect(example.query, _TRUSTED).form
    return Counter(fingerprint(reader.answer(example.query, media(form).name)).lines)


def as_json(found: Outlook) -> Mapping[str, object]:
    """The outlook for programs."""
    return {
        "published_already": found.published,
        "added": found.added,
        "removed": found.removed,
        "records": [
            {
                "iri": record.iri,
                "name": record.name,
                "new": record.is_new,
                "added": [[line.part, line.property, line.value] for line in record.added],
                "removed": [[line.part, line.property, line.value] for line in record.removed],
            }
            for record in found.records
        ],
        "more_records": found.more_records,
        "answers": [
            {"example": moved.slug, "title": moved.title, "added": moved.added, "removed": moved.removed}
            for moved in found.moved
        ],
        "answers_not_computed": list(found.unasked),
        "cells": found.cells.as_dict() if found.cells else None,
    }
