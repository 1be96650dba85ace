"""A shapes graph to what is ill-formed in it, each fault with its shape, cause and remedy (SHACL section 3.4.2).

The standard lets an engine do anything with an ill-formed shape; the two engines crash on some and pass over others.
So nothing reaches an engine that has a fault here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from pyoxigraph import Literal

from iesi_kg.validation import constraint_queries, patterns
from iesi_kg.validation.circles import components
from iesi_kg.validation.graph import DEEPEST, Graph, Malformed, Node, Term
from iesi_kg.validation.naming import label
from iesi_kg.validation.parameters import AT_MOST, LISTS_OF_SHAPES, PARAMETERS, SHAPES_INSIDE, Parameter, wrong
from iesi_kg.vocabulary.namespaces import SH

_SHAPE_TYPES = {SH + "NodeShape", SH + "PropertyShape"}
_SIMPLE_ENTAILMENT = "http://www.w3.org/ns/entailment/Simple"
_SPARQL = SH + "sparql"
_ENTAILMENT = SH + "entailment"
_DESCRIPTIONS = {SH + name for name in ("Parameter", "ConstraintComponent", "ShapesGraph", "PropertyGroup")}
_LONGEST = 500
_SINGLE = {SH + name for name in SHAPES_INSIDE}
_LISTED = {SH + name for name in LISTS_OF_SHAPES}
_NEGATING = {SH + name for name in ("not", "xone", "qualifiedValueShape")}
_JAVASCRIPT = {SH + name for name in ("js", "jsLibrary", "jsFunctionName")}


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a shapes graph cannot be used: the shape in words, the cause, and what mends it."""

    shape: str
    cause: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.shape}: {self.cause}"


def faults(graph: Graph) -> Iterator[Fault]:
    """Every fault of a shapes graph; none where it is well-formed."""
    shapes = shapes_of(graph)
    broken = [fault for shape in shapes for fault in _shape_faults(graph, shape)]
    yield from broken
    yield from _entailments(graph)
    yield from constraint_queries.faults(graph, lambda node, cause, remedy: Fault(label(graph, node), cause, remedy))
    if not broken:
        yield from _circles(graph)


def recursive(graph: Graph) -> Iterator[Node]:
    """The shapes that lead back to themselves."""
    edges = _edges(graph)
    for component in _components(graph):
        if len(component) > 1 or component[0] in (other for _, other in edges[component[0]]):
            yield from component


def _entailments(graph: Graph) -> Iterator[Fault]:
    """Regimes of entailment that nobody here applies: the standard asks for a failure (section 3.2)."""
    for subject in graph.in_shacl():
        for regime in graph.objects(subject, _ENTAILMENT):
            if regime.value != _SIMPLE_ENTAILMENT:
                cause = f"sh:entailment asks for {regime}, which is not applied here"
                yield Fault(
                    f"the shapes graph {subject}", cause, "send data with what it entails, and take the line out"
                )


def shapes_of(graph: Graph) -> list[Node]:
    """The shapes of a graph, as SHACL section 2.1 tells them: by type, target, parameter, or what points to them."""
    return list(_edges(graph))


@lru_cache(maxsize=1)  # one graph is asked several times, and it may hold a hundred thousand shapes
def _edges(graph: Graph) -> Mapping[Node, list[tuple[str, Node]]]:
    """Each shape with the shapes inside it."""
    found: dict[Node, None] = {}
    inside = {subject: list(_inside(graph, subject)) for subject in graph.in_shacl()}
    for subject, inner in inside.items():
        facts = graph.facts(subject).keys() - {_ENTAILMENT}
        if any(name in PARAMETERS for name in facts) or _SPARQL in facts or graph.types(subject) & _SHAPE_TYPES:
            found[subject] = None
        found.update(dict.fromkeys(node for _, node in inner))
    return {node: inside.get(node, []) for node in found if not _is_description(graph, node)}


@lru_cache(maxsize=1)
def _components(graph: Graph) -> list[list[Node]]:
    return components({shape: [other for _, other in inner] for shape, inner in _edges(graph).items()})


def _is_description(graph: Graph, node: Node) -> bool:
    """Whether a node uses the words of shapes about something else: a parameter of a component, a group of shapes."""
    return bool(graph.types(node) & _DESCRIPTIONS)


def _inside(graph: Graph, shape: Node) -> Iterator[tuple[str, Node]]:
    """The shapes that a shape points to, each with the parameter that does."""
    facts = graph.facts(shape)
    for predicate in facts.keys() & _SINGLE:
        yield from ((predicate, value) for value in facts[predicate] if not isinstance(value, Literal))
    for predicate in facts.keys() & _LISTED:
        for head in facts[predicate]:
            try:
                members = graph.members(head)
            except Malformed:
                continue  # told as the fault of the shape that has the list
            yield from ((predicate, member) for member in members if not isinstance(member, Literal))


def _shape_faults(graph: Graph, shape: Node) -> Iterator[Fault]:
    found = [*_path_faults(graph, shape), *_other_faults(graph, shape)]
    has_path = bool(graph.objects(shape, SH + "path"))
    for predicate, values in graph.facts(shape).items():
        parameter = PARAMETERS.get(predicate)
        if parameter is not None:
            found += _parameter_faults(graph, shape, parameter, values, has_path)
    yield from (Fault(label(graph, shape), _cut(cause), remedy) for cause, remedy in found)


def _cut(cause: str) -> str:
    return f"{cause[:_LONGEST]}..." if len(cause) > _LONGEST else cause


def _path_faults(graph: Graph, shape: Node) -> Iterator[tuple[str, str]]:
    values = graph.objects(shape, SH + "path")
    types = graph.types(shape)
    if len(values) > 1:
        yield f"it has {len(values)} values of sh:path", "give it one; make a property shape of its own for each path"
    if values and SH + "NodeShape" in types:
        yield "it is a node shape and has an sh:path", "make it a sh:PropertyShape, or take the path out"
    if not values and SH + "PropertyShape" in types:
        yield "it is a property shape without sh:path", "give it the property that it is about, as sh:path"
    for value in values:
        try:
            graph.path_nodes(value)
        except Malformed as fault:
            yield f"its sh:path is malformed: {fault}", "mend the path; a property alone is the simplest one"


def _parameter_faults(
    graph: Graph, shape: Node, parameter: Parameter, values: list[Term], has_path: bool
) -> Iterator[tuple[str, str]]:
    name = f"sh:{parameter.name}"
    if parameter.most is not None and len(values) > parameter.most:
        yield f"it has {len(values)} values of {name}", "keep one of them; a second shape can have another"
    counted = parameter.place == "counted" and graph.objects(shape, SH + "qualifiedValueShape")
    if not has_path and (parameter.place == "property" or counted):
        yield f"it has {name} but no sh:path", f"put {name} on a property shape"
    for value in values:
        fault = wrong(graph, parameter.kind, value)
        if fault is not None:
            yield f"{name}: {fault[0]}", fault[1]


def _other_faults(graph: Graph, shape: Node) -> Iterator[tuple[str, str]]:
    """What the table cannot say: patterns, numbers below zero, JavaScript."""
    facts = graph.facts(shape)
    flags = next((value.value for value in facts.get(SH + "flags", ())), "")
    for value in facts.get(SH + "pattern", ()):
        reason = patterns.fault(value.value, flags)
        if reason:
            yield f"sh:pattern: {reason}", "write a regular expression of XPath, such as ^[0-9]+$"
    for predicate in facts.keys() & _JAVASCRIPT:
        yield f"sh:{predicate.removeprefix(SH)}: JavaScript is not run here", "say it in SHACL Core or as sh:sparql"
    for predicate in facts.keys() & AT_MOST:
        if any(value.value.startswith("-") for value in facts[predicate]):
            yield f"sh:{predicate.removeprefix(SH)} is less than 0, which nothing can meet", "write 0 or more"


def _circles(graph: Graph) -> Iterator[Fault]:
    """Shapes that lead back to themselves through a negation, and those nested too deeply.

    SHACL section 3.4.3 leaves recursion to the engine. Here a circle is allowed where it has one meaning: a node
    conforms unless something shows that it does not. Through a negation it has none.
    """
    edges, order = _edges(graph), _components(graph)
    for component in order:
        inner = set(component)
        negated = [
            (one, name) for one in component for name, other in edges[one] if other in inner and name in _NEGATING
        ]
        if negated:
            shape, name = negated[0][0], negated[0][1].removeprefix(SH)
            yield Fault(
                label(graph, shape),
                f"it leads back to itself through sh:{name}: a node would conform just where it does not",
                "break the circle: let one of its shapes say what it needs without the others",
            )
    yield from _too_deep(graph, edges, order)


def _too_deep(graph: Graph, edges: Mapping[Node, list[tuple[str, Node]]], order: list[list[Node]]) -> Iterator[Fault]:
    depth: dict[Node, int] = {}
    for component in order:  # from the leaves up
        below = (depth.get(other, 0) for one in component for _, other in edges[one])
        deepest = 1 + max(below, default=0)
        depth.update(dict.fromkeys(component, deepest))
        if deepest > DEEPEST:
            yield Fault(
                label(graph, component[0]),
                f"shapes are nested more than {DEEPEST} deep below it",
                "write them flat: one node shape with several property shapes",
            )
            return
