"""Every derived statement has a proof of single steps that ends in stated ones."""

from __future__ import annotations

from collections.abc import Iterator

from pyoxigraph import Triple

from iesi_kg.inference import axioms as axioms_module
from iesi_kg.inference import rules
from iesi_kg.inference.derivation import Derived, derive, statements
from iesi_kg.inference.explanation import Explainer, Proof
from iesi_kg.store.base import Reader

from .conftest import naive, turtle

ONTOLOGY = """:part rdfs:subPropertyOf :within . :within a owl:TransitiveProperty ; rdfs:range :Place .
    :Place rdfs:subClassOf :Thing . :same a owl:SymmetricProperty, owl:TransitiveProperty ."""
DATA = """:a :part :b . :b :part :c . :c :part :d . :d :part :e .
    :t :same :u . :v :same :u . :v :same :w . :w :same :t ."""


def proofs(proof: Proof) -> Iterator[Proof]:
    yield proof
    for premise in proof.premises:
        yield from proofs(premise)


def assert_proven(proof: Proof | None, stated: set[Triple]) -> None:
    assert proof is not None
    for step in proofs(proof):
        if step.because is None:
            assert step.triple in stated
        else:
            assert step.triple not in stated
            assert step.triple in naive([premise.triple for premise in step.premises], [step.because])


def small() -> tuple[set[Triple], Derived, Explainer]:
    program = rules.compiled(axioms_module.read(turtle(ONTOLOGY), "test"))
    stated = set(turtle(DATA))
    derived = derive(stated, program)
    return stated, derived, Explainer(program, derived)


def test_a_proof_goes_down_to_what_is_stated() -> None:
    _, _, explainer = small()
    proof = explainer.explain(*turtle(":c a :Thing ."))
    assert proof is not None
    kinds = [step.because.kind.value if step.because else "stated" for step in proofs(proof)]
    assert kinds == ["subclass", "range", "subproperty", "stated"]
    assert proof.premises[0].premises[0].premises[0].triple == turtle(":b :part :c .")[0]


def test_circles_and_long_ways_have_proofs() -> None:
    stated, derived, explainer = small()
    assert {*turtle(":a :within :e . :t :same :v . :u :same :w .")} < derived.triples
    for triple in derived.triples:
        assert_proven(explainer.explain(triple), stated)


def test_what_is_stated_needs_no_proof_and_what_does_not_follow_has_none() -> None:
    _, _, explainer = small()
    stated, other = turtle(":a :part :b . :b :part :a .")
    assert explainer.explain(stated) == Proof(stated)
    assert explainer.explain(other) is None


def test_every_statement_that_follows_from_the_bundle_has_a_proof(published: Reader) -> None:
    program = rules.bundled()
    stated = set(statements(published, program))
    derived = derive(stated, program)
    explainer = Explainer(program, derived)
    for triple in derived.triples:
        assert_proven(explainer.explain(triple), stated)
