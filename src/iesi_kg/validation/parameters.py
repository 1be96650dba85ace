"""The parameters of SHACL Core: which values each may have, how many, and on which shapes.

The syntax rules of the standard (https://www.w3.org/TR/shacl/#syntax-rules) as one table: name, kind of value, most
values (``-`` for any number) and whether only a property shape may have it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pyoxigraph import BlankNode, Literal, NamedNode

from iesi_kg.validation.graph import Graph, Malformed, Term
from iesi_kg.vocabulary.namespaces import RDF, SH, XSD

_TABLE = """
targetNode                  named      -  any
targetClass                 iri        -  any
targetSubjectsOf            iri        -  any
targetObjectsOf             iri        -  any
severity                    iri        1  any
message                     text       -  any
deactivated                 boolean    1  any
class                       iri        -  any
datatype                    iri        1  any
nodeKind                    nodekind   1  any
minCount                    integer    1  property
maxCount                    integer    1  property
minExclusive                literal    1  any
minInclusive                literal    1  any
maxExclusive                literal    1  any
maxInclusive                literal    1  any
minLength                   integer    1  any
maxLength                   integer    1  any
pattern                     string     1  any
flags                       string     1  any
languageIn                  strings    1  any
uniqueLang                  boolean    1  property
equals                      iri        -  any
disjoint                    iri        -  any
lessThan                    iri        -  property
lessThanOrEquals            iri        -  property
not                         shape      -  any
and                         shapes     -  any
or                          shapes     -  any
xone                        shapes     -  any
node                        nodeshape  -  any
property                    property   -  any
qualifiedValueShape         shape      1  property
qualifiedMinCount           integer    1  counted
qualifiedMaxCount           integer    1  counted
qualifiedValueShapesDisjoint boolean   1  any
closed                      boolean    1  any
ignoredProperties           iris       1  any
in                          list       1  any
"""
NODE_KINDS = frozenset(
    SH + name for name in ("IRI", "BlankNode", "Literal", "BlankNodeOrIRI", "BlankNodeOrLiteral", "IRIOrLiteral")
)
AT_MOST = frozenset(SH + name for name in ("maxCount", "qualifiedMaxCount", "maxLength"))
COUNTS = AT_MOST | {SH + name for name in ("minCount", "qualifiedMinCount", "minLength")}
SHAPES_INSIDE = ("node", "property", "not", "qualifiedValueShape")
LISTS_OF_SHAPES = ("and", "or", "xone")
TARGETS = ("targetNode", "targetClass", "targetSubjectsOf", "targetObjectsOf")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One row of the table."""

    name: str
    kind: str
    most: int | None
    place: str


def _rows() -> dict[str, Parameter]:
    rows = (line.split() for line in _TABLE.strip().splitlines())
    return {
        SH + name: Parameter(name, kind, None if most == "-" else int(most), place) for name, kind, most, place in rows
    }


PARAMETERS = _rows()


def wrong(graph: Graph, kind: str, value: Term) -> tuple[str, str] | None:
    """Cause and remedy where a value is not of a kind; None where it is."""
    is_so, what = _KINDS[kind]
    remedy = _REMEDIES.get(kind, f"write {what}")
    if kind == "property" and isinstance(value, NamedNode) and not graph.facts(value):
        return f"the property shape {value} is named and not defined in the files given", remedy
    try:
        return None if is_so(graph, value) else (f"{value} is not {what}", remedy)
    except Malformed as fault:
        return str(fault), remedy


def is_true(value: Term) -> bool:
    """Whether a literal is ``true`` as SHACL asks for it: by its term, not its value (sections 4.4.3, 4.8.1)."""
    return isinstance(value, Literal) and value.value == "true" and value.datatype.value == XSD + "boolean"


def _integer(graph: Graph, value: Term) -> bool:
    digits = value.value.removeprefix("+").removeprefix("-") if isinstance(value, Literal) else ""
    return isinstance(value, Literal) and value.datatype.value == XSD + "integer" and digits.isdecimal()


def _boolean(graph: Graph, value: Term) -> bool:
    return (
        isinstance(value, Literal)
        and value.datatype.value == XSD + "boolean"
        and value.value in ("true", "false", "1", "0")
    )


def _string(graph: Graph, value: Term) -> bool:
    return isinstance(value, Literal) and value.datatype.value == XSD + "string"


def _text(graph: Graph, value: Term) -> bool:
    return isinstance(value, Literal) and value.datatype.value in (XSD + "string", RDF + "langString")


def _iri(graph: Graph, value: Term) -> bool:
    return isinstance(value, NamedNode)


def _node(graph: Graph, value: Term) -> bool:
    return isinstance(value, NamedNode | BlankNode)


def _has_path(graph: Graph, value: Term) -> bool:
    return bool(graph.objects(value, SH + "path"))


_KINDS: dict[str, tuple[Callable[[Graph, Term], bool], str]] = {
    "boolean": (_boolean, "true or false"),
    "integer": (_integer, "a whole number, such as 1"),
    "iri": (_iri, "an IRI"),
    "iris": (lambda graph, value: all(_iri(graph, one) for one in graph.members(value)), "a list of IRIs"),
    "list": (lambda graph, value: graph.members(value) is not None, "a list, such as (1 2)"),
    "literal": (lambda graph, value: isinstance(value, Literal), "a literal"),
    "named": (lambda graph, value: not isinstance(value, BlankNode), "an IRI or a literal"),
    "nodekind": (lambda graph, value: value.value in NODE_KINDS, "one of the six node kinds, such as sh:IRI"),
    "nodeshape": (
        lambda graph, value: _node(graph, value) and not _has_path(graph, value),
        "a node shape, which has no sh:path",
    ),
    "property": (
        lambda graph, value: _node(graph, value) and _has_path(graph, value),
        "a property shape, which has an sh:path",
    ),
    "shape": (_node, "a shape"),
    "shapes": (lambda graph, value: all(_node(graph, one) for one in graph.members(value)), "a list of shapes"),
    "string": (_string, "a plain string"),
    "strings": (
        lambda graph, value: all(_string(graph, one) for one in graph.members(value)),
        "a list of plain strings",
    ),
    "text": (_text, "a string, with or without a language"),
}
_REMEDIES = {"property": "give it an sh:path, load the file that defines it too, or take the reference out"}
