"""Turns the manifests of the W3C SPARQL 1.1 test suite into tests, each with its IRI, kind and the folder it stands in.

https://w3c.github.io/rdf-tests/sparql/
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, Store, parse

SUITE = Path(__file__).resolve().parent / "suites" / "sparql11"
BASE = "http://www.w3.org/2009/sparql/docs/tests/data-sparql11/"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RDFS = "http://www.w3.org/2000/01/rdf-schema#"
MF = "http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#"
QT = "http://www.w3.org/2001/sw/DataAccess/tests/test-query#"
UT = "http://www.w3.org/2009/sparql/tests/test-update#"
HT = "http://www.w3.org/2011/http#"
CNT = "http://www.w3.org/2011/content#"

Node = NamedNode | BlankNode
Term = NamedNode | BlankNode | Literal


@dataclass(frozen=True)
class Test:
    """One entry of a manifest; ``node`` is where its description begins in ``graph``."""

    __test__ = False  # the name is the standard's word, not pytest's

    iri: str
    kind: str
    folder: str
    name: str
    node: NamedNode
    graph: Store

    def one(self, subject: Node, predicate: str) -> Term | None:
        """The one object of a predicate, if there is any."""
        return next(iter(self.all(subject, predicate)), None)

    def all(self, subject: Node, predicate: str) -> list[Term]:
        """The objects of a predicate; members of a list one by one, in order."""
        found: list[Term] = []
        for quad in self.graph.quads_for_pattern(subject, NamedNode(predicate), None):
            found.extend(members(self.graph, quad.object))
        return found

    def text(self, subject: Node, predicate: str) -> str:
        """The text of a literal object, empty where there is none."""
        value = self.one(subject, predicate)
        return value.value if isinstance(value, Literal) else ""


def members(graph: Store, head: Term) -> Iterator[Term]:
    """The members of an RDF list; anything else is its own only member."""
    first, rest, nil = NamedNode(RDF + "first"), NamedNode(RDF + "rest"), NamedNode(RDF + "nil")
    if isinstance(head, Literal) or (head != nil and not list(graph.quads_for_pattern(head, first, None))):
        yield head
        return
    while head != nil:
        yield next(graph.quads_for_pattern(head, first, None)).object
        head = next(graph.quads_for_pattern(head, rest, None)).object


def tests(*folders: str) -> list[Test]:
    """The tests of some folders, in the order of their manifests; of all folders when none is named."""
    chosen = folders or tuple(sorted(path.parent.name for path in SUITE.glob("*/manifest.ttl")))
    return [
        test for folder in chosen for path in sorted((SUITE / folder).glob("manifest*.ttl")) for test in _read(path)
    ]


def _read(path: Path) -> Iterator[Test]:
    folder = path.parent.name
    graph = Store()
    graph.extend(parse(path=str(path), format=RdfFormat.TURTLE, base_iri=f"{BASE}{folder}/{path.name}"))
    for quad in graph.quads_for_pattern(None, NamedNode(MF + "entries"), None):
        for node in members(graph, quad.object):
            assert isinstance(node, NamedNode)
            kind = next(graph.quads_for_pattern(node, NamedNode(RDF + "type"), None)).object
            name = next(graph.quads_for_pattern(node, NamedNode(MF + "name"), None)).object
            assert isinstance(kind, NamedNode)
            assert isinstance(name, Literal)
            yield Test(node.value, kind.value.removeprefix(MF), folder, name.value, node, graph)


def file_of(iri: str) -> Path:
    """The file of the suite that an IRI of a manifest names."""
    return SUITE / iri.removeprefix(BASE)
