"""A submission to the change it makes: its own graph, and the published merge in the default graph (design.md 6).

A record owns its node and the fragments of that node. When it is published again, what it owned leaves the default
graph; what its earlier graph said about shared nodes leaves unless a current record of some graph still rests on it.
Statements about statements (RDF Schema section 5.3), which say where a fact comes from, stand in the graph of codings.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import overload

from pyoxigraph import NamedNode, Quad, Triple

from iesi_kg.publication import redirects
from iesi_kg.records import Submission
from iesi_kg.store.base import DEFAULT_GRAPH, ChangeSet, GraphName, Reader
from iesi_kg.vocabulary import iris
from iesi_kg.vocabulary.namespaces import DCAT, FOAF, PROV, RDF

_TYPE = NamedNode(RDF + "type")
_TOPIC = NamedNode(FOAF + "primaryTopic")
_RECORD = NamedNode(DCAT + "CatalogRecord")
FROM = NamedNode(PROV + "wasDerivedFrom")
SUBJECT, PREDICATE, OBJECT = (NamedNode(RDF + name) for name in ("subject", "predicate", "object"))
_STATEMENT = NamedNode(RDF + "Statement")
CODINGS = iris.graph("codings")
ORGANISATIONS = iris.graph("organisations")


class Quads(Sequence[Quad]):
    """Triples seen as quads of some graphs, made while they are read: a large submission is not held twice."""

    def __init__(self, *parts: tuple[Collection[Triple], GraphName]) -> None:
        self._parts = parts

    def __len__(self) -> int:
        return sum(len(triples) for triples, _ in self._parts)

    def __iter__(self) -> Iterator[Quad]:
        for triples, graph in self._parts:
            for triple in triples:
                yield Quad(triple.subject, triple.predicate, triple.object, graph)

    @overload
    def __getitem__(self, index: int) -> Quad: ...
    @overload
    def __getitem__(self, index: slice) -> list[Quad]: ...
    def __getitem__(self, index: int | slice) -> Quad | list[Quad]:
        return list(self)[index]


def publication(
    reader: Reader, submission: Submission, graph: NamedNode, told: Collection[Triple], told_in: NamedNode
) -> ChangeSet:
    """The change that publishes a submission in its graph over what stands now, with what is told about it.

    What was merged into another thing enters the default graph as that other; the graph keeps it as it came.
    """
    names = redirects.merged(reader)
    subjects = {names.get(subject, subject) for subject in submission.subjects}
    catalogued = list(_catalogued(subjects, graph))
    leaving = superseded(reader, subjects)
    facts, sourced = _apart(submission.triples)
    if names:
        shared = {thing for thing in names.values() if thing not in subjects}
        facts = list(redirects.fitted(reader, redirects.renamed(facts, names), shared))
        sourced = redirects.reminted(sourced, names)
    if leaving:
        leaving -= {*facts, *sourced, *catalogued}
    merged = ((facts, DEFAULT_GRAPH), (sourced, CODINGS), (catalogued, DEFAULT_GRAPH))
    return ChangeSet(
        label=graph.value,
        add=Quads((submission.triples, graph), *merged, (told, told_in)),
        remove=Quads((leaving, DEFAULT_GRAPH), (unsourced(reader, subjects) - {*sourced}, CODINGS)),
    )


def _apart(triples: Collection[Triple]) -> tuple[Collection[Triple], Collection[Triple]]:
    """What a submission states of the world, and what it states of statements."""
    nodes = {triple.subject for triple in triples if triple.object == _STATEMENT and triple.predicate == _TYPE}
    if not nodes:
        return triples, ()
    return [t for t in triples if t.subject not in nodes], [t for t in triples if t.subject in nodes]


def unsourced(reader: Reader, subjects: Iterable[NamedNode]) -> set[Triple]:
    """What leaves the graph of codings when these records are published again or withdrawn."""
    leaving: set[Triple] = set()
    renewed = set(subjects)
    if next(iter(reader.quads(predicate=_TYPE, object=_STATEMENT, graph=CODINGS)), None) is None:
        return leaving
    for subject in renewed:
        for node in {triple.subject for triple in owned(reader, subject)} if is_published(reader, subject) else ():
            for naming in reader.quads(object=node, graph=CODINGS):
                about = {quad.triple for quad in reader.quads(naming.subject, graph=CODINGS)}  # type: ignore[arg-type]
                others = {base(t.object) for t in about if isinstance(t.object, NamedNode)} - renewed
                leaving |= {naming.triple} if any(_graphs_of(reader, other) for other in others) else about
    return leaving


def replacement(reader: Reader, triples: Iterable[Triple], graph: NamedNode, *, merged: bool) -> ChangeSet:
    """The change after which a graph holds just these triples, and when ``merged`` the default graph with it.

    What submissions said there of statements stays.
    """
    new = set(triples)
    theirs = {quad.subject for quad in reader.quads(predicate=_TYPE, object=_STATEMENT, graph=graph)}
    old = {quad.triple for quad in reader.quads(graph=graph) if quad.subject not in theirs}
    places: list[GraphName] = [graph, DEFAULT_GRAPH] if merged else [graph]
    return ChangeSet(
        label=graph.value,
        add=Quads(*((new - old, place) for place in places)),
        remove=Quads(*((old - new, place) for place in places)),
    )


def is_published(reader: Reader, subject: NamedNode) -> bool:
    """Whether a record stands in the default graph."""
    return next(iter(reader.quads(subject, graph=DEFAULT_GRAPH)), None) is not None


def sources(reader: Reader, subjects: Iterable[NamedNode]) -> set[NamedNode]:
    """The graphs from which these records are published now."""
    return {graph for subject in subjects for graph in _graphs_of(reader, subject)}


def published_from(reader: Reader, graph: NamedNode) -> set[NamedNode]:
    """The records that are published from a graph now."""
    found = reader.quads(predicate=FROM, object=graph, graph=DEFAULT_GRAPH)
    return {base(quad.subject) for quad in found if isinstance(quad.subject, NamedNode)}


def restored(reader: Reader, subject: NamedNode, graph: NamedNode) -> set[Triple]:
    """What publishes a record again as a graph states it: its statements, those of what it points to, its entry."""
    own = set(owned(reader, subject, graph))
    near = {t.object for t in own if isinstance(t.object, NamedNode) and base(t.object) != subject}
    shared = {quad.triple for node in near for quad in reader.quads(node, graph=graph)}
    return {*own, *shared, *_entry(subject, graph)}


def sourced(reader: Reader, subject: NamedNode, graph: NamedNode) -> set[Triple]:
    """What a graph states of the statements about a record."""
    nodes = {triple.subject for triple in owned(reader, subject, graph) if isinstance(triple.subject, NamedNode)}
    about = {quad.subject for node in nodes for quad in reader.quads(object=node, graph=graph)}
    reified = {quad.subject for quad in reader.quads(predicate=_TYPE, object=_STATEMENT, graph=graph)} & about
    return {quad.triple for node in reified for quad in reader.quads(node, graph=graph)}  # type: ignore[arg-type]


def stated(reader: Reader, subject: NamedNode) -> set[Triple]:
    """What is published of a record: of its own nodes, and what its graphs say of the shared ones that it names."""
    own = {triple for triple in owned(reader, subject) if triple.predicate != FROM}
    found = set(own)
    for graph in _graphs_of(reader, subject):
        shared = {t.object for t in own if isinstance(t.object, NamedNode) and base(t.object) != subject}
        found |= _shared(reader, graph, shared)
    for node in {triple.subject for triple in own}:
        for naming in reader.quads(predicate=SUBJECT, object=node, graph=CODINGS):
            found |= {quad.triple for quad in reader.quads(naming.subject, graph=CODINGS)}  # type: ignore[arg-type]
    return found


def _shared(reader: Reader, graph: NamedNode, nodes: Iterable[NamedNode]) -> set[Triple]:
    """What a graph says of shared nodes and of those that they name, records of their own left out."""
    found, seen, waiting = set[Triple](), set[NamedNode](), list(nodes)
    while waiting:
        node = waiting.pop()
        if node in seen or is_record(reader, node, graph):
            continue
        seen.add(node)
        for alias in (node, *redirects.aliases(reader, node)):
            about = redirects.renamed((quad.triple for quad in reader.quads(alias, graph=graph)), {alias: node})
            found |= {*about}
            waiting += [t.object for t in about if isinstance(t.object, NamedNode)]
    return found


def is_source(reader: Reader, graph: NamedNode) -> bool:
    """Whether some record is published from a graph now."""
    return next(iter(reader.quads(predicate=FROM, object=graph, graph=DEFAULT_GRAPH)), None) is not None


def publishing(reader: Reader) -> set[NamedNode]:
    """The graphs from which records are published now."""
    found = reader.quads(predicate=FROM, graph=DEFAULT_GRAPH)
    return {quad.object for quad in found if isinstance(quad.object, NamedNode)}


def is_record(reader: Reader, node: NamedNode, graph: NamedNode) -> bool:
    """Whether a graph describes this node as a record of its own."""
    return next(iter(reader.quads(iris.fragment(base(node), "record"), graph=graph)), None) is not None


class Statements:
    """The statements of a submission, told apart by record: its nodes, and the shared ones that they name."""

    def __init__(self, triples: Collection[Triple], subjects: Collection[NamedNode]) -> None:
        self._subjects = frozenset(subjects)
        self._about: dict[object, list[Triple]] = {}
        self._owned: dict[NamedNode, set[NamedNode]] = {}
        self._sourced: dict[object, list[object]] = {}
        for triple in triples:
            self._about.setdefault(triple.subject, []).append(triple)
            if isinstance(triple.subject, NamedNode):
                self._owned.setdefault(base(triple.subject), set()).add(triple.subject)
            if triple.predicate == SUBJECT:
                self._sourced.setdefault(triple.object, []).append(triple.subject)

    def of(self, subject: NamedNode) -> set[Triple]:
        """What is stated of one record."""
        found, seen = set[Triple](), set[object]()
        waiting: list[object] = [*self._owned.get(subject, ())]
        while waiting:
            node = waiting.pop()
            if node in seen:
                continue
            seen.add(node)
            found.update(self._about.get(node, ()))
            near = [t.object for t in self._about.get(node, ())] + self._sourced.get(node, [])
            waiting += [other for other in near if not self._is_another(other, subject)]
        return found

    def _is_another(self, node: object, subject: NamedNode) -> bool:
        return not isinstance(node, NamedNode) or (base(node) != subject and base(node) in self._subjects)


def superseded(reader: Reader, subjects: Iterable[NamedNode]) -> set[Triple]:
    """What leaves the default graph when these records are published again or withdrawn."""
    leaving: set[Triple] = set()
    renewed = {subject for subject in subjects if is_published(reader, subject)}
    for subject in renewed:
        own = set(owned(reader, subject))
        leaving |= own
        for earlier in _graphs_of(reader, subject):
            shared = {t.object for t in own if isinstance(t.object, NamedNode) and base(t.object) != subject}
            leaving.update(_unsupported(reader, shared, earlier, renewed))
    return leaving


def _catalogued(subjects: Iterable[NamedNode], graph: NamedNode) -> Iterator[Triple]:
    """The catalogue record of each record, and the graph from which it is published."""
    for subject in subjects:
        yield from _entry(subject, graph)


def _entry(subject: NamedNode, graph: NamedNode) -> Iterator[Triple]:
    record = iris.fragment(subject, "record")
    yield Triple(record, _TYPE, _RECORD)
    yield Triple(record, _TOPIC, subject)
    yield Triple(record, FROM, graph)


def base(node: NamedNode) -> NamedNode:
    """The record that owns a fragment; any other node itself."""
    return NamedNode(node.value.partition("#")[0]) if "#" in node.value else node


def owned(reader: Reader, subject: NamedNode, graph: GraphName = DEFAULT_GRAPH) -> Iterator[Triple]:
    """The statements of a graph about a record and its fragments, which hang together by statements."""
    seen, waiting = {subject}, [subject]
    while waiting:
        node = waiting.pop()
        about = [quad.triple for quad in reader.quads(node, graph=graph)]
        yield from about
        near = [t.object for t in about] + [quad.subject for quad in reader.quads(object=node, graph=graph)]
        for other in near:
            if isinstance(other, NamedNode) and other not in seen and base(other) == subject:
                seen.add(other)
                waiting.append(other)


def _graphs_of(reader: Reader, subject: NamedNode) -> list[NamedNode]:
    """The graphs from which a record is published now: one, unless it never was."""
    found = reader.quads(iris.fragment(subject, "record"), FROM, graph=DEFAULT_GRAPH)
    return [quad.object for quad in found if isinstance(quad.object, NamedNode)]


def _unsupported(
    reader: Reader, nodes: Iterable[object], graph: NamedNode, renewed: set[NamedNode]
) -> Iterator[Triple]:
    """What a graph says about shared nodes and nothing else upholds once some records are renewed."""
    for node in nodes:
        if not isinstance(node, NamedNode):
            continue
        for quad in reader.quads(node, graph=graph):
            stating = reader.quads(node, quad.predicate, quad.object)
            if not any(_upholds(reader, node, other, renewed) for other in stating):
                yield quad.triple


def _upholds(reader: Reader, node: NamedNode, stated: Quad, renewed: set[NamedNode]) -> bool:
    """Whether a graph that states something about a node also holds a current record that refers to the node; that of
    organisations upholds what it says.
    """
    graph = stated.graph_name
    if graph == ORGANISATIONS:
        return True
    if not isinstance(graph, NamedNode):
        return False
    for quad in reader.quads(object=node, graph=graph):
        record = base(quad.subject) if isinstance(quad.subject, NamedNode) else None
        if record is not None and record not in renewed and graph in _graphs_of(reader, record):
            return True
    return False
