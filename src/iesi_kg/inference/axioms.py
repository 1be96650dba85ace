"""The ontology to the axioms that inference uses (https://www.w3.org/TR/owl2-profiles/#Reasoning_in_OWL_2_RL_and_RDF_Graphs_using_Rules)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

import pyoxigraph
from pyoxigraph import NamedNode, RdfFormat, Triple

from iesi_kg import assets
from iesi_kg.errors import IesiKgError
from iesi_kg.vocabulary.namespaces import OWL, RDF, RDFS, XSD

CLAIMS = "ontology/inference.json"
TYPE = NamedNode(RDF + "type")


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
_UNREAD = {
    OWL + "FunctionalProperty",
    OWL + "InverseFunctionalProperty",
    OWL + "Restriction",
    OWL + "hasKey",
    OWL + "intersectionOf",
    OWL + "oneOf",
    OWL + "propertyChainAxiom",
    OWL + "sameAs",
    OWL + "unionOf",
}


@dataclass(frozen=True, slots=True)
class Axiom:
    """One statement of the ontology that makes others follow; ``object`` is missing where it is about one term."""

    kind: Kind
    subject: NamedNode
    object: NamedNode | None
    source: str


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
def bundled() -> tuple[Axiom, ...]:
    """The axioms of the bundle's ontology that are of a kind we claim."""
    sources: list[str] = json.loads(assets.text(CLAIMS))["sources"]
    found = [axiom for name in sources for axiom in read(_turtle(name), name)]
    return tuple(axiom for axiom in found if axiom.kind in claims())


def read(triples: Iterable[Triple], source: str) -> Iterator[Axiom]:
    """The axioms among the statements of an ontology. Raises IesiKgError on one from which we make no rule."""
    for triple in triples:
        used = {triple.predicate.value} | ({str(triple.object)[1:-1]} if _is_type(triple) else set())
        if unread := used & _UNREAD:
            raise IesiKgError(
                f"{source} uses {unread.pop()}, from which inference makes no rule",
                hint="say it with subclasses, subproperties, domains and ranges, or add the rule to iesi_kg.inference",
            )
        axiom = _axiom(triple, source)
        if axiom is not None:
            yield axiom


def _axiom(triple: Triple, source: str) -> Axiom | None:
    if not isinstance(triple.subject, NamedNode) or not isinstance(triple.object, NamedNode):
        return None
    if _is_type(triple):
        kind = _BY_TYPE.get(triple.object.value)
        return Axiom(kind, triple.subject, None, source) if kind else None
    kind = _BY_PREDICATE.get(triple.predicate.value)
    about_literals = kind is Kind.RANGE and triple.object.value.startswith((XSD, RDF + "langString", RDFS + "Literal"))
    return Axiom(kind, triple.subject, triple.object, source) if kind and not about_literals else None


def _is_type(triple: Triple) -> bool:
    return triple.predicate == TYPE and isinstance(triple.object, NamedNode)


def _turtle(name: str) -> Iterator[Triple]:
    for quad in pyoxigraph.parse(assets.content(name), RdfFormat.TURTLE):
        yield quad.triple
