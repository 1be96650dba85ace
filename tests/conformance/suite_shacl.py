"""Turns the W3C test suite for SHACL into tests, and reports into what the suite compares.

https://w3c.github.io/data-shapes/data-shapes-test-suite/
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pyoxigraph import (
    BlankNode,
    CanonicalizationAlgorithm,
    Dataset,
    Literal,
    NamedNode,
    Quad,
    RdfFormat,
    Store,
    parse,
)
from suite_manifests import MF, RDF, Node, Term, members

from iesi_kg.validation.judge import Judge
from iesi_kg.validation.outcome import ShaclReport
from iesi_kg.validation.task import Part, Task

SUITE = Path(__file__).resolve().parent / "suites" / "shacl"
BASE = "https://w3c.github.io/data-shapes/data-shapes-test-suite/tests/"
SH = "http://www.w3.org/ns/shacl#"
SHT = "http://www.w3.org/ns/shacl-test#"
FAILURE = NamedNode(SHT + "Failure")
_LEFT_OUT = {SH + "detail", SH + "resultMessage"}


@dataclass(frozen=True)
class ShaclTest:
    """One entry of a manifest: the files it validates, and the graph that holds the report to be expected."""

    iri: str
    data: Path
    shapes: Path
    result: Node
    graph: Store

    @property
    def fails(self) -> bool:
        """Whether the standard wants a failure instead of a report."""
        return self.result == FAILURE


def tests() -> list[ShaclTest]:
    """Every test that the manifests lead to."""
    return list(_included(SUITE / "manifest.ttl"))


def _included(path: Path) -> Iterator[ShaclTest]:
    graph = Store()
    graph.extend(parse(path=str(path), format=RdfFormat.TURTLE, base_iri=BASE + path.relative_to(SUITE).as_posix()))
    for quad in graph.quads_for_pattern(None, NamedNode(MF + "include"), None):
        yield from _included(_file(quad.object))
    for quad in graph.quads_for_pattern(None, NamedNode(MF + "entries"), None):
        for node in members(graph, quad.object):
            assert isinstance(node, NamedNode)
            action = _one(graph, node, MF + "action")
            files = (_file(_one(graph, action, SHT + name)) for name in ("dataGraph", "shapesGraph"))
            yield ShaclTest(node.value, *files, _one(graph, node, MF + "result"), graph)  # type: ignore[arg-type]


def _one(graph: Store, subject: Term, predicate: str) -> Term:
    (quad,) = graph.quads_for_pattern(subject, NamedNode(predicate), None)
    return quad.object


def _file(term: Term) -> Path:
    return SUITE / term.value.removeprefix(BASE)


def judged(test: ShaclTest, engine: str | None = None) -> ShaclReport:
    """The report of our walk, in this process. Raises InputError."""
    told = os.memfd_create("progress")
    try:
        return Judge(Task((_part(test.data),), (_part(test.shapes),), engine=engine), told).report()
    finally:
        os.close(told)


def _part(path: Path) -> Part:
    return Part(path.name, path.read_bytes(), "text/turtle", BASE + path.relative_to(SUITE).as_posix())


def expected(test: ShaclTest) -> set[Quad]:
    """The report to be expected, with the messages that it has."""
    return comparable(test.graph, test.result, messages=has_messages(test))


def has_messages(test: ShaclTest) -> bool:
    """Whether the report to be expected has messages; where it has none, those of an engine do not count."""
    return any(test.graph.quads_for_pattern(None, NamedNode(SH + "resultMessage"), None))


def comparable(graph: Store, report: Node, *, messages: bool) -> set[Quad]:
    """A report with canonical labels of its blank nodes: results, and a copy of the path of each."""
    kept: list[Quad] = []
    for name in ("conforms", "result"):
        for quad in graph.quads_for_pattern(report, NamedNode(SH + name), None):
            kept.append(Quad(FAILURE, quad.predicate, quad.object))
            if name == "result":
                kept += _result(graph, quad.object, messages)
    dataset = Dataset(kept)
    dataset.canonicalize(CanonicalizationAlgorithm.UNSTABLE)
    return set(dataset)


def _result(graph: Store, node: Term, messages: bool) -> Iterator[Quad]:
    for quad in graph.quads_for_pattern(node, None, None):
        name = quad.predicate.value
        if name == SH + "resultPath":
            made: list[Quad] = []
            yield Quad(quad.subject, quad.predicate, _path(graph, quad.object, made))
            yield from made
        elif name not in _LEFT_OUT or (messages and name == SH + "resultMessage"):
            yield Quad(quad.subject, quad.predicate, quad.object)


def _path(graph: Store, node: Term, made: list[Quad]) -> Term:
    """A copy of a path; of a node that is a list and more the list counts (section 2.3.1)."""
    if isinstance(node, NamedNode | Literal):
        return node
    copy = BlankNode()
    quads = list(graph.quads_for_pattern(node, None, None))
    listed = [quad for quad in quads if quad.predicate.value in (RDF + "first", RDF + "rest")]
    made += [Quad(copy, quad.predicate, _path(graph, quad.object, made)) for quad in listed or quads]
    return copy
