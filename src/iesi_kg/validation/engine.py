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

SH = "http://www.w3.org/ns/shacl#"

# The terms of SHACL on which both engines were compared; any other term goes to the reference engine.
_FAST_NAMES = """
    NodeShape PropertyShape Violation Warning Info IRI Literal BlankNode targetClass targetNode targetSubjectsOf
    targetObjectsOf property path inversePath severity message name description order group minCount maxCount datatype
    nodeKind class in pattern flags minLength maxLength minInclusive maxInclusive minExclusive maxExclusive lessThan
    lessThanOrEquals equals disjoint hasValue uniqueLang languageIn node and or not xone deactivated declare prefix
    namespace alternativePath sparql select prefixes
"""
_FAST = frozenset(SH + name for name in _FAST_NAMES.split())


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


def validate(data: Iterable[Triple], shapes: str) -> list[Result]:
    """Every result of validating the statements against the shapes, given as Turtle."""
    return list(engine(shapes)(pyoxigraph.serialize(data, format=RdfFormat.N_TRIPLES) or b""))


@lru_cache(maxsize=8)
def engine(shapes: str) -> Engine:
    """The engine for these shapes, prepared once."""
    return Shifty(shapes) if terms_used(shapes) <= _FAST else PySHACL(shapes)


def terms_used(shapes: str) -> frozenset[str]:
    """The terms of the SHACL namespace that the shapes use."""
    return frozenset(
        term.value
        for quad in pyoxigraph.parse(shapes, RdfFormat.TURTLE)
        for term in (quad.predicate, quad.object)
        if isinstance(term, NamedNode) and term.value.startswith(SH)
    )


class Shifty:
    """The fast engine; its report is read without rdflib."""

    def __init__(self, shapes: str) -> None:
        # The compiled class, because the public one always builds an rdflib graph of the report.
        from shifty._shifty import PreparedValidator

        self._prepared = PreparedValidator(shapes.encode(), None, "turtle", None)

    def __call__(self, data: bytes) -> Iterator[Result]:
        try:
            answer = self._prepared.validate_w3c(data, None, "nt", "data", None, False, "info", False, "error", False)
        except ValueError as error:
            raise InputError(f"the statements cannot be validated: {error}") from None
        return _results(answer.report_turtle.encode(), RdfFormat.TURTLE)


class PySHACL:
    """The reference engine."""

    def __init__(self, shapes: str) -> None:
        from rdflib import Graph

        self._shapes = Graph().parse(data=shapes, format="turtle")

    def __call__(self, data: bytes) -> Iterator[Result]:
        import pyshacl
        from rdflib import Graph

        graph = Graph().parse(data=data, format="nt")
        _, report, text = pyshacl.validate(graph, shacl_graph=self._shapes, advanced=True, allow_warnings=True)
        if not isinstance(report, Graph):
            raise IesiKgError(f"the validation engine failed: {text}")
        return _results(report.serialize(format="nt", encoding="utf-8"), RdfFormat.N_TRIPLES)


def _results(report: bytes, syntax: RdfFormat) -> Iterator[Result]:
    """The results that the report itself names; details of nested shapes are left out."""
    nodes: dict[Any, dict[str, Any]] = {}
    named: list[Any] = []
    for quad in pyoxigraph.parse(report, syntax):
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
