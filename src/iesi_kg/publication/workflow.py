"""The walk of a submission: received, decided, published; ``check`` and ``submit`` cut the same walk (design.md 5)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache

from pyoxigraph import NamedNode, Triple

from iesi_kg import assets
from iesi_kg.errors import SubmissionRejected
from iesi_kg.ingest import csv, kinds, mapping, xlsx
from iesi_kg.ingest.template import Template
from iesi_kg.ingest.values import ValueReader
from iesi_kg.publication import catalogue, entailment, graphs, ownership, provenance, several
from iesi_kg.publication.provenance import Notice, Occasion
from iesi_kg.publication.several import Part
from iesi_kg.records import CellRef, Finding, Report, Severity, SourceFile, Submission
from iesi_kg.store.base import ChangeSet, Reader, Store
from iesi_kg.validation import engine, shapes
from iesi_kg.validation.engine import Result
from iesi_kg.validation.report import Reporter
from iesi_kg.vocabulary import iris
from iesi_kg.vocabulary.codelists import CodeLists

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Receipt:
    """A file that was read and validated: the verdict, and what would be published."""

    report: Report
    submission: Submission


@dataclass(frozen=True, slots=True)
class Published:
    """What a publication did: the version that shows it, its graph, whether anything changed, and how many published
    records it put a new state in place of.
    """

    version: int
    graph: NamedNode
    records: int
    changed: bool
    replaced: int = 0


@cache
def template() -> Template:
    """The submission template of the bundle."""
    return Template.load(assets.text("ontology/template.json"))


def check(
    source: SourceFile, *, today: date | None = None, reader: Reader | None = None, progress: Progress | None = None
) -> Report:
    """The verdict on a file; its statements are not kept, so that memory does not grow with the number of rows.

    ``today`` bounds the years that may be given; ``reader`` shows the published records that a row may mean.
    """
    records, findings = 0, list[Finding]()
    subjects: dict[NamedNode, CellRef] = {}
    for chunk, found in _walk(several.parts(source), today, progress):
        records += chunk.records
        findings += found
        if reader is not None:
            findings += _identifiers_needed(reader, chunk)
            subjects.update((subject, ref) for subject, ref in chunk.subjects.items() if subject not in chunk.derived)
    if reader is not None:
        findings += ownership.replaced(reader, subjects)
    return Report(records, tuple(findings))


def receive(source: SourceFile, *, today: date | None = None, progress: Progress | None = None) -> Receipt:
    """Read and validate a file, and keep its statements for publication. Raises InputError."""
    records, findings = 0, list[Finding]()
    triples: dict[Triple, None] = {}
    subjects: dict[NamedNode, CellRef] = {}
    derived: set[NamedNode] = set()
    parts = several.parts(source)
    for chunk, found in _walk(parts, today, progress):
        records += chunk.records
        findings += found
        triples.update(dict.fromkeys(chunk.triples))
        subjects.update(chunk.subjects)
        derived |= chunk.derived
    submission = Submission(source, records, tuple(triples), subjects, {}, findings, frozenset(derived))
    submission = replace(submission, files=several.files(parts))
    return Receipt(Report(records, tuple(findings)), submission)


def decide(receipt: Receipt) -> None:
    """Refuse what has violations. Raises SubmissionRejected, with the report among its members."""
    violations = receipt.report.count(Severity.VIOLATION)
    if violations:
        raise SubmissionRejected(
            f"{receipt.submission.source.name} was not published: it has {violations:,} "
            f"violation{'' if violations == 1 else 's'}",
            report=receipt.report,
        )


def publish(store: Store, receipt: Receipt, *, by: str, at: datetime, notice: Notice | None = None) -> Published:
    """Publish a file that was received, in one commit: all of it or none; the same file again changes nothing.

    Raises SubmissionRejected, and StoreError with the store as it was.
    """
    decide(receipt)
    with store.writer() as writer:
        reader = writer.reader
        before = provenance.graph_of_file(reader, receipt.submission.source)
        if before is not None:
            return Published(reader.version, before, receipt.report.records, changed=False)
        decide(against(reader, receipt))
        change, graph = prepare(reader, receipt, Occasion(by, at, notice))
        change = catalogue.kept_true(reader, entailment.with_inference(reader, change, at))
        replaced = sum(graphs.is_published(reader, subject) for subject in receipt.submission.subjects)
        return Published(writer.commit(change), graph, receipt.report.records, changed=True, replaced=replaced)


def prepare(reader: Reader, receipt: Receipt, occasion: Occasion) -> tuple[ChangeSet, NamedNode]:
    """The change that publishes a received file over what stands now, and the graph that will hold it."""
    submission = receipt.submission
    activity = iris.submission(occasion.at.date(), submission.source.sha256)
    graph = iris.submission_graph(activity)
    told = provenance.statements(submission, activity, occasion)
    return graphs.publication(reader, submission, graph, told, provenance.GRAPH), graph


def against(reader: Reader, receipt: Receipt) -> Receipt:
    """The receipt with what only the store can tell: a name without identifier that names a published record."""
    found = _identifiers_needed(reader, receipt.submission)
    order = {file.name: place for place, file in enumerate(receipt.submission.files)}
    findings = sorted([*receipt.report.findings, *found], key=lambda f: (order.get(f.file or "", -1), f.row or 0))
    return replace(receipt, report=Report(receipt.report.records, tuple(findings)))


def _walk(
    parts: Sequence[Part], today: date | None, progress: Progress | None
) -> Iterator[tuple[Submission, list[Finding]]]:
    """Every chunk of every file with its findings; one chunk is validated while the next is read."""
    profile = shapes.profile("submission")
    places = several.Places()
    done = 0
    for part in parts:
        reporter = Reporter(profile.facts)
        for chunk, results in _validated(several.guarded(part, _chunks(part, today)), profile):
            yield places.named(part, chunk, reporter.findings(chunk, results))
            done += chunk.records
            if progress:
                progress(done)


def _validated(chunks: Iterator[Submission], profile: shapes.Profile) -> Iterator[tuple[Submission, list[Result]]]:
    with ThreadPoolExecutor(1) as pool:
        waiting: tuple[Submission, Future[list[Result]]] | None = None
        for chunk in chunks:
            future = pool.submit(engine.validate, [*chunk.triples, *profile.context], profile.text)
            if waiting is not None:
                yield waiting[0], waiting[1].result()
            waiting = chunk, future
        if waiting is not None:
            yield waiting[0], waiting[1].result()


def _chunks(part: Part, today: date | None) -> Iterator[Submission]:
    if not part.files:
        return
    if not part.kind.tabular:
        yield part.statements(template())
        return
    ((source, kind),) = part.files
    read = csv.read if kind is kinds.Kind.CSV else xlsx.read
    rows = read(source, template().by_header.keys())
    yield from mapping.map_rows(source, rows, template(), ValueReader(CodeLists.load(), today, template()))


def _identifiers_needed(reader: Reader, submission: Submission) -> list[Finding]:
    known = [subject for subject in submission.derived if graphs.is_published(reader, subject)]
    return [_identifier_needed(subject, submission.subjects[subject]) for subject in known]


def _identifier_needed(subject: NamedNode, ref: CellRef) -> Finding:
    slug = subject.value.rsplit("/", 1)[1]
    return Finding(
        Severity.VIOLATION,
        "identifier-needed",
        "A record of this name is published already, and this row has no identifier: it cannot be told whether the row "
        "is a new version of that record or another initiative.",
        sheet=ref.sheet,
        row=ref.row,
        column=ref.column,
        suggestion=f"to replace the published record write {slug} in the column "
        f"{template().nodes[0].key[0]}; for another initiative write an identifier of its own, such as {slug}-2",
        focus_node=subject.value,
        file=ref.file,
    )
