"""What a shapes graph uses, to the engine that answers it rightly: by feature, never by the name of a shapes graph.

Each rule rests on a comparison of the engines with the text of the standard, kept in the tests;
``docs/reference/shacl.md`` lists them for readers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from iesi_kg.errors import UsageError
from iesi_kg.validation import constraint_queries, patterns, wellformed
from iesi_kg.validation.graph import Graph, Node
from iesi_kg.validation.parameters import COUNTS, is_true
from iesi_kg.vocabulary.namespaces import SH


class Name(StrEnum):
    """The engines by the name a user calls them."""

    SHIFTY = "shifty"
    PYSHACL = "pyshacl"


# The terms of SHACL on which both engines were compared; any other term goes to the reference engine.
_COMPARED = """
    NodeShape PropertyShape Violation Warning Info IRI Literal BlankNode BlankNodeOrIRI BlankNodeOrLiteral IRIOrLiteral
    targetClass targetNode targetSubjectsOf targetObjectsOf property path inversePath severity message name description
    order group minCount maxCount datatype nodeKind class in pattern flags minLength maxLength minInclusive maxInclusive
    minExclusive maxExclusive lessThan lessThanOrEquals equals disjoint hasValue uniqueLang languageIn node and or not
    xone deactivated declare prefix namespace alternativePath sparql select prefixes zeroOrMorePath oneOrMorePath
    zeroOrOnePath closed ignoredProperties qualifiedValueShape qualifiedMinCount qualifiedMaxCount
    qualifiedValueShapesDisjoint defaultValue PropertyGroup PrefixDeclaration SPARQLConstraint
    ask parameter validator nodeValidator propertyValidator optional labelTemplate ConstraintComponent Parameter
    SPARQLAskValidator SPARQLSelectValidator shapesGraph suggestedShapesGraph
    ValidationReport ValidationResult result conforms focusNode resultPath resultSeverity resultMessage value
    sourceConstraint sourceConstraintComponent sourceShape detail
"""
COMPARED = frozenset(SH + name for name in _COMPARED.split())
_LISTS = tuple(SH + name for name in ("in", "or", "and", "xone", "languageIn", "ignoredProperties"))
_MANY = 1_000
_MOST = "2000000000"
_NAMES_OF_PARTS = ("ConstraintComponent", "Executable", "Validator")
_SWITCHES = frozenset(SH + name for name in ("uniqueLang", "closed", "deactivated", "qualifiedValueShapesDisjoint"))
# What SHACL Advanced Features (a note of the working group) add; only the reference engine has them.
_ADVANCED_NAMES = """
    ExpressionConstraintComponent Function Rule SPARQLConstructExecutable SPARQLFunction SPARQLRule SPARQLTarget
    SPARQLTargetType Target TargetType TripleRule condition construct expression filterShape intersection nodes object
    predicate returnType rule subject target this union
"""
ADVANCED = frozenset(SH + name for name in _ADVANCED_NAMES.split())


@dataclass(frozen=True, slots=True)
class Need:
    """A feature that only one engine answers, with the reason in words."""

    engine: Name
    reason: str


def terms(graph: Graph) -> frozenset[str]:
    """The terms of the SHACL namespace that a shapes graph uses."""
    return frozenset(
        term
        for subject in graph.in_shacl()
        for predicate, values in graph.facts(subject).items()
        for term in (predicate, *(value.value for value in values if isinstance(value, NamedNode)))
        if term.startswith(SH)
    )


def advanced(graph: Graph) -> bool:
    """Whether the shapes use what SHACL Advanced Features add."""
    return bool(terms(graph) & ADVANCED)


def unknown(graph: Graph) -> list[str]:
    """The names in the SHACL namespace that mean nothing, so that an engine passes over them: most are misspelt."""
    names = (term.removeprefix(SH) for term in terms(graph) - COMPARED - ADVANCED)
    return sorted(name for name in names if name and not name.endswith(_NAMES_OF_PARTS))


def needs(graph: Graph) -> Iterator[Need]:
    """What of a shapes graph only one of the engines answers."""
    other = sorted(term.removeprefix(SH) for term in terms(graph) & ADVANCED)
    if other:
        yield Need(Name.PYSHACL, f"sh:{', sh:'.join(other)}")
    if constraint_queries.uses(graph, "shapesGraph"):
        yield Need(Name.SHIFTY, "$shapesGraph in a query")
    for subject in graph.in_shacl():
        flags = next((value.value for value in graph.objects(subject, SH + "flags")), "")
        for value in graph.objects(subject, SH + "pattern"):
            if patterns.special(value.value, flags):
                yield Need(Name.PYSHACL, f"the pattern {value.value!r}, which looks around itself")
            elif patterns.translated(value.value, flags) != value.value:
                yield Need(Name.SHIFTY, f"the pattern {value.value!r}, which only XPath knows")
        if len(graph.objects(subject, SH + "sparql")) > 1:
            yield Need(Name.PYSHACL, "several sh:sparql on one shape")


def looking_around(graph: Graph) -> Iterator[Node]:
    """The shapes whose pattern only the reference engine reads; it may take time without end."""
    for subject in graph.in_shacl():
        flags = next((value.value for value in graph.objects(subject, SH + "flags")), "")
        if any(patterns.special(value.value, flags) for value in graph.objects(subject, SH + "pattern")):
            yield subject


def suspects(graph: Graph) -> Iterator[Node]:
    """The shapes whose work nobody can foretell, those first that are most often why a validation does not end."""
    yield from constraint_queries.with_queries(graph)
    yield from looking_around(graph)
    yield from wellformed.recursive(graph)
    yield from with_long_lists(graph)
    for shape in wellformed.shapes_of(graph):
        if any(isinstance(path, BlankNode) for path in graph.objects(shape, SH + "path")):
            yield shape


def with_long_lists(graph: Graph) -> Iterator[Node]:
    """The subjects with a list of more than a thousand members, well-formed or not; each list is read no further."""
    for subject in graph.in_shacl():
        facts = graph.facts(subject)
        if any(graph.is_long(head, _MANY) for name in _LISTS for head in facts.get(name, ())):
            yield subject


def choose(graph: Graph, asked: Name | None = None) -> Name:
    """The engine for a shapes graph. Raises UsageError where none, or not the one asked for, answers all of it."""
    found = {need.engine: need.reason for need in needs(graph)}
    if len(found) > 1:
        both = " and ".join(found[name] for name in sorted(found))
        raise UsageError(f"no engine here answers both {both}", hint="validate with two shapes graphs, one for each")
    chosen = next(iter(found), asked or Name.SHIFTY)
    if asked is not None and chosen is not asked:
        raise UsageError(
            f"{asked.value} does not answer {found[chosen]} as the standard says", hint="leave --engine out"
        )
    return chosen


def prepared(graph: Graph, engine: Name) -> Iterator[Triple]:
    """The triples of a shapes graph as an engine reads them rightly.

    A switch counts as on where its value is the term ``true`` and no other (SHACL sections 2.1.3.3, 4.4.3, 4.8.1);
    patterns are written in the dialect of the engine, and prefixes stand where it looks for them.
    """
    for triple in graph.triples():
        predicate = triple.predicate.value
        if predicate in _SWITCHES and isinstance(triple.object, Literal) and not is_true(triple.object):
            continue
        if predicate in COUNTS and isinstance(triple.object, Literal):
            yield Triple(triple.subject, triple.predicate, _held(triple.object))
        elif engine is Name.SHIFTY and predicate in (SH + "pattern", SH + "flags"):
            yield from _dialect(graph, triple)
        else:
            yield triple
    if engine is Name.PYSHACL:
        yield from _imported_prefixes(graph)


def _held(count: Literal) -> Literal:
    """A number that fits into a counter: no data has so many values, and none fewer than 0."""
    number = count.value.removeprefix("+").lstrip("0") or "0"
    held = "0" if number.startswith("-") else number if len(number) < len(_MOST) else _MOST
    return Literal(held, datatype=count.datatype)


def _imported_prefixes(graph: Graph) -> Iterator[Triple]:
    """The prefixes that a node takes by owl:imports, as its own: pySHACL does not follow the import."""
    sources = {value for subject in graph.in_shacl() for value in graph.objects(subject, SH + "prefixes")}
    for source in (value for value in sources if not isinstance(value, Literal)):
        for declaration in constraint_queries.declarations(graph, [source]):
            yield Triple(source, NamedNode(SH + "declare"), declaration)


def _dialect(graph: Graph, triple: Triple) -> Iterator[Triple]:
    subject = triple.subject
    assert isinstance(subject, NamedNode | BlankNode)
    flags = next((value.value for value in graph.objects(subject, SH + "flags")), "")
    kept = patterns.kept(flags)
    if triple.predicate.value == SH + "pattern" and isinstance(triple.object, Literal):
        yield Triple(subject, triple.predicate, Literal(patterns.translated(triple.object.value, flags)))
    elif kept:
        yield Triple(subject, triple.predicate, Literal(kept))
