"""Which axioms the ontology gives, and that none from which something would follow is passed over in silence."""

from __future__ import annotations

import pytest
from pyoxigraph import RdfFormat, parse

from iesi_kg import assets
from iesi_kg.errors import IesiKgError
from iesi_kg.inference import axioms
from iesi_kg.inference.axioms import Kind

from .conftest import turtle


def test_the_axioms_of_the_bundle() -> None:
    found = {(axiom.kind, axiom.subject.value.split("/")[-1]) for axiom in axioms.bundled()}
    assert (Kind.SUBCLASS, "ontology#Coding") in found
    assert (Kind.SUBPROPERTY, "ontology#country") in found
    assert (Kind.SYMMETRIC, "ontology#sameInitiativeAs") in found
    assert (Kind.TRANSITIVE, "ontology#sameInitiativeAs") in found
    assert (Kind.SYMMETRIC, "core#exactMatch") in found
    assert (Kind.RANGE, "ontology#startYear") not in found  # a datatype: literals get no class


def test_every_kind_is_claimed_with_its_use() -> None:
    assert set(axioms.claims()) == set(Kind)
    assert all(claim.use.endswith(".") and "{0}" in claim.says for claim in axioms.claims().values())
    assert set(axioms.left_out()) >= {"self", "universal", "datatype", "schema", "equality"}


@pytest.mark.parametrize(
    ("unread", "said"),
    [
        (":p a owl:FunctionalProperty .", "p> uses owl:FunctionalProperty"),
        (":x owl:sameAs :y .", "x> uses owl:sameAs"),
        (":A rdfs:subClassOf [ a owl:Restriction ; owl:onProperty :p ; owl:someValuesFrom :B ] .", "A> uses owl:someV"),
        ("[ a owl:Restriction ; owl:onProperty :p ; owl:maxCardinality 1 ] rdfs:subClassOf :A .", "A> uses owl:maxC"),
        (":A rdfs:subClassOf [ owl:unionOf ( :B :C ) ] .", "A> uses owl:unionOf after a class, which leaves OWL 2 RL"),
        (":A owl:equivalentClass [ owl:unionOf ( :B :C ) ] .", "A> uses owl:unionOf after a class, which leaves"),
        (":A owl:equivalentClass [ owl:oneOf ( :x :y ) ] .", "A> uses owl:oneOf"),
        (":A owl:unionOf ( :B :C ) .", "A> uses owl:unionOf"),
        (":p rdfs:range [ owl:unionOf ( :B :C ) ] .", "p> uses a class without a name with rdfs:range"),
        (":p owl:propertyChainAxiom ( :q ) .", "p> uses a chain that is no list of two or more properties"),
        (":p owl:propertyChainAxiom ( :q [ owl:inverseOf :r ] ) .", "p> uses a chain that is no list of two"),
        (":p owl:propertyChainAxiom _:l . _:l rdf:first :q ; rdf:rest _:l .", "p> uses a list that is not well made"),
        (":A rdfs:subClassOf [] .", "A> uses a class without a name,"),
    ],
)
def test_an_axiom_without_rule_is_refused_by_name(unread: str, said: str) -> None:
    with pytest.raises(IesiKgError, match="from which inference makes no rule") as refused:
        list(axioms.read(turtle(unread), "ontology/iesi.ttl"))
    assert refused.value.detail.startswith(f"ontology/iesi.ttl: <https://example.org/{said}")


def test_a_class_expression_is_read_into_conditions() -> None:
    text = """[ owl:intersectionOf ( :A [ owl:onProperty :p ; owl:hasValue 1 ]
                             [ owl:unionOf ( :B [ owl:onProperty :q ; owl:hasValue :v ] ) ] ) ] rdfs:subClassOf :C ."""
    found = list(axioms.read(turtle(text), "test"))
    assert {axiom.kind for axiom in found} == {Kind.DEFINITION}
    conditions = [{(of.value[-4:], str(value)[-4:]) for of, value in axiom.parts} for axiom in found]
    assert conditions == [
        {("type", "g/A>"), ("rg/p", "ger>"), ("type", "g/B>")},
        {("type", "g/A>"), ("rg/p", "ger>"), ("rg/q", "g/v>")},
    ]


def test_borrowed_axioms_are_about_vocabularies_of_others_only() -> None:
    own, definitions, borrowed = axioms.sources()
    assert (own, definitions) == ("ontology/iesi.ttl", "ontology/definitions.ttl")
    subjects = {str(quad.subject) for quad in parse(assets.text(borrowed), format=RdfFormat.TURTLE)}
    assert subjects
    assert not [subject for subject in subjects if "iesi-kg" in subject]
