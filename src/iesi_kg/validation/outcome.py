"""What an engine reports to results that say the same whichever engine said it (SHACL section 3.6.2)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

import pyoxigraph
from pyoxigraph import BlankNode, Literal, RdfFormat

from iesi_kg.validation import naming
from iesi_kg.validation.graph import Graph, Malformed, Term
from iesi_kg.validation.sentences import sentence
from iesi_kg.vocabulary.namespaces import SH

_SPARQL = SH + "SPARQLConstraintComponent"


@dataclass(frozen=True, slots=True)
class ShaclResult:
    """One validation result; terms are written as in N-Triples, so that blank nodes keep the labels of the files.

    ``path`` is a path as SPARQL writes it, ``path_turtle`` the same as Turtle; ``about`` names the shape in words.
    """

    focus: str
    severity: str
    component: str
    shape: str
    about: str
    path: str | None
    path_turtle: str | None
    value: str | None
    constraint: str | None
    messages: tuple[str, ...]

    @property
    def message(self) -> str:
        """The message in English where there is one, else the first."""
        texts = [_literal(text) for text in self.messages]
        return next((text.value for text in texts if text.language in (None, "en")), texts[0].value if texts else "")


@dataclass(frozen=True, slots=True)
class ShaclReport:
    """The verdict of a validation: ``conforms`` is true where there is no result of any severity (section 3.6.1.1).

    ``engine`` says which one judged, ``notes`` what a reader should know: names that mean nothing, files not fetched.
    """

    conforms: bool
    results: tuple[ShaclResult, ...]
    engine: str
    notes: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.conforms


def results(report: bytes, shapes: Graph) -> list[ShaclResult]:
    """The results that a report names at its top, in one order, their paths and constraints taken from the shapes."""
    nodes: dict[Term, dict[str, list[Term]]] = {}
    named: dict[Term, None] = {}
    for quad in pyoxigraph.parse(report, RdfFormat.N_TRIPLES):
        name = quad.predicate.value.removeprefix(SH)
        nodes.setdefault(quad.subject, {}).setdefault(name, []).append(quad.object)
        if name == "result":
            named[quad.object] = None
    reader = _Reader(shapes)
    return sorted((reader.result(nodes[node]) for node in named), key=_order)


def _order(result: ShaclResult) -> tuple[str, ...]:
    return (result.focus, result.path or "", result.component, result.value or "", result.shape, *result.messages)


class _Reader:
    """Reads the results of one report; paths and names of shapes are written once each."""

    def __init__(self, shapes: Graph) -> None:
        self._shapes = shapes
        self._labels: dict[Term, str] = {}
        self._paths: dict[Term, tuple[str, str]] = {}

    def result(self, facts: dict[str, list[Term]]) -> ShaclResult:
        shape = facts["sourceShape"][0]
        component = facts["sourceConstraintComponent"][0]
        path, path_turtle = self._path(facts.get("resultPath"), shape)
        value = facts.get("value", [None])[0]
        texts = sorted(str(text) for text in self._messages(facts, shape, component, value))
        return ShaclResult(
            focus=str(facts["focusNode"][0]),
            severity=str(facts["resultSeverity"][0]),
            component=str(component),
            shape=str(shape),
            about=self._label(shape),
            path=path,
            path_turtle=path_turtle,
            value=None if value is None else str(value),
            constraint=self._constraint(facts, shape, component),
            messages=tuple(texts),
        )

    def _label(self, shape: Term) -> str:
        if shape not in self._labels:
            self._labels[shape] = naming.label(self._shapes, shape) if not isinstance(shape, Literal) else str(shape)
        return self._labels[shape]

    def _path(self, given: list[Term] | None, shape: Term) -> tuple[str | None, str | None]:
        if not given:
            return None, None
        node = given[0]
        if isinstance(node, BlankNode) and not self._shapes.facts(node):
            node = next(iter(self._shapes.objects(shape, SH + "path")), node)
        if node not in self._paths:
            self._paths[node] = naming.path(self._shapes, node), _turtle(self._shapes, node)
        return self._paths[node]

    def _messages(
        self, facts: dict[str, list[Term]], shape: Term, component: Term, value: Term | None
    ) -> Iterable[Term]:
        """Those of the shape or of its component; the engine's words give way to ours, the same for both."""
        told = facts.get("resultMessage", [])
        if self._shapes.objects(shape, SH + "message"):
            return told
        words = sentence(self._shapes, shape, component.value, value)
        return told if words is None else [Literal(words)]

    def _constraint(self, facts: dict[str, list[Term]], shape: Term, component: Term) -> str | None:
        given = facts.get("sourceConstraint", [])
        if not given and component.value == _SPARQL:
            given = list(self._shapes.objects(shape, SH + "sparql"))
        return str(given[0]) if len(given) == 1 else None


def _turtle(graph: Graph, node: Term) -> str:
    """A path as Turtle, with blank nodes of its own."""
    try:
        made, parts = graph.path_parts(node)
    except Malformed:
        return str(node)
    if not made:
        return str(node)
    inner = " ".join(_turtle(graph, part) for part in parts)
    if made == "sequence":
        return f"( {inner} )"
    return f"[ sh:{made} {f'( {inner} )' if made == 'alternativePath' else inner} ]"


def to_rows(outcome: ShaclReport) -> dict[str, Any]:
    """The outcome as plain lists, for the way between two processes."""
    rows = [[getattr(result, field.name) for field in fields(ShaclResult)] for result in outcome.results]
    return {"conforms": outcome.conforms, "engine": outcome.engine, "notes": list(outcome.notes), "results": rows}


def from_rows(rows: dict[str, Any]) -> ShaclReport:
    """The outcome that ``to_rows`` wrote down."""
    names = [field.name for field in fields(ShaclResult)]
    found = (
        ShaclResult(**{**dict(zip(names, row, strict=True)), "messages": tuple(row[-1])}) for row in rows["results"]
    )
    return ShaclReport(rows["conforms"], tuple(found), rows["engine"], tuple(rows["notes"]))


def _literal(text: str) -> Literal:
    (quad,) = pyoxigraph.parse(f"<urn:s> <urn:p> {text} .", RdfFormat.N_TRIPLES)
    assert isinstance(quad.object, Literal)
    return quad.object
