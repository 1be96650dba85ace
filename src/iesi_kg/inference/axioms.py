"""The ontology to the axioms that inference uses (https://www.w3.org/TR/owl2-profiles/#Reasoning_in_OWL_2_RL_and_RDF_Graphs_using_Rules)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

import pyoxigraph
from pyoxigraph import BlankNode, NamedNode, RdfFormat, Triple

from iesi_kg import assets
from iesi_kg.inference.expressions import TYPE, Expressions, Node, Part, Parts, no_rule
from iesi_kg.vocabulary import iris
from iesi_kg.vocabulary.curies import shorten
from iesi_kg.vocabulary.namespaces import OWL, RDF, RDFS, XSD

CLAIMS = "ontology/inference.json"


class Kind(StrEnum):
    """The kinds of axiom from which rules are made."""

    SUBCLASS = "subclass"
    EQUIVALENT_CLASS = "equivalent-class"
    SUBPROPERTY = "subproperty"
    EQUIVALENT_PROPERTY = "equivalent-property"
    INVERSE = "inverse"
    SYMMETRIC = "symmetric"
    TRANSITIVE = "transitive"
    DOMAIN = "domain"
    RANGE = "range"
    CHAIN = "chain"
    DEFINITION = "definition"
    VALUE = "value"


_BY_PREDICATE = {
    RDFS + "subClassOf": Kind.SUBCLASS,
    OWL + "equivalentClass": Kind.EQUIVALENT_CLASS,
    RDFS + "subPropertyOf": Kind.SUBPROPERTY,
    OWL + "equivalentProperty": Kind.EQUIVALENT_PROPERTY,
    OWL + "inverseOf": Kind.INVERSE,
    RDFS + "domain": Kind.DOMAIN,
    RDFS + "range": Kind.RANGE,
}
_BY_TYPE = {OWL + "SymmetricProperty": Kind.SYMMETRIC, OWL + "TransitiveProperty": Kind.TRANSITIVE}
_VERSION = NamedNode(OWL + "versionIRI")
_CHAIN = OWL + "propertyChainAxiom"
_UNREAD = {
    OWL + "FunctionalProperty",
    OWL + "InverseFunctionalProperty",
    OWL + "Restriction",
    OWL + "disjointUnionOf",
    OWL + "hasKey",
    OWL + "hasValue",
    OWL + "intersectionOf",
    OWL + "oneOf",
    OWL + "sameAs",
    OWL + "unionOf",
}


@dataclass(frozen=True, slots=True)
class Axiom:
    """One statement of the ontology that makes others follow; ``object`` is missing where it is about one term.

    A chain leads by the properties of its ``path`` to ``subject``. A definition or value says that whatever meets all
    ``parts`` has what it ``gives``, a class or a value; its ``subject`` is that class, or the property of that value.
    """

    kind: Kind
    subject: NamedNode
    object: NamedNode | None
    source: str
    path: tuple[NamedNode, ...] = ()
    parts: Parts = ()
    gives: Part | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """What an axiom of a kind says, with ``{0}`` and ``{1}`` for its terms, and what it is good for."""

    says: str
    use: str


@cache
def claims() -> dict[Kind, Claim]:
    """The kinds of entailment that we claim."""
    return {Kind(kind): Claim(**claim) for kind, claim in json.loads(assets.text(CLAIMS))["claims"].items()}


@cache
def left_out() -> dict[str, str]:
    """What would follow too and is not claimed, with the reason."""
    found: dict[str, str] = json.loads(assets.text(CLAIMS))["left_out"]
    return found


@cache
def sources() -> tuple[str, ...]:
    """The files whose axioms make rules."""
    return tuple(json.loads(assets.text(CLAIMS))["sources"])


@cache
def graphs() -> tuple[NamedNode, ...]:
    """The graphs beside the published merge whose statements the rules read too."""
    return tuple(iris.graph(name) for name in json.loads(assets.text(CLAIMS))["graphs"])


@cache
def bundled() -> tuple[Axiom, ...]:
    """The axioms of the bundle's ontology that are of a kind we claim."""
    found = [axiom for name in sources() for axiom in read(_turtle(name), name)]
    return tuple(axiom for axiom in found if axiom.kind in claims())


@cache
def version() -> NamedNode:
    """The version of the ontology whose axioms these are."""
    found = [triple.object for name in sources() for triple in _turtle(name) if triple.predicate == _VERSION]
    assert isinstance(found[0], NamedNode)
    return found[0]


def read(triples: Iterable[Triple], source: str) -> Iterator[Axiom]:
    """The axioms among the statements of an ontology. Raises IesiKgError on one from which we make no rule."""
    stated = list(triples)
    expressions = Expressions(stated, source)
    for triple in stated:
        if not isinstance(triple.subject, BlankNode):
            used = {triple.predicate.value} | ({str(triple.object)[1:-1]} if _is_type(triple) else set())
            if unread := used & _UNREAD:
                raise no_rule(source, _term(triple.subject), shorten(NamedNode(unread.pop())))
        yield from _axioms(triple, source, expressions)


def _axioms(triple: Triple, source: str, expressions: Expressions) -> Iterator[Axiom]:
    subject, about, predicate = triple.subject, triple.object, triple.predicate.value
    if isinstance(subject, NamedNode) and isinstance(about, NamedNode) and predicate != _CHAIN:
        yield from _between_names(subject, triple.predicate, about, source)
    elif not isinstance(subject, NamedNode | BlankNode) or not isinstance(about, NamedNode | BlankNode):
        return
    elif predicate == _CHAIN:
        yield Axiom(Kind.CHAIN, _term(subject), None, source, path=expressions.path(about, _term(subject)))
    elif predicate == RDFS + "subClassOf":
        yield from _implied(subject, about, source, expressions)
    elif predicate == OWL + "equivalentClass":
        yield from _implied(subject, about, source, expressions)
        yield from _implied(about, subject, source, expressions)
    elif predicate in _BY_PREDICATE:
        raise no_rule(source, _term(subject), f"a class without a name with {shorten(triple.predicate)}")


def _between_names(subject: NamedNode, predicate: NamedNode, about: NamedNode, source: str) -> Iterator[Axiom]:
    kind = _BY_TYPE.get(about.value) if predicate == TYPE else _BY_PREDICATE.get(predicate.value)
    about_literals = kind is Kind.RANGE and about.value.startswith((XSD, RDFS + "Literal", RDF + "langString"))
    if kind and not about_literals:
        yield Axiom(kind, subject, None if predicate == TYPE else about, source)


def _implied(left: Node, right: Node, source: str, expressions: Expressions) -> Iterator[Axiom]:
    """What follows from one class being below another, of which at least one has no name."""
    term = _term(left if isinstance(left, NamedNode) else right)
    for of, value in expressions.follows(right, term):
        for parts in expressions.enough(left, term):
            kind = Kind.DEFINITION if of == TYPE else Kind.VALUE
            subject = value if of == TYPE and isinstance(value, NamedNode) else of
            if (of, value) not in parts:
                yield Axiom(kind, subject, None, source, parts=parts, gives=(of, value))


def _term(node: object) -> NamedNode:
    return node if isinstance(node, NamedNode) else NamedNode(OWL + "Thing")


def _is_type(triple: Triple) -> bool:
    return triple.predicate == TYPE and isinstance(triple.object, NamedNode)


def _turtle(name: str) -> Iterator[Triple]:
    for quad in pyoxigraph.parse(assets.content(name), RdfFormat.TURTLE):
        yield quad.triple
