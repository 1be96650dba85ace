"""One pass of the compiled rules finds all that single steps find when they run until nothing is new."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from pyoxigraph import NamedNode, Triple

from iesi_kg.inference import axioms as axioms_module
from iesi_kg.inference import rules
from iesi_kg.inference.axioms import TYPE, Axiom, Kind
from iesi_kg.inference.derivation import derive, graphs, statements
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


def test_a_chain_leads_past_the_things_between() -> None:
    ontology = """:result rdfs:subPropertyOf :effect . :assessed owl:propertyChainAxiom ( :effect :by :at ) .
        :assessed rdfs:domain :Project ."""
    data = ":x :result :r ; :effect :s . :r :by :e . :s :by :e . :e :at :o ."
    assert follows(ontology, data) == set(turtle(":x :effect :r ; :assessed :o ; a :Project ."))


def test_a_chain_that_leads_into_itself_is_followed_to_its_end() -> None:
    ontology = ":near owl:propertyChainAxiom ( :near :next ) ; rdfs:subPropertyOf :linked ."
    found = follows(ontology, ":a :near :b . :b :next :c . :c :next :d .")
    assert found == set(turtle(":a :near :c, :d ; :linked :b, :c, :d ."))


def test_whatever_meets_a_definition_is_of_the_class_and_of_those_above() -> None:
    ontology = """[ owl:intersectionOf ( :A [ owl:onProperty :p ; owl:hasValue 1 ]
        [ owl:unionOf ( [ owl:onProperty :q ; owl:hasValue :v ] [ owl:onProperty :q ; owl:hasValue :w ] ) ] ) ]
        rdfs:subClassOf :C . :C rdfs:subClassOf :D . :Special rdfs:subClassOf :A . :r rdfs:subPropertyOf :q ."""
    data = """:x a :Special ; :p 1 ; :r :w . :y a :A ; :p 1 ; :q :other . :z a :A ; :p 2 ; :q :v . :u :p 1 ; :q :v ."""
    assert follows(ontology, data) == set(turtle(":x a :A, :C, :D ; :q :w ."))


def test_a_value_follows_from_a_class() -> None:
    ontology = """:A owl:equivalentClass [ owl:intersectionOf ( :B [ owl:onProperty :p ; owl:hasValue :v ] ) ] .
        :p rdfs:subPropertyOf :q ."""
    found = follows(ontology, ":x a :A . :y a :B ; :p :v .")
    assert found == set(turtle(":x a :B ; :p :v ; :q :v . :y a :A ; :q :v ."))


def test_the_rules_of_the_bundle_need_one_pass_only() -> None:
    assert not rules.bundled().again


PROPERTIES = [ex(name) for name in "pqrst"]
CLASSES = [ex(name) for name in "ABCD"]
THINGS = [ex(name) for name in "uvwxyz"]
PAIRED = [Kind.SUBPROPERTY, Kind.EQUIVALENT_PROPERTY, Kind.INVERSE]
PARTS = st.one_of(
    st.tuples(st.just(TYPE), st.sampled_from(CLASSES)),
    st.tuples(st.sampled_from(PROPERTIES), st.sampled_from(THINGS)),
)


def defined(target: NamedNode, parts: set[tuple[NamedNode, NamedNode]]) -> Axiom:
    return Axiom(Kind.DEFINITION, target, None, "", parts=tuple(sorted(parts, key=str)), gives=(TYPE, target))


def valued(gives: tuple[NamedNode, NamedNode], parts: set[tuple[NamedNode, NamedNode]]) -> Axiom:
    return Axiom(Kind.VALUE, gives[0], None, "", parts=tuple(sorted(parts, key=str)), gives=gives)


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
    st.builds(
        Axiom,
        st.just(Kind.CHAIN),
        st.sampled_from(PROPERTIES),
        st.none(),
        st.just(""),
        st.lists(st.sampled_from(PROPERTIES), min_size=2, max_size=3).map(tuple),
    ),
    st.builds(defined, st.sampled_from(CLASSES), st.sets(PARTS, min_size=1, max_size=3)),
    st.builds(valued, PARTS.filter(lambda part: part[0] != TYPE), st.sets(PARTS, min_size=1, max_size=2)),
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
    assert not [rule for rule, number in derive(data, program).counts[: len(program.written)] if number]
    assert set(found) == naive(data, program.axioms)


def test_what_is_not_read_leads_nowhere(published: Reader) -> None:
    """Only statements that some rule reads are copied: with all of them the result is the same."""
    program = rules.bundled()
    everything = [quad.triple for quad in published.quads() if quad.graph_name in graphs()]
    read = [triple for triple in everything if triple.predicate in program.reads]
    assert len(read) < len(everything)
    assert naive(everything, program.axioms) == set(derive(read, program).triples)
