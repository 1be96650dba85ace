"""Who handed in which file, when, and what became of it, in PROV-O (graph/provenance)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from pyoxigraph import Literal, NamedNode, Quad, Triple

from iesi_kg import __version__
from iesi_kg.errors import UsageError
from iesi_kg.records import SourceFile, Submission
from iesi_kg.store.base import ChangeSet, Reader
from iesi_kg.vocabulary import iris
from iesi_kg.vocabulary.namespaces import DCAT, DCT, FOAF, PROV, RDF, RDFS, SCHEMA, VOID, XSD

GRAPH = iris.graph("provenance")
ENDED = NamedNode(PROV + "invalidatedAtTime")
_TYPE = NamedNode(RDF + "type")
_GENERATED = NamedNode(PROV + "generated")
_USED = NamedNode(PROV + "used")
_REVISION = NamedNode(PROV + "wasRevisionOf")
_HASH = NamedNode(SCHEMA + "sha256")
_TITLE = NamedNode(DCT + "title")
_NAME = NamedNode(FOAF + "name")
_ATTRIBUTION = NamedNode("http://creativecommons.org/ns#attributionName")
_MEMBER = NamedNode(PROV + "hadMember")
_BUNDLE = iris.graph("bundle")
_INFERENCE = iris.graph("inference")
_LONGEST_NAME = 200

Fact = tuple[NamedNode, NamedNode, NamedNode | Literal]


@dataclass(frozen=True, slots=True)
class DerivedFrom:
    """A data set of others from which a submission was made, with its licence."""

    title: str
    publisher: str
    licence: str
    address: str


@dataclass(frozen=True, slots=True)
class Notice:
    """What is said about the graph of a submission: title, licence, attribution and the data it was made from."""

    title: str
    description: str
    publisher: str
    licence: str
    attribution: str
    derived_from: tuple[DerivedFrom, ...] = ()


@dataclass(frozen=True, slots=True)
class Occasion:
    """Who publishes, merges or splits, when, what is said about the graph, which earlier ones it revises, and why."""

    by: str
    at: datetime
    notice: Notice | None = None
    revises: frozenset[NamedNode] = frozenset()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of inference: the version of the store it leads to, the version of the ontology, the digest of the rules
    and which they are in words, and how many statements followed.
    """

    version: int
    ontology: NamedNode
    digest: str
    rules: str
    triples: int


def graph_of_file(reader: Reader, source: SourceFile) -> NamedNode | None:
    """The graph in which this very file is published; None when it never was, or was withdrawn."""
    return graph_of_digest(reader, source.sha256)


def graph_of_digest(reader: Reader, digest: str) -> NamedNode | None:
    """The same, by the digest of the file."""
    for file in reader.quads(predicate=_HASH, object=Literal(digest), graph=GRAPH):
        for use in reader.quads(predicate=_USED, object=file.subject, graph=GRAPH):
            for made in reader.quads(use.subject, _GENERATED, graph=GRAPH):  # type: ignore[arg-type]
                if isinstance(made.object, NamedNode) and not is_ended(reader, made.object):
                    return made.object
    return None


def is_ended(reader: Reader, thing: NamedNode) -> bool:
    """Whether a graph or a record was published and then withdrawn."""
    return next(iter(reader.quads(thing, ENDED, graph=GRAPH)), None) is not None


def bundle_digest(reader: Reader) -> str | None:
    """The digest of the bundle that the store was last filled from."""
    told = next(iter(reader.quads(_BUNDLE, _HASH, graph=GRAPH)), None)
    return told.object.value if told is not None and isinstance(told.object, Literal) else None


def bundled_graphs(reader: Reader) -> set[NamedNode]:
    """The graphs that hold files of a bundle, of this one or an earlier one."""
    told = reader.quads(_BUNDLE, _MEMBER, graph=GRAPH)
    return {quad.object for quad in told if isinstance(quad.object, NamedNode)}


def bundle(reader: Reader, digest: str, graphs: Iterable[NamedNode]) -> ChangeSet:
    """The change after which the store knows this bundle, and which graphs came from it or an earlier one."""
    facts: list[Fact] = [(_BUNDLE, _TYPE, NamedNode(PROV + "Collection")), (_BUNDLE, _HASH, Literal(digest))]
    facts += [(_BUNDLE, _MEMBER, graph) for graph in graphs]
    new = {Quad(*fact, GRAPH) for fact in facts}
    old = {*reader.quads(_BUNDLE, graph=GRAPH)}
    outdated = {quad for quad in old - new if quad.predicate == _HASH}
    return ChangeSet(_BUNDLE.value, add=[*(new - old)], remove=[*outdated])


def described(reader: Reader, graph: NamedNode, source: SourceFile, notice: Notice) -> ChangeSet:
    """The change after which the store knows from which file a graph of the bundle is, and what is said about it."""
    file = iris.fragment(graph, "file")
    facts: list[Fact] = [(graph, _TYPE, NamedNode(PROV + "Entity")), (graph, NamedNode(PROV + "wasDerivedFrom"), file)]
    new = {Quad(*fact, GRAPH) for fact in [*facts, *_file(file, source), *_noticed(graph, notice)]}
    old = {quad for node in (graph, file) for quad in reader.quads(node, graph=GRAPH)}
    return ChangeSet(graph.value, add=[*(new - old)], remove=[*(old - new)])


def is_described(reader: Reader, graph: NamedNode, source: SourceFile) -> bool:
    """Whether a graph of the bundle is from this very file."""
    told = reader.quads(iris.fragment(graph, "file"), _HASH, Literal(source.sha256), graph=GRAPH)
    return next(iter(told), None) is not None


def moving(old: NamedNode, new: NamedNode, act: str, used: Iterable[NamedNode], occasion: Occasion) -> list[Triple]:
    """One thing merged into another, or taken out of it again: who did it, when, and in what state they were."""
    by, activity = _agent_name(occasion.by), iris.moving(act, old, occasion.at.isoformat())
    person, software = iris.agent(by), iris.agent(f"iesi-kg {__version__}")
    facts: list[Fact] = [
        (activity, _TYPE, NamedNode(PROV + "Activity")),
        (activity, NamedNode(PROV + "endedAtTime"), _time(occasion.at)),
        (activity, NamedNode(PROV + "wasAssociatedWith"), person),
        (activity, NamedNode(PROV + "wasAssociatedWith"), software),
        (activity, NamedNode(RDFS + "label"), Literal(act, language="en")),
        *((activity, _USED, thing) for thing in (old, new, *used)),
        (person, _TYPE, NamedNode(PROV + "Agent")),
        (person, _NAME, Literal(by)),
        *_software(software),
    ]
    if occasion.reason:
        facts.append((activity, NamedNode(RDFS + "comment"), Literal(occasion.reason)))
    return [Triple(*fact) for fact in facts]


def inference(reader: Reader, run: Run, at: datetime) -> ChangeSet:
    """The change after which the graph of inference has an entry that tells of its last run, and of no earlier one."""
    rules, software = iris.fragment(_INFERENCE, "rules"), iris.agent(f"iesi-kg {__version__}")
    facts: list[Fact] = [
        (_INFERENCE, _TYPE, NamedNode(PROV + "Entity")),
        (_INFERENCE, _TITLE, Literal("What follows from the published statements", language="en")),
        (_INFERENCE, NamedNode(PROV + "generatedAtTime"), _time(at)),
        (_INFERENCE, NamedNode(PROV + "wasDerivedFrom"), run.ontology),
        (_INFERENCE, NamedNode(PROV + "wasDerivedFrom"), rules),
        (_INFERENCE, NamedNode(PROV + "wasAttributedTo"), software),
        (_INFERENCE, NamedNode(SCHEMA + "version"), _integer(run.version)),
        (_INFERENCE, NamedNode(VOID + "triples"), _integer(run.triples)),
        (rules, _TYPE, NamedNode(PROV + "Entity")),
        (rules, NamedNode(DCT + "description"), Literal(run.rules, language="en")),
        (rules, _HASH, Literal(run.digest)),
    ]
    new = {Quad(*fact, GRAPH) for fact in [*facts, *_software(software)]}
    old = {quad for node in (_INFERENCE, rules) for quad in reader.quads(node, graph=GRAPH)}
    known = {*reader.quads(software, graph=GRAPH)}
    return ChangeSet(_INFERENCE.value, add=[*(new - old - known)], remove=[*(old - new)])


def rules_digest(reader: Reader) -> str | None:
    """The digest of the rules by which the graph of inference was last made."""
    told = next(iter(reader.quads(iris.fragment(_INFERENCE, "rules"), _HASH, graph=GRAPH)), None)
    return told.object.value if told is not None and isinstance(told.object, Literal) else None


def statements(submission: Submission, activity: NamedNode, occasion: Occasion) -> list[Triple]:
    """The provenance of one publication, for ``GRAPH``. Raises UsageError for a name that names nobody."""
    graph = iris.submission_graph(activity)
    facts = [*_activity(submission, activity, graph, occasion), *_graph(graph, activity, submission, occasion.at)]
    if occasion.notice is not None:
        facts += _noticed(graph, occasion.notice)
    facts += [(graph, _REVISION, earlier) for earlier in sorted(occasion.revises - {graph}, key=str)]
    return [Triple(*fact) for fact in facts]


def _agent_name(by: str) -> str:
    name = " ".join(by.split())
    if not name or not name.isprintable() or len(name) > _LONGEST_NAME:
        raise UsageError("the name of who submits is empty, too long or not printable", hint="give a name or a role")
    return name


def _activity(submission: Submission, activity: NamedNode, graph: NamedNode, occasion: Occasion) -> Iterator[Fact]:
    by, at = _agent_name(occasion.by), occasion.at
    file, person = iris.fragment(activity, "file"), iris.agent(by)
    software = iris.agent(f"iesi-kg {__version__}")
    yield activity, _TYPE, NamedNode(PROV + "Activity")
    yield activity, NamedNode(PROV + "endedAtTime"), _time(at)
    yield activity, NamedNode(PROV + "wasAssociatedWith"), person
    yield activity, NamedNode(PROV + "wasAssociatedWith"), software
    yield activity, _USED, file
    yield activity, _GENERATED, graph
    yield from _file(file, submission.source)
    yield from _members(submission, file, graph)
    yield person, _TYPE, NamedNode(PROV + "Agent")
    yield person, _NAME, Literal(by)
    yield from _software(software)


def _file(node: NamedNode, source: SourceFile) -> Iterator[Fact]:
    yield node, _TYPE, NamedNode(PROV + "Entity")
    yield node, _TITLE, Literal(source.name)
    yield node, _HASH, Literal(source.sha256)
    yield node, NamedNode(DCAT + "byteSize"), _integer(len(source.content))


def _members(submission: Submission, archive: NamedNode, graph: NamedNode) -> Iterator[Fact]:
    """Each file of a submission of several, with its own name and digest."""
    if submission.files:
        yield archive, _TYPE, NamedNode(PROV + "Collection")
    for number, source in enumerate(submission.files, start=1):
        member = NamedNode(f"{archive.value}-{number}")
        yield archive, _MEMBER, member
        yield graph, NamedNode(PROV + "wasDerivedFrom"), member
        yield from _file(member, source)


def _software(software: NamedNode) -> Iterator[Fact]:
    yield software, _TYPE, NamedNode(PROV + "SoftwareAgent")
    yield software, _NAME, Literal("iesi-kg")
    yield software, NamedNode(SCHEMA + "softwareVersion"), Literal(__version__)


def _graph(graph: NamedNode, activity: NamedNode, submission: Submission, at: datetime) -> Iterator[Fact]:
    yield graph, _TYPE, NamedNode(PROV + "Entity")
    yield graph, _TYPE, NamedNode(VOID + "Dataset")
    yield graph, NamedNode(PROV + "wasGeneratedBy"), activity
    yield graph, NamedNode(PROV + "generatedAtTime"), _time(at)
    yield graph, NamedNode(PROV + "wasDerivedFrom"), iris.fragment(activity, "file")
    yield graph, NamedNode(VOID + "entities"), _integer(len(submission.subjects))
    yield graph, NamedNode(VOID + "triples"), _integer(len(submission.triples))


def _noticed(graph: NamedNode, notice: Notice) -> Iterator[Fact]:
    yield graph, _TITLE, Literal(notice.title, language="en")
    yield graph, NamedNode(DCT + "description"), Literal(notice.description, language="en")
    yield graph, NamedNode(DCT + "license"), NamedNode(notice.licence)
    yield from _published_by(graph, notice.publisher)
    yield graph, NamedNode(DCT + "rightsHolder"), iris.agent(notice.publisher)
    yield graph, _ATTRIBUTION, Literal(notice.attribution, language="en")
    for data in notice.derived_from:
        dataset = NamedNode(data.address)
        yield graph, NamedNode(DCT + "source"), dataset
        yield dataset, _TITLE, Literal(data.title, language="en")
        yield dataset, NamedNode(DCT + "license"), NamedNode(data.licence)
        yield from _published_by(dataset, data.publisher)


def _published_by(thing: NamedNode, name: str) -> Iterator[Fact]:
    publisher = iris.agent(name)
    yield thing, NamedNode(DCT + "publisher"), publisher
    yield publisher, _TYPE, NamedNode(FOAF + "Agent")
    yield publisher, _NAME, Literal(name)


def _time(at: datetime) -> Literal:
    return Literal(at.isoformat(timespec="seconds"), datatype=NamedNode(XSD + "dateTime"))


def _integer(number: int) -> Literal:
    return Literal(str(number), datatype=NamedNode(XSD + "integer"))
