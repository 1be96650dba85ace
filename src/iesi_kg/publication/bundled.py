"""The bundle to the first version of a store: ontology, code lists and curated records, in one commit."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time
from io import StringIO
from typing import Any

import pyoxigraph
from pyoxigraph import NamedNode, Quad, RdfFormat
from pyoxigraph import Store as MemoryStore

from iesi_kg import assets
from iesi_kg.errors import IesiKgError
from iesi_kg.publication import entailment, graphs, provenance, workflow
from iesi_kg.publication.provenance import DerivedFrom, Notice, Occasion
from iesi_kg.records import Severity, SourceFile, Submission
from iesi_kg.store.base import ChangeSet, Reader, Store
from iesi_kg.vocabulary import iris

DATA = "data/iesi"
_CODE_LISTS = "ontology/codelists"


def load_bundled(store: Store, *, at: datetime) -> int:
    """Bring a store to what the bundle holds, and return the version; what it holds already is left alone.

    Each data file is published under the day and the name that its description gives. Raises IesiKgError when a file
    is not what its description says.
    """
    with store.writer() as writer:
        changes = [*vocabulary(writer.reader), *curated(writer.reader, at)]
        add = list(dict.fromkeys(quad for change in changes for quad in change.add))
        remove = list(dict.fromkeys(quad for change in changes for quad in change.remove))
        change = entailment.with_inference(writer.reader, ChangeSet("bundled data", add, remove))
        return writer.commit(change) if change.add or change.remove else writer.reader.version


def vocabulary(reader: Reader) -> list[ChangeSet]:
    """The changes that bring the ontology and the code lists up to date."""
    files = {"ontology": ["ontology/iesi.ttl"], "codes": list(assets.names(_CODE_LISTS, ".ttl"))}
    return [
        graphs.replacement(reader, (quad.triple for name in names for quad in _turtle(name)), iris.graph(graph))
        for graph, names in files.items()
    ]


def curated(reader: Reader, at: datetime) -> list[ChangeSet]:
    """The changes that publish the data files which the store does not hold yet."""
    seen: dict[NamedNode, str] = {}
    changes = []
    for name in assets.names(DATA, ".csv"):
        source = SourceFile(name.rsplit("/", 1)[1], assets.content(name))
        if provenance.graph_of_file(reader, source) is not None:
            continue
        facts = json.loads(assets.text(name.removesuffix(".csv") + ".json"))
        receipt = workflow.receive(source)
        _assert_conforms(name, receipt)
        _assert_expected(name, receipt.submission, facts.get("expected", {}))
        _assert_apart(name, receipt.submission.subjects, seen)
        day = datetime.combine(date.fromisoformat(facts["date"]), time(), UTC) if "date" in facts else at
        change, _ = workflow.prepare(reader, receipt, Occasion(facts["by"], day, _notice(facts)))
        changes.append(change)
    return changes


def counts(submission: Submission, names: Iterable[str]) -> dict[str, int]:
    """What a submission holds by each of the counting queries of the bundle."""
    memory = MemoryStore()
    memory.bulk_extend(Quad(t.subject, t.predicate, t.object) for t in submission.triples)
    return {name: _count(memory, assets.text(f"queries/counts/{name}.rq")) for name in names}


def _count(memory: MemoryStore, query: str) -> int:
    solutions = memory.query(query)
    assert isinstance(solutions, pyoxigraph.QuerySolutions)
    return int(next(solutions)["n"].value)


def _turtle(name: str) -> Iterable[Quad]:
    return pyoxigraph.parse(assets.content(name), RdfFormat.TURTLE)


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
