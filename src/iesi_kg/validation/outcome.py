"""What an engine reports to results that say the same whichever engine said it (SHACL section 3.6.2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from pyoxigraph import BlankNode, NamedNode

from iesi_kg.validation import naming, sentences
from iesi_kg.validation.graph import Graph, Malformed, Node, Term
from iesi_kg.vocabulary.namespaces import SH

_SPARQL = f"<{SH}SPARQLConstraintComponent>"
_OTHER_LANGUAGE = '"@'


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
        """The message in English where there is one, else the first; without quotation marks."""
        english = (text for text in self.messages if _OTHER_LANGUAGE not in text or text.endswith('"@en'))
        return sentences.plain(next(english, self.messages[0] if self.messages else ""))


_FIELDS = tuple(ShaclResult.__dataclass_fields__)
_row = attrgetter(*_FIELDS)


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


def results(report: str, shapes: Graph) -> list[ShaclResult]:
    """The results that a report in N-Triples names at its top, in one order, with what the shapes say of them.

    The lines are those of a serialiser: three terms with one blank between them, and a blank before the full stop.
    """
    nodes: dict[str, dict[str, list[str]]] = {}
    named: dict[str, None] = {}
    start, end = f"<{SH}", len(SH) + 1
    for line in report.splitlines():
        subject, _, rest = line.partition(" ")
        predicate, _, value = rest.partition(" ")
        if not predicate.startswith(start):
            continue
        name = predicate[end:-1]
        value = value.rstrip(" .") if value[0] != '"' else value[:-2]
        nodes.setdefault(subject, {}).setdefault(name, []).append(value)
        if name == "result":
            named[value] = None
    reader = _Reader(shapes)
    return sorted((reader.result(nodes[node]) for node in named), key=_order)


def _order(result: ShaclResult) -> tuple[object, ...]:
    return result.focus, result.path or "", result.component, result.value or "", result.shape, result.messages


class _Reader:
    """Reads the results of one report; what the shapes say of a path or of a shape is asked of them once."""

    def __init__(self, shapes: Graph) -> None:
        self._shapes = shapes
        self._labels: dict[str, str] = {}
        self._paths: dict[str, tuple[str, str]] = {}
        self._words: dict[tuple[str, str], tuple[str, str] | None] = {}

    def result(self, facts: Mapping[str, list[str]]) -> ShaclResult:
        shape = facts["sourceShape"][0]
        component = facts["sourceConstraintComponent"][0]
        value = facts["value"][0] if "value" in facts else None
        path, path_turtle = self._path(facts["resultPath"][0], shape) if "resultPath" in facts else (None, None)
        told = facts.get("resultMessage", [])
        return ShaclResult(
            focus=facts["focusNode"][0],
            severity=facts["resultSeverity"][0],
            component=component,
            shape=shape,
            about=self._label(shape),
            path=path,
            path_turtle=path_turtle,
            value=value,
            constraint=self._constraint(facts, shape, component),
            messages=self._messages(told, shape, component, value),
        )

    def _label(self, shape: str) -> str:
        if shape not in self._labels:
            self._labels[shape] = naming.label(self._shapes, _node(shape))
        return self._labels[shape]

    def _path(self, given: str, shape: str) -> tuple[str, str]:
        if given not in self._paths:
            node: Term = _node(given)
            if isinstance(node, BlankNode) and not self._shapes.facts(node):
                node = next(iter(self._shapes.objects(_node(shape), SH + "path")), node)
            self._paths[given] = naming.path(self._shapes, node), _turtle(self._shapes, node)
        return self._paths[given]

    def _messages(self, told: list[str], shape: str, component: str, value: str | None) -> tuple[str, ...]:
        """Those of the shape or of its component; an engine's words give way to ours, which are the same for both."""
        if (shape, component) not in self._words:
            self._words[shape, component] = sentences.words(self._shapes, _node(shape), component[1:-1])
        words = self._words[shape, component]
        return tuple(sorted(told)) if words is None else (sentences.sentence(words, value),)

    def _constraint(self, facts: Mapping[str, list[str]], shape: str, component: str) -> str | None:
        given = facts.get("sourceConstraint", [])
        if not given and component == _SPARQL:
            given = [str(value) for value in self._shapes.objects(_node(shape), SH + "sparql")]
        return given[0] if len(given) == 1 else None


def _node(text: str) -> Node:
    return NamedNode(text[1:-1]) if text.startswith("<") else BlankNode(text[2:])


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


def to_rows(report: ShaclReport) -> dict[str, Any]:
    """The report as plain lists, for the way between two processes."""
    rows: Iterable[object] = map(_row, report.results)
    return {"conforms": report.conforms, "engine": report.engine, "notes": report.notes, "results": list(rows)}


def from_rows(rows: Mapping[str, Any]) -> ShaclReport:
    """The report that ``to_rows`` wrote down."""
    found = tuple(ShaclResult(*row[:-1], tuple(row[-1])) for row in rows["results"])  # type: ignore[call-arg]
    return ShaclReport(rows["conforms"], found, rows["engine"], tuple(rows["notes"]))
