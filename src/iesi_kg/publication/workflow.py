"""The walk of a submission: received, decided, published; ``check`` and ``submit`` cut the same walk (design.md 5)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, datetime

from pyoxigraph import NamedNode, Quad, Triple

from iesi_kg.errors import InputError, RevisionConflict, SubmissionRejected
from iesi_kg.ingest import csv, kinds, lines, mapping, sheets, xlsx
from iesi_kg.ingest.template import Template
from iesi_kg.ingest.values import ValueReader
from iesi_kg.publication import (
    catalogue,
    entailment,
    graphs,
    ownership,
    provenance,
    redirects,
    revision,
    several,
    withdrawal,
)
from iesi_kg.publication.joined import Joined
from iesi_kg.publication.provenance import Notice, Occasion
from iesi_kg.publication.revision import Side
from iesi_kg.publication.several import Part
from iesi_kg.records import Base, CellRef, Finding, Report, Row, Severity, SourceFile, Submission
from iesi_kg.store.base import ChangeSet, Reader, Store
from iesi_kg.validation import engine, shapes
from iesi_kg.validation.engine import Result
from iesi_kg.validation.likeness import Likeness
from iesi_kg.validation.report import Reporter
from iesi_kg.validation.scoring import Standing
from iesi_kg.validation.sourcetexts import SourceTexts
from iesi_kg.vocabulary import iris
from iesi_kg.vocabulary.codelists import CodeLists
from iesi_kg.vocabulary.told import say

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Receipt:
    """A file that was read and validated: the verdict, and what would be published.

    ``take`` says which side holds where a filled sheet and what is published both changed a cell.
    """

    report: Report
    submission: Submission
    take: Side | None = None


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


def template() -> Template:
    """The submission template of the bundle."""
    return Template.bundled()


def check(
    source: SourceFile,
    *,
    today: date | None = None,
    reader: Reader | None = None,
    progress: Progress | None = None,
    standing: Standing | None = None,
) -> Report:
    """The verdict on a file; its statements are not kept, so that memory does not grow with the number of rows.

    ``today`` bounds the years that may be given; ``reader`` shows the published records that a row may mean;
    ``standing`` is told every record, to score it.
    """
    records, findings = 0, list[Finding]()
    subjects: dict[NamedNode, CellRef] = {}
    parts = several.parts(source)
    for chunk, found in _walk(parts, today, progress, likeness(reader)):
        records += chunk.records
        findings += found
        if standing is not None:
            standing.add(chunk)
        if reader is not None:
            findings += _against(reader, chunk)
            subjects.update((subject, ref) for subject, ref in chunk.subjects.items() if subject not in chunk.derived)
    if reader is not None:
        findings += ownership.replaced(reader, subjects)
    return Report(records, tuple(_placed(parts, findings)))


def judged_by(texts: SourceTexts, source: SourceFile, *, today: date | None = None) -> list[Finding]:
    """What saved texts of its sources say against the records of a file."""
    places, findings = several.Places(), list[Finding]()
    for part in several.parts(source):
        for chunk in several.guarded(part, _chunks(part, today)):
            findings += places.named(part, chunk, [*texts.findings(chunk)])[1]
    return findings


def likeness(reader: Reader | None = None) -> Likeness:
    """What finds look-alikes in one file: among its own rows, and in what is published where there is a reader."""
    return Likeness(reader, template().nodes[0].key[0])


def receive(
    source: SourceFile,
    *,
    today: date | None = None,
    progress: Progress | None = None,
    alike: Likeness | None = None,
) -> Receipt:
    """Read and validate a file, and keep its statements for publication. Raises InputError.

    Look-alikes are told where ``alike`` is given: whoever decides wants them, what is published does not hang on them.
    """
    records, findings = 0, list[Finding]()
    triples: dict[Triple, None] = {}
    subjects: dict[NamedNode, CellRef] = {}
    derived: set[NamedNode] = set()
    parts = several.parts(source)
    for chunk, found in _walk(parts, today, progress, alike):
        records += chunk.records
        findings += found
        triples.update(dict.fromkeys(chunk.triples))
        subjects.update(chunk.subjects)
        derived |= chunk.derived
    submission = Submission(
        source,
        records,
        tuple(triples),
        subjects,
        {},
        findings,
        frozenset(derived),
        base=base_of(source),
        files=several.files(parts),
    )
    return Receipt(Report(records, tuple(_placed(parts, findings))), submission)


def _placed(parts: Sequence[Part], findings: Sequence[Finding]) -> list[Finding]:
    return lines.placed([file for part in parts for file in part.files], findings)


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

    Of a filled sheet only what was changed in it.
    Raises SubmissionRejected, RevisionConflict, and StoreError with the store as it was.
    """
    return publish_on(store, receipt, Occasion(by, at, notice))


def publish_on(store: Store, receipt: Receipt, occasion: Occasion, told: Sequence[Quad] = ()) -> Published:
    """The same; ``told`` is what else the commit says of the file."""
    decide(receipt)
    with store.writer() as writer:
        reader = writer.reader
        before = provenance.graph_of_file(reader, receipt.submission.source)
        if before is not None:
            return Published(reader.version, before, receipt.report.records, changed=False)
        decide(against(reader, receipt))
        if receipt.submission.base is not None:
            receipt, occasion = _revised(reader, receipt, occasion)
            if not receipt.submission.subjects:
                return _unchanged(reader, receipt)
        change, graph = prepare(reader, receipt, occasion)
        change = _again(reader, receipt, graph, replace(change, add=Joined(change.add, told)) if told else change)
        change = catalogue.kept_true(reader, entailment.with_inference(reader, change, occasion.at))
        replaced = sum(graphs.is_published(reader, subject) for subject in receipt.submission.subjects)
        return Published(writer.commit(change), graph, receipt.report.records, changed=True, replaced=replaced)


def _revised(reader: Reader, receipt: Receipt, occasion: Occasion) -> tuple[Receipt, Occasion]:
    """What a filled sheet changes, judged as it will stand. Raises RevisionConflict, SubmissionRejected."""
    revised = revision.weigh(reader, receipt.submission, take=receipt.take)
    if conflicts := revised.comparison.conflicts:
        cells = f"{len(conflicts):,} cell{' was' if len(conflicts) == 1 else 's were'}"
        raise RevisionConflict(
            f"{receipt.submission.source.name} was not published: {cells} changed in it and, since it was taken, "
            "in what is published",
            comparison=revised.comparison,
        )
    submission = revised.submission
    judged = replace(receipt, submission=submission, report=Report(submission.records, tuple(_judged(submission))))
    decide(judged)
    kept = replace(receipt.report, records=submission.records)
    return replace(judged, report=kept), replace(occasion, revises=revised.revises)


def _judged(submission: Submission) -> Iterator[Finding]:
    """What the shapes find in what a sheet and the published records make together, each at the row of its record."""
    named = ((t, graphs.base(t.subject)) for t in submission.triples if isinstance(t.subject, NamedNode))
    origin = {t: submission.subjects[thing] for t, thing in named if thing in submission.subjects}
    profile = shapes.profile("submission")
    results = engine.validate([*submission.triples, *profile.context], profile.text)
    yield from Reporter(profile.facts).findings(replace(submission, findings=(), origin=origin), results)


def _unchanged(reader: Reader, receipt: Receipt) -> Published:
    """A filled sheet in which nothing was changed."""
    base = receipt.submission.base
    graph = min(graphs.sources(reader, base.cells if base else ()), key=str, default=provenance.GRAPH)
    return Published(reader.version, graph, 0, changed=False)


def base_of(source: SourceFile) -> Base | None:
    """What a filled workbook was filled with; None for any other file."""
    return sheets.base_of(source, template()) if kinds.detect(source) is kinds.Kind.XLSX else None


def prepare(reader: Reader, receipt: Receipt, occasion: Occasion) -> tuple[ChangeSet, NamedNode]:
    """The change that publishes a received file over what stands now, and the graph that will hold it."""
    submission = receipt.submission
    activity = iris.submission(occasion.at.date(), submission.source.sha256)
    graph = iris.submission_graph(activity)
    told = provenance.statements(submission, activity, occasion)
    return graphs.publication(reader, submission, graph, told, provenance.GRAPH), graph


def _again(reader: Reader, receipt: Receipt, graph: NamedNode, change: ChangeSet) -> ChangeSet:
    """The change, and the end of the marks that what it publishes had left when it was withdrawn."""
    marks = withdrawal.revived(reader, (graph, *receipt.submission.subjects))
    return replace(change, remove=Joined(change.remove, marks)) if marks else change


def against(reader: Reader, receipt: Receipt) -> Receipt:
    """The receipt with what only the store can tell: records that are published, or were merged into others."""
    found = _against(reader, receipt.submission)
    order = {file.name: place for place, file in enumerate(receipt.submission.files)}
    findings = sorted([*receipt.report.findings, *found], key=lambda f: (order.get(f.file or "", -1), f.row or 0))
    return replace(receipt, report=Report(receipt.report.records, tuple(findings)))


def _walk(
    parts: Sequence[Part], today: date | None, progress: Progress | None, alike: Likeness | None
) -> Iterator[tuple[Submission, list[Finding]]]:
    """Every chunk of every file with its findings; one chunk is validated while the next is read."""
    profile = shapes.profile("submission")
    places = several.Places()
    done = 0
    for part in parts:
        reporter = Reporter(profile.facts)
        for chunk, results in _validated(several.guarded(part, _chunks(part, today)), profile):
            named, found = places.named(part, chunk, reporter.findings(chunk, results))
            if alike is not None:
                found = sorted([*found, *alike.findings(named)], key=lambda finding: finding.row or 0)
            yield named, found
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
    items = csv.read(source, template().by_header) if kind is kinds.Kind.CSV else sheets.read(source, template())
    yield from mapping.map_rows(source, items, template(), ValueReader(CodeLists.load(), today, template()))


def rows(source: SourceFile) -> Iterator[Row]:
    """The rows of a table, or of each among several files, as they were read, its header first; none for RDF.

    Raises InputError; a file among several that cannot be read has no rows, and is a finding.
    """
    for part in several.parts(source):
        if not part.files or not part.kind.tabular:
            continue
        try:
            yield from (replace(row, file=part.name) for row in _rows_of(part.files[0]))
        except InputError:
            if not part.several:
                raise


def _rows_of(file: several.Typed) -> Iterator[Row]:
    source, kind = file
    read = csv.read if kind is kinds.Kind.CSV else xlsx.read
    return (item for item in read(source, template().by_header.keys()) if isinstance(item, Row))


def _against(reader: Reader, submission: Submission) -> list[Finding]:
    return [*_identifiers_needed(reader, submission), *_merged(reader, submission), *_divided(reader, submission)]


def _merged(reader: Reader, submission: Submission) -> Iterator[Finding]:
    """Records that are sent under an identifier which another one replaced."""
    for old, new in redirects.merged(reader).items():
        if old not in submission.subjects:
            continue
        ref, slug = submission.subjects[old], new.value.rsplit("/", 1)[1]
        twice = new in submission.subjects
        yield Finding(
            Severity.VIOLATION if twice else Severity.INFO,
            "duplicate-record" if twice else "merged-record",
            say("duplicate-record.merged" if twice else "merged-record", slug=slug),
            sheet=ref.sheet,
            row=ref.row,
            column=ref.column,
            suggestion=say("duplicate-record.remedy.merged") if twice else say("merged-record.remedy", slug=slug),
            focus_node=old.value,
        )


def _divided(reader: Reader, submission: Submission) -> Iterator[Finding]:
    """Records that are sent under an identifier that was split, so that nobody knows which is meant."""
    for old, new in redirects.divided(reader).items():
        if old not in submission.subjects:
            continue
        ref, slugs = submission.subjects[old], ", ".join(part.value.rsplit("/", 1)[1] for part in new)
        yield Finding(
            Severity.VIOLATION,
            "split-record",
            say("split-record", slugs=slugs),
            sheet=ref.sheet,
            row=ref.row,
            column=ref.column,
            suggestion=say("split-record.remedy", slugs=slugs),
            focus_node=old.value,
        )


def _identifiers_needed(reader: Reader, submission: Submission) -> list[Finding]:
    known = [subject for subject in submission.derived if graphs.is_published(reader, subject)]
    return [_identifier_needed(subject, submission.subjects[subject]) for subject in known]


def _identifier_needed(subject: NamedNode, ref: CellRef) -> Finding:
    slug = subject.value.rsplit("/", 1)[1]
    return Finding(
        Severity.VIOLATION,
        "identifier-needed",
        say("identifier-needed"),
        sheet=ref.sheet,
        row=ref.row,
        column=ref.column,
        suggestion=say("identifier-needed.remedy", slug=slug, column=template().nodes[0].key[0]),
        focus_node=subject.value,
        file=ref.file,
    )
