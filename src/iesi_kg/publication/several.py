"""A submission to the files in it, read one after the other, with the file named in what is found (decision 028)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pyoxigraph import NamedNode, Triple

from iesi_kg.errors import InputError, UnreadableFile
from iesi_kg.ingest import archive, kinds, rdf
from iesi_kg.ingest.kinds import Kind
from iesi_kg.ingest.template import Template
from iesi_kg.records import CellRef, Finding, Severity, SourceFile, Submission
from iesi_kg.vocabulary.told import say

Typed = tuple[SourceFile, Kind]


@dataclass(frozen=True, slots=True)
class Part:
    """What is read in one go: a table, or all the RDF of a submission, whose files may refer to one another.

    ``name`` is that of the file among several; None where it is the only one, or where several hold RDF. Then
    ``described`` tells the file in which each thing is described, once the statements were read.
    """

    source: SourceFile
    files: tuple[Typed, ...]
    name: str | None = None
    several: bool = False
    findings: tuple[Finding, ...] = ()
    described: dict[str, str] = field(default_factory=dict, compare=False)

    @property
    def kind(self) -> Kind:
        return self.files[0][1]

    def statements(self, template: Template) -> Submission:
        """The statements of RDF files. Raises UnreadableFile where the submission is this file alone."""
        if not self.several:
            return rdf.submission(*self.files[0], template)
        return _joined(self, template)


def parts(source: SourceFile) -> list[Part]:
    """The parts of a submission: of an archive its files, else the file itself. Raises InputError.

    A file among several that cannot be read is a finding, so that the others are told about in the same go.
    """
    kind = kinds.detect(source)
    if kind is not Kind.ZIP:
        return [Part(source, ((source, kind),))]
    problems: list[Finding] = []
    typed: list[Typed] = []
    for file in archive.unpack(source):
        try:
            typed.append((file, _kind_within(file)))
        except InputError as error:
            problems.append(unreadable(file.name, error))
    stated = tuple((file, kind) for file, kind in typed if not kind.tabular)
    found = [Part(source, ((file, kind),), file.name, several=True) for file, kind in typed if kind.tabular]
    if stated:
        found.append(Part(source, stated, stated[0][0].name if len(stated) == 1 else None, several=True))
    return [replace(part, findings=tuple(problems) if not place else ()) for place, part in enumerate(found)] or [
        Part(source, (), several=True, findings=tuple(problems))
    ]


def _kind_within(file: SourceFile) -> Kind:
    kind = kinds.detect(file)
    if kind is Kind.ZIP:
        raise UnreadableFile(f"{file.name} is an archive inside an archive", hint="pack its files beside the others")
    return kind


def files(found: Iterable[Part]) -> tuple[SourceFile, ...]:
    """The files of a submission of several; none where it is one file."""
    return tuple(file for part in found if part.several for file, _ in part.files)


def unreadable(name: str, error: InputError) -> Finding:
    """An error on one file among several as a finding."""
    line = error.members.get("line")
    return Finding(
        Severity.VIOLATION,
        "unreadable-file",
        say("unreadable-file", reason=error.detail),
        row=line if isinstance(line, int) else None,
        suggestion=error.hint,
        file=name,
    )


def guarded(part: Part, chunks: Iterator[Submission]) -> Iterator[Submission]:
    """The chunks of a part, with its problems first; among several files an error ends this one only."""
    if part.findings:
        yield Submission(part.source, 0, (), {}, {}, list(part.findings))
    try:
        yield from chunks
    except InputError as error:
        if not part.several:
            raise
        yield Submission(part.source, 0, (), {}, {}, [unreadable(part.name or "", error)])


@dataclass(slots=True)
class Places:
    """Where each record of a submission of several files was described first."""

    _seen: dict[NamedNode, CellRef] = field(default_factory=dict)

    def named(self, part: Part, chunk: Submission, found: Sequence[Finding]) -> tuple[Submission, list[Finding]]:
        """A chunk and its findings with their file, and a finding for each record that another file describes too."""
        if not part.several:
            return chunk, [*found]
        refs = {subject: replace(ref, file=ref.file or part.name) for subject, ref in chunk.subjects.items()}
        told = [replace(f, file=f.file or part.name or part.described.get(f.focus_node or "")) for f in found]
        for subject, ref in refs.items():
            first = self._seen.setdefault(subject, ref)
            if first.file != ref.file:
                told.append(_twice(subject, ref, first))
        return replace(chunk, subjects=refs), told


def _twice(subject: NamedNode, ref: CellRef, first: CellRef) -> Finding:
    row = f", row {first.row}" if first.row else ""
    return Finding(
        Severity.VIOLATION,
        "duplicate-record",
        say("duplicate-record.file", place=f"{first.file}{row}"),
        sheet=ref.sheet,
        row=ref.row,
        column=ref.column,
        value=subject.value.rsplit("/", 1)[1],
        suggestion=say("duplicate-record.remedy.file"),
        focus_node=subject.value,
        file=ref.file,
    )


def _joined(part: Part, template: Template) -> Submission:
    """The statements of several RDF files taken together, each finding with the file that states what it is about."""
    triples: dict[Triple, None] = {}
    described = part.described
    mentioned: dict[str, str] = {}
    findings: list[Finding] = []
    records: dict[NamedNode, CellRef] = {}
    for file, kind in part.files:
        try:
            read = dict.fromkeys(rdf.read(file, kind))
        except InputError as error:
            findings.append(unreadable(file.name, error))
            continue
        for subject in rdf.records(read, template):
            first = records.setdefault(subject, CellRef(file=file.name))
            if first.file != file.name:
                findings.append(_twice(subject, CellRef(file=file.name), first))
        for triple in read:
            described.setdefault(str(getattr(triple.subject, "value", "")), file.name)
            for term in (triple.predicate, triple.object):
                mentioned.setdefault(str(getattr(term, "value", "")), file.name)
        triples.update(read)
    if findings and not triples:
        return Submission(part.source, 0, (), {}, {}, findings)
    made = rdf.of_triples(part.source, triples, template)
    findings += [replace(finding, file=_file_of(finding, described, mentioned)) for finding in made.findings]
    return replace(made, findings=findings, subjects=records)


def _file_of(finding: Finding, described: Mapping[str, str], mentioned: Mapping[str, str]) -> str | None:
    about = (finding.focus_node or "", finding.value or "")
    return next((where[name] for where in (described, mentioned) for name in about if name in where), None)
