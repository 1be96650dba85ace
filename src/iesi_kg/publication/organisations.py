"""The table of organisations that comes with the software to statements about organisations, in a graph of their own.

The table says of organisations that records name what the records have no column for: homepage, identifiers, other
names. It is read like any table, by a description of its own (``ontology/organisations.json``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from pyoxigraph import NamedNode, Triple

from iesi_kg import assets
from iesi_kg.ingest import csv, mapping
from iesi_kg.ingest.template import Template
from iesi_kg.ingest.values import ValueReader
from iesi_kg.publication import graphs, redirects
from iesi_kg.publication.workflow import Receipt
from iesi_kg.records import CellRef, Finding, Report, SourceFile, Submission
from iesi_kg.store.base import DEFAULT_GRAPH, ChangeSet, Reader
from iesi_kg.validation import engine, shapes
from iesi_kg.validation.report import Reporter
from iesi_kg.vocabulary.codelists import CodeLists

FOLDER = "data/organisations"
FILE = f"{FOLDER}/organisations.csv"
_COLUMNS = "ontology/organisations.json"


def files() -> tuple[str, ...]:
    """The table of the bundle and its description; a bundle of before has none."""
    try:
        return tuple(assets.names(FOLDER))
    except FileNotFoundError:
        return ()


def table() -> SourceFile | None:
    """The table of the bundle."""
    return SourceFile(FILE.rpartition("/")[2], assets.content(FILE)) if FILE in files() else None


def receive(source: SourceFile) -> Receipt:
    """A table of organisations, read and validated. Raises InputError."""
    template = Template.load(assets.text(_COLUMNS))
    profile = shapes.profile("submission")
    reporter = Reporter({name: _placed(facts, template) for name, facts in profile.facts.items()})
    triples: dict[Triple, None] = {}
    subjects: dict[NamedNode, CellRef] = {}
    findings: list[Finding] = []
    records = 0
    values = ValueReader(CodeLists.load(), template=template)
    for chunk in mapping.map_rows(source, csv.read(source, template.by_header), template, values):
        results = engine.validate([*chunk.triples, *profile.context], profile.text)
        findings += reporter.findings(chunk, results)
        triples.update(dict.fromkeys(chunk.triples))
        subjects.update(chunk.subjects)
        records += chunk.records
    submission = Submission(source, records, tuple(triples), subjects, {}, findings)
    return Receipt(Report(records, tuple(findings)), submission)


def _placed(facts: shapes.ShapeFacts, template: Template) -> shapes.ShapeFacts:
    """What a shape says, without the column of a record that this table does not have."""
    return facts if facts.column in template.by_name else replace(facts, column=None)


def replacement(reader: Reader, triples: Iterable[Triple]) -> ChangeSet:
    """The change after which the graph of organisations holds just these statements, and the merge has them too.

    What a published record states as well stays in the merge; what was merged into another is said of that other.
    """
    change = graphs.replacement(reader, triples, graphs.ORGANISATIONS, merged=False)
    entering, leaving = ([quad.triple for quad in quads] for quads in (change.add, change.remove))
    names = redirects.merged(reader)
    merged = redirects.fitted(reader, redirects.renamed(entering, names), {*names.values()})
    gone = redirects.renamed(leaving, names)
    return ChangeSet(
        change.label,
        add=[*change.add, *graphs.Quads(([*merged], DEFAULT_GRAPH))],
        remove=[*change.remove, *graphs.Quads(([*_alone(reader, gone)], DEFAULT_GRAPH))],
    )


def _alone(reader: Reader, triples: Iterable[Triple]) -> Iterator[Triple]:
    """Those that no graph of a submission states."""
    publishing = graphs.publishing(reader)
    for triple in triples:
        assert isinstance(triple.subject, NamedNode)
        stated = reader.quads(triple.subject, triple.predicate, triple.object)
        if not any(quad.graph_name in publishing for quad in stated):
            yield triple
