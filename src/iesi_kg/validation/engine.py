"""THE door to the SHACL engines: statements and shapes to validation results (SHACL section 3.6).

Two engines stand behind it, routed by what the shapes use: shifty where every term is one it is tested for here, else
pySHACL, the reference. A differential test keeps their results equal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

import pyoxigraph
from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, Triple

from iesi_kg.errors import IesiKgError, InputError
from iesi_kg.records import Severity
from iesi_kg.validation import features
from iesi_kg.validation.features import Name
from iesi_kg.validation.graph import DEEPEST, Graph
from iesi_kg.vocabulary.namespaces import SH, XSD

_DEEPEST = 2 * DEEPEST + 10  # pySHACL counts a node shape and its property shapes as two levels


@dataclass(frozen=True, slots=True)
class Result:
    """One validation result; ``path`` is None for a node constraint or a path that is not one property."""

    focus: str
    path: str | None
    shape: str
    severity: Severity
    value: NamedNode | Literal | BlankNode | None
    component: str
    message: str


class Engine(Protocol):
    """Validates statements against the shapes it was made with."""

    def __call__(self, data: bytes) -> Iterator[Result]:
        """Results for data in N-Triples."""
        ...

    def report(self, data: bytes) -> str:
        """The engine's own report on data in N-Triples, as N-Triples; blank nodes keep their labels."""
        ...


def validate(data: Iterable[Triple], shapes: str) -> list[Result]:
    """Every result of validating the statements against the shapes, given as Turtle."""
    return list(engine(shapes)(pyoxigraph.serialize(data, format=RdfFormat.N_TRIPLES) or b""))


@lru_cache(maxsize=8)
def engine(shapes: str) -> Engine:
    """The engine for these shapes, prepared once; the shapes are trusted to be well-formed. Raises UsageError."""
    graph = Graph(quad.triple for quad in pyoxigraph.parse(shapes, RdfFormat.TURTLE))
    return made(graph, features.choose(graph))


def made(graph: Graph, name: Name) -> Engine:
    """An engine for a shapes graph."""
    prepared = pyoxigraph.serialize(features.prepared(graph, name), format=RdfFormat.N_TRIPLES) or b""
    if name is Name.SHIFTY:
        return Shifty(prepared.decode())
    return PySHACL(prepared.decode(), advanced=features.advanced(graph))


class Shifty:
    """The fast engine; its report is read without rdflib."""

    def __init__(self, shapes: str) -> None:
        # The compiled class, because the public one always builds an rdflib graph of the report.
        from shifty._shifty import PreparedValidator

        self._prepared = PreparedValidator(shapes.encode(), None, "turtle", None)

    def __call__(self, data: bytes) -> Iterator[Result]:
        return _results(self.report(data))

    def report(self, data: bytes) -> str:
        try:
            answer = self._prepared.validate_w3c(data, None, "nt", "data", None, False, "info", False, "error", False)
        except ValueError as error:
            raise InputError(f"the statements cannot be validated: {error}") from None
        return str(answer._report_ntriples)  # the only face of it that keeps the labels of blank nodes


class PySHACL:
    """The reference engine."""

    def __init__(self, shapes: str, *, advanced: bool = True) -> None:
        self._shapes = _rdflib_graph(shapes.encode(), RdfFormat.TURTLE)
        self._advanced = advanced

    def __call__(self, data: bytes) -> Iterator[Result]:
        return _results(self.report(data))

    def report(self, data: bytes) -> str:
        import pyshacl
        from rdflib import Graph as RdflibGraph

        try:
            _, report, text = pyshacl.validate(
                _rdflib_graph(data, RdfFormat.N_TRIPLES),
                shacl_graph=self._shapes,
                advanced=self._advanced,
                max_validation_depth=_DEEPEST,
            )
        except SyntaxError as error:
            raise InputError(f"the statements cannot be validated: {error.msg}") from None
        if not isinstance(report, RdflibGraph):
            raise IesiKgError(f"the validation engine failed: {text}")
        return report.serialize(format="nt")


def _rdflib_graph(content: bytes, syntax: RdfFormat) -> Any:  # noqa: ANN401  (rdflib is imported when it is used)
    """The graph with its literals as they were written and its blank nodes under their own labels."""
    from rdflib import BNode, Graph, Literal, URIRef
    from rdflib.term import Node

    def term(value: Any) -> Node:  # noqa: ANN401
        if isinstance(value, NamedNode):
            return URIRef(value.value)
        if isinstance(value, BlankNode):
            return BNode(value.value)
        plain = value.language or value.datatype.value == XSD + "string"  # rdflib tells "a" and "a"^^xsd:string apart
        datatype = None if plain else URIRef(value.datatype.value)
        return Literal(value.value, lang=value.language, datatype=datatype, normalize=False)

    graph = Graph()
    for quad in pyoxigraph.parse(content, syntax):
        graph.add((term(quad.subject), term(quad.predicate), term(quad.object)))
    return graph


def _results(report: str) -> Iterator[Result]:
    """The results that the report itself names; details of nested shapes are left out."""
    nodes: dict[Any, dict[str, Any]] = {}
    named: list[Any] = []
    for quad in pyoxigraph.parse(report, RdfFormat.N_TRIPLES):
        predicate = quad.predicate.value.removeprefix(SH)
        nodes.setdefault(quad.subject, {})[predicate] = quad.object
        if predicate == "result":
            named.append(quad.object)
    return (_result(nodes[node]) for node in named)


def _result(facts: dict[str, Any]) -> Result:
    path = facts.get("resultPath")
    return Result(
        focus=facts["focusNode"].value,
        path=path.value if isinstance(path, NamedNode) else None,
        shape=facts["sourceShape"].value,
        severity=Severity(facts["resultSeverity"].value.removeprefix(SH).casefold()),
        value=facts.get("value"),
        component=facts["sourceConstraintComponent"].value.removeprefix(SH).removesuffix("ConstraintComponent"),
        message=facts["resultMessage"].value if "resultMessage" in facts else "",
    )
