"""One pass of the compiled rules finds all that single steps find when they run until nothing is new."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from pyoxigraph import NamedNode, Triple

from iesi_kg.inference import axioms as axioms_module
from iesi_kg.inference import rules
from iesi_kg.inference.axioms import TYPE, Axiom, Kind
from iesi_kg.inference.derivation import derive, statements
from iesi_kg.store.base import Reader

from .conftest import naive, turtle


def ex(name: str) -> NamedNode:
    return NamedNode(f"https://example.org/{name}")


def follows(ontology: str, data: str) -> set[Triple]:
    axioms = tuple(axioms_module.read(turtle(ontology), "test"))
    found = set(derive(turtle(data), rules.compiled(axioms)).triples)
    assert found == naive(turtle(data), axioms)
    return found


def test_a_chain_of_subclasses() -> None:
    assert follows(":A rdfs:subClassOf :B . :B rdfs:subClassOf :C .", ":x a :A .") == set(turtle(":x a :B, :C ."))


def test_a_transitive_property_is_closed_before_what_rests_on_it() -> None:
    ontology = """:step rdfs:subPropertyOf :way . :way a owl:TransitiveProperty ; rdfs:subPropertyOf :linked .
        :linked rdfs:range :Place ."""
    expected = """:a :way :b, :c ; :linked :b, :c . :b :way :c ; :linked :c . :b a :Place . :c a :Place ."""
    assert follows(ontology, ":a :step :b . :b :step :c .") == set(turtle(expected))


def test_a_symmetric_and_transitive_property_relates_nothing_to_itself() -> None:
    found = follows(":same a owl:SymmetricProperty, owl:TransitiveProperty .", ":a :same :b . :b :same :c .")
    assert found == set(turtle(":b :same :a . :c :same :b, :a . :a :same :c ."))


def test_the_inverse_of_a_transitive_property_is_transitive() -> None:
    found = follows(":up a owl:TransitiveProperty ; owl:inverseOf :down .", ":a :up :b . :c :down :b .")
    assert found == set(turtle(":b :down :a . :b :up :c . :a :up :c . :c :down :a ."))


def test_equivalent_terms_fill_one_another() -> None:
    ontology = ":A owl:equivalentClass :B . :p owl:equivalentProperty :q . :q rdfs:domain :B ."
    assert follows(ontology, ":x :p 1 .") == set(turtle(":x :q 1 ; a :B, :A ."))


def test_a_literal_gets_no_class_and_no_inverse() -> None:
    assert follows(":p rdfs:range :A ; owl:inverseOf :q .", ":x :p 1 .") == set()


def test_what_is_stated_is_not_derived_again() -> None:
    assert follows(":A rdfs:subClassOf :B .", ":x a :A, :B .") == set()


PROPERTIES = [ex(name) for name in "pqrst"]
CLASSES = [ex(name) for name in "ABCD"]
THINGS = [ex(name) for name in "uvwxyz"]
PAIRED = [Kind.SUBPROPERTY, Kind.EQUIVALENT_PROPERTY, Kind.INVERSE]
AXIOMS = st.one_of(
    st.builds(Axiom, st.sampled_from(PAIRED), st.sampled_from(PROPERTIES), st.sampled_from(PROPERTIES), st.just("")),
    st.builds(
        Axiom,
        st.sampled_from([Kind.SYMMETRIC, Kind.TRANSITIVE]),
        st.sampled_from(PROPERTIES),
        st.none(),
        st.just(""),
    ),
    st.builds(
        Axiom,
        st.sampled_from([Kind.DOMAIN, Kind.RANGE]),
        st.sampled_from(PROPERTIES),
        st.sampled_from(CLASSES),
        st.just(""),
    ),
    st.builds(
        Axiom,
        st.sampled_from([Kind.SUBCLASS, Kind.EQUIVALENT_CLASS]),
        st.sampled_from(CLASSES),
        st.sampled_from(CLASSES),
        st.just(""),
    ),
)
TRIPLES = st.one_of(
    st.builds(Triple, st.sampled_from(THINGS), st.sampled_from(PROPERTIES), st.sampled_from(THINGS)),
    st.builds(Triple, st.sampled_from(THINGS), st.just(TYPE), st.sampled_from(CLASSES)),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(AXIOMS, max_size=9), st.lists(TRIPLES, max_size=9))
def test_one_pass_is_complete_for_any_axioms(axioms: list[Axiom], data: list[Triple]) -> None:
    assert set(derive(data, rules.compiled(axioms)).triples) == naive(data, axioms)


def test_one_pass_is_complete_on_the_bundled_data(published: Reader) -> None:
    program = rules.bundled()
    data = list(statements(published, program))
    found = derive(data, program).triples
    assert len(found) > 1500
    assert set(found) == naive(data, program.axioms)


def test_what_is_not_read_leads_nowhere(published: Reader) -> None:
    """Only statements that some rule reads are copied: with all of them the result is the same."""
    program = rules.bundled()
    everything = [quad.triple for quad in published.quads() if str(quad.graph_name) == "DEFAULT"]
    read = [triple for triple in everything if triple.predicate in program.reads]
    assert len(read) < len(everything)
    assert naive(everything, program.axioms) == set(derive(read, program).triples)
