"""Which axioms the ontology gives, and that none from which something would follow is passed over in silence."""

from __future__ import annotations

import json

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
    "unread",
    [
        ":p owl:propertyChainAxiom (:q :r) .",
        ":p a owl:FunctionalProperty .",
        ":A rdfs:subClassOf [ a owl:Restriction ; owl:onProperty :p ; owl:hasValue 1 ] .",
        ":x owl:sameAs :y .",
    ],
)
def test_an_axiom_without_rule_is_refused(unread: str) -> None:
    with pytest.raises(IesiKgError, match="from which inference makes no rule"):
        list(axioms.read(turtle(unread), "ontology/iesi.ttl"))


def test_borrowed_axioms_are_about_vocabularies_of_others_only() -> None:
    _, borrowed = json.loads(assets.text(axioms.CLAIMS))["sources"]
    subjects = {str(quad.subject) for quad in parse(assets.text(borrowed), format=RdfFormat.TURTLE)}
    assert subjects
    assert not [subject for subject in subjects if "iesi-kg" in subject]
