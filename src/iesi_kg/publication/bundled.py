"""The bundle to the first version of a store: ontology, code lists and curated records, in one commit."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from hashlib import sha256
from io import StringIO
from typing import Any

import pyoxigraph
from pyoxigraph import NamedNode, Quad, RdfFormat, Triple
from pyoxigraph import Store as MemoryStore

from iesi_kg import assets
from iesi_kg.errors import IesiKgError
from iesi_kg.publication import catalogue, entailment, graphs, linkage_graphs, organisations, provenance, workflow
from iesi_kg.publication.provenance import DerivedFrom, Notice, Occasion
from iesi_kg.records import Severity, SourceFile, Submission
from iesi_kg.store.base import ChangeSet, Reader, Store
from iesi_kg.vocabulary import iris

DATA = "data/iesi"
_MERGED = {"ontology": ("ontology/iesi.ttl", "ontology/observations.ttl"), "codes": ("ontology/codelists",)}
_APART = {
    "codings": ("ontology/assignments",),
    "alignments": ("ontology/alignments",),
    "statistics": ("ontology/statistics",),
}


@dataclass(frozen=True, slots=True)
class Loaded:
    """What loading did: the version that shows it, and the data files left out because their records were renewed."""

    version: int
    left_out: tuple[str, ...] = ()


def digest() -> str:
    """What tells one bundle from another: the digest of its ontology, code lists, data and mappings."""
    names = [name for part in (_MERGED, _APART) for places in part.values() for name in _files(places)]
    names += [*assets.names(DATA), *organisations.files(), *linkage_graphs.files()]
    files = (f"{name} {sha256(assets.content(name)).hexdigest()}\n" for name in names)
    return sha256("".join(files).encode()).hexdigest()


def is_outdated(reader: Reader) -> bool:
    """Whether a store was filled from another bundle than this one; not where nothing came from a bundle."""
    filled = next(iter(reader.quads(graph=iris.graph("ontology"))), None) is not None
    return filled and provenance.bundle_digest(reader) != digest()


def load_bundled(store: Store, *, at: datetime) -> Loaded:
    """Bring a store to what the bundle holds, in one commit; what it holds already is left alone.

    Each data file is published under the day and the name that its description gives. A new edition of a file is left
    out when somebody else published one of its records since. Raises IesiKgError when a file is not what its
    description says.
    """
    with store.writer() as writer:
        reader = writer.reader
        published, left_out = curated(reader, at)
        changes = [*vocabulary(reader), *published, *described(reader)]
        changes.append(provenance.bundle(reader, digest(), _graphs(reader, published)))
        add = list(dict.fromkeys(quad for change in changes for quad in change.add))
        remove = list(dict.fromkeys(quad for change in changes for quad in change.remove))
        change = entailment.with_inference(reader, ChangeSet("bundled data", add, remove), at)
        change = catalogue.with_description(reader, change)
        if not change.add and not change.remove:
            return Loaded(reader.version, left_out)
        return Loaded(writer.commit(change), left_out)


def vocabulary(reader: Reader) -> list[ChangeSet]:
    """The changes that bring ontology and code lists up to date, and beside them codings, alignments and mappings."""
    return [
        *(
            graphs.replacement(reader, _statements(places), iris.graph(graph), merged=part is _MERGED)
            for part in (_MERGED, _APART)
            for graph, places in part.items()
        ),
        *(linkage_graphs.loaded(reader, name, mappings) for name, mappings in linkage_graphs.bundled()),
    ]


def _statements(places: Iterable[str]) -> Iterator[Triple]:
    for name in _files(places):
        for quad in pyoxigraph.parse(assets.content(name), RdfFormat.TURTLE):
            yield quad.triple


def _files(places: Iterable[str]) -> Iterator[str]:
    for place in places:
        yield from [place] if place.endswith(".ttl") else assets.names(place, ".ttl")


def curated(reader: Reader, at: datetime) -> tuple[list[ChangeSet], tuple[str, ...]]:
    """The changes that publish the data files which the store does not hold yet, and the files that are left out."""
    seen: dict[NamedNode, str] = {}
    changes, left_out = [], []
    ours = provenance.bundled_graphs(reader)
    for name in assets.names(DATA, ".csv"):
        source = SourceFile(name.rsplit("/", 1)[1], assets.content(name))
        if provenance.graph_of_file(reader, source) is not None:
            continue
        facts = json.loads(assets.text(name.removesuffix(".csv") + ".json"))
        receipt = workflow.receive(source)
        _assert_conforms(name, receipt)
        _assert_expected(name, receipt.submission, facts.get("expected", {}))
        _assert_apart(name, receipt.submission.subjects, seen)
        if graphs.sources(reader, receipt.submission.subjects) - ours:
            left_out.append(name)
            continue
        day = datetime.combine(date.fromisoformat(facts["date"]), time(), UTC) if "date" in facts else at
        change, _ = workflow.prepare(reader, receipt, Occasion(facts["by"], day, _notice(facts)))
        changes.append(change)
    return changes, tuple(left_out)


def described(reader: Reader) -> list[ChangeSet]:
    """The changes that bring the graph of organisations to what the table of the bundle says."""
    source = organisations.table()
    if source is None or provenance.is_described(reader, graphs.ORGANISATIONS, source):
        return []
    facts = json.loads(assets.text(organisations.FILE.removesuffix(".csv") + ".json"))
    receipt = organisations.receive(source)
    _assert_conforms(organisations.FILE, receipt)
    _assert_expected(organisations.FILE, receipt.submission, facts["expected"])
    return [
        organisations.replacement(reader, receipt.submission.triples),
        provenance.described(reader, graphs.ORGANISATIONS, source, _notice(facts)),
    ]


def _graphs(reader: Reader, published: Iterable[ChangeSet]) -> set[NamedNode]:
    """The graphs of the bundle's files: those that stand and those about to be published."""
    files = (SourceFile(name, assets.content(name)) for name in assets.names(DATA, ".csv"))
    standing = {graph for file in files if (graph := provenance.graph_of_file(reader, file)) is not None}
    return standing | {NamedNode(change.label) for change in published}


def counts(submission: Submission, names: Iterable[str]) -> dict[str, int]:
    """What a submission holds by each of the counting queries of the bundle."""
    memory = MemoryStore()
    memory.bulk_extend(Quad(t.subject, t.predicate, t.object) for t in submission.triples)
    return {name: _count(memory, assets.text(f"queries/counts/{name}.rq")) for name in names}


def _count(memory: MemoryStore, query: str) -> int:
    solutions = memory.query(query)
    assert isinstance(solutions, pyoxigraph.QuerySolutions)
    return int(next(solutions)["n"].value)


def _assert_conforms(name: str, receipt: workflow.Receipt) -> None:
    wrong = [item for item in receipt.report.findings if item.severity is Severity.VIOLATION]
    if wrong:
        raise IesiKgError(
            f"{name} has {len(wrong)} violations; the first is in row {wrong[0].row}, column {wrong[0].column}: "
            f"{wrong[0].message}",
            hint=f"run `iesi-kg check {name}` and mend the file",
        )


def _assert_expected(name: str, submission: Submission, expected: Mapping[str, int]) -> None:
    found = counts(submission, expected)
    differ = [f"{key} {found[key]} instead of {number}" for key, number in expected.items() if found[key] != number]
    if differ:
        raise IesiKgError(
            f"{name} does not hold what the description beside it expects: {', '.join(differ)}",
            hint="correct the file, or the expected counts when the change was meant",
        )


def _assert_apart(name: str, subjects: Iterable[NamedNode], seen: dict[NamedNode, str]) -> None:
    for subject in subjects:
        if subject in seen:
            raise IesiKgError(f"{name} and {seen[subject]} both describe {subject.value}", hint="keep one of the two")
        seen[subject] = name


def _notice(facts: Mapping[str, Any]) -> Notice:
    sources = (
        DerivedFrom(item["title"], item["publisher"], item["licence"], item["address"])
        for item in facts.get("derived_from", ())
    )
    return Notice(
        title=facts["title"],
        description=facts["description"],
        publisher=facts["publisher"],
        licence=facts["licence"],
        attribution=facts["attribution"],
        derived_from=tuple(sources),
    )


def example_row() -> dict[str, str]:
    """The fullest record of the curated data, by column name."""
    rows: list[dict[str, str]] = []
    for name in assets.names(DATA, ".csv"):
        rows += csv.DictReader(StringIO(assets.text(name), newline=""))
    return max(rows, key=lambda row: sum(map(bool, row.values())))
