"""One published record into two or more, as a file of the template states them, and back.

The file is a submission like any other: what was submitted before stays as it came. Where one row has the old
identifier, that record keeps the address; where none has, the address offers the choice (dct:isReplacedBy to each).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from pyoxigraph import NamedNode, Quad, Triple

from iesi_kg.errors import UsageError
from iesi_kg.ingest.cells import CellReader, Cells
from iesi_kg.publication import catalogue, entailment, graphs, moving, provenance, redirects, withdrawal, workflow
from iesi_kg.publication.graphs import CODINGS, Quads
from iesi_kg.publication.joined import Joined
from iesi_kg.publication.provenance import Occasion
from iesi_kg.publication.workflow import Receipt
from iesi_kg.records import Submission
from iesi_kg.store.base import DEFAULT_GRAPH, ChangeSet, Reader, Store, Writer
from iesi_kg.vocabulary import iris
from iesi_kg.vocabulary.codelists import CodeLists
from iesi_kg.vocabulary.namespaces import PROV

_DERIVED = NamedNode(PROV + "wasDerivedFrom")
_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Divided:
    """What was done: the version that shows it, the records there are now, and how many others name the old one."""

    version: int
    parts: tuple[NamedNode, ...]
    kept: bool
    naming: int


def divide(store: Store, old: NamedNode, receipt: Receipt, occasion: Occasion, *, drop: bool = False) -> Divided:
    """Publish the records of a file in the place of one, in one commit.

    Raises SubmissionRejected, and UsageError where the file is none of such records or leaves out what the old one
    says (unless ``drop``).
    """
    workflow.decide(receipt)
    receipt = replace(receipt, submission=replace(receipt.submission, base=None))
    with store.writer() as writer:
        reader, submission = writer.reader, receipt.submission
        _refuse(reader, old, submission)
        workflow.decide(workflow.against(reader, receipt))
        if not drop:
            _refuse_losing(reader, old, submission)
        change, graph = workflow.prepare(reader, receipt, occasion)
        marks = withdrawal.revived(reader, (graph, *submission.subjects))
        kept = old in submission.subjects
        told = Quads((_told(reader, old, graph, submission, occasion), provenance.GRAPH))
        out = [] if kept else _leaving(reader, old, {*change.add})
        change = replace(change, add=Joined(change.add, told), remove=Joined(change.remove, [*marks, *out]))
        naming = 0 if kept else len({graphs.base(t.subject) for t in moving.references(reader, old)})  # type: ignore[arg-type]
        return Divided(_commit(writer, change, occasion), tuple(submission.subjects), kept, naming)


def unite(store: Store, old: NamedNode, occasion: Occasion) -> Divided:
    """Take a division back, in one commit: the record stands again as before, its parts are withdrawn.

    Raises UsageError where it was not divided, or a part was published again since.
    """
    with store.writer() as writer:
        reader = writer.reader
        graph = _division(reader, old)
        parts = _parts(reader, old, graph)
        for part in parts:
            if graphs.sources(reader, [part]) != {graph}:
                raise UsageError(
                    f"<{part.value}> was published again, merged or withdrawn since <{old.value}> was split",
                    hint="what was decided since would be lost; withdraw or split that first",
                )
        reason = occasion.reason or f"the split of {old.value.rsplit('/', 1)[1]} was taken back"
        at = occasion.at.isoformat(timespec="seconds")
        out = withdrawal.withdrawn(reader, graph, reason, at, also=[old])
        choices = [*reader.quads(old, redirects.REPLACED_BY, graph=provenance.GRAPH)]
        told = Quads((provenance.moving(old, graph, "unite", (), occasion), provenance.GRAPH))
        change = ChangeSet(f"unite {old.value}", add=Joined(out.add, told), remove=Joined(out.remove, choices))
        return Divided(_commit(writer, change, occasion), parts, not choices, 0)


def _commit(writer: Writer, change: ChangeSet, occasion: Occasion) -> int:
    reader = writer.reader
    return writer.commit(catalogue.kept_true(reader, entailment.with_inference(reader, change, occasion.at)))


def _refuse(reader: Reader, old: NamedNode, submission: Submission) -> None:
    """Raises UsageError for a file that divides nothing, or whose new records are there already."""
    name = old.value.rsplit("/", 1)[1]
    if iris.initiative(name) != old or not graphs.is_published(reader, old):
        raise UsageError(f"<{old.value}> is no published initiative", hint="only an initiative is split by a file")
    others = [subject for subject in submission.subjects if subject != old]
    if len(submission.subjects) < 2:
        raise UsageError(
            f"{submission.source.name} holds {len(submission.subjects)} record, and a split makes two or more",
            hint=f"`iesi-kg template --format xlsx --records {name}` gives its row, to which you add another",
        )
    for subject in others:
        if graphs.is_published(reader, subject) or redirects.stand_for(reader, subject):
            raise UsageError(
                f"{subject.value.rsplit('/', 1)[1]} is published already, and a split makes new records",
                hint="give the new record an identifier of its own",
            )
    if provenance.graph_of_file(reader, submission.source) is not None:
        raise UsageError(f"{submission.source.name} is published already", hint="a split takes a file of its own")


def _refuse_losing(reader: Reader, old: NamedNode, submission: Submission) -> None:
    lost = [*_left_out(reader, old, submission)]
    if lost:
        shown = "; ".join(f"{column}: {text}" for column, text in lost[:_SHOWN])
        more = f"; and {len(lost) - _SHOWN:,} more" if len(lost) > _SHOWN else ""
        raise UsageError(
            f"no record of {submission.source.name} says what {old.value.rsplit('/', 1)[1]} says: {shown}{more}",
            hint="give it to one of the rows, or leave it out on purpose with --drop",
        )


def _left_out(reader: Reader, old: NamedNode, submission: Submission) -> Iterator[tuple[str, str]]:
    """The cells of the old record, value by value, that no record of the file has."""
    template = workflow.template()
    cells = CellReader(template, CodeLists.load())
    stated = graphs.Statements(submission.triples, submission.subjects)
    said = {
        value for subject in submission.subjects for value in _values(cells, cells.cells(subject, stated.of(subject)))
    }
    for column, text in _values(cells, cells.cells(old, graphs.stated(reader, old))):
        if column != template.nodes[0].key[0] and (column, text) not in said:
            yield column, text


def _values(reader: CellReader, cells: Cells) -> Iterator[tuple[str, str]]:
    for (name, _), text in sorted(cells.items()):
        column = reader.template.by_name[name]
        several = column.separator is not None and column.group is None
        for value in text.split(column.separator or "") if several else (text,):
            yield name, value


def _told(reader: Reader, old: NamedNode, graph: NamedNode, submission: Submission, occasion: Occasion) -> list[Triple]:
    """Who split what, and which records came of it."""
    used = sorted(graphs.sources(reader, [old]), key=str)
    facts = [*provenance.moving(old, graph, "split", used, occasion), Triple(graph, _DERIVED, old)]
    for part in submission.subjects:
        if part != old:
            facts.append(Triple(part, _DERIVED, old))
            facts += [] if old in submission.subjects else [Triple(old, redirects.REPLACED_BY, part)]
    return facts


def _leaving(reader: Reader, old: NamedNode, added: Collection[Quad]) -> list[Quad]:
    """What the old record takes along from what is published."""
    gone = Quads((graphs.superseded(reader, [old]), DEFAULT_GRAPH), (graphs.unsourced(reader, [old]), CODINGS))
    return [quad for quad in gone if quad not in added]


def _division(reader: Reader, old: NamedNode) -> NamedNode:
    """The graph of the file by which a record was divided. Raises UsageError."""
    for quad in reader.quads(predicate=_DERIVED, object=old, graph=provenance.GRAPH):
        graph = quad.subject
        if not isinstance(graph, NamedNode) or not iris.is_submission_graph(graph):
            continue
        if not provenance.is_ended(reader, graph):
            return graph
    raise UsageError(f"<{old.value}> was not split by a file", hint="`iesi-kg log` tells what was split")


def _parts(reader: Reader, old: NamedNode, graph: NamedNode) -> tuple[NamedNode, ...]:
    """The records that a division made, and the one that kept the address."""
    derived = {quad.subject for quad in reader.quads(predicate=_DERIVED, object=old, graph=provenance.GRAPH)}
    stood = {old} if graphs.is_record(reader, old, graph) else set[NamedNode]()
    made = {each for each in derived if isinstance(each, NamedNode) and graphs.is_record(reader, each, graph)}
    return tuple(sorted(stood | made, key=str))
