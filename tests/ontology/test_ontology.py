from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from pyoxigraph import BlankNode, NamedNode, RdfFormat, Store, parse

from iesi_kg import assets

from .conftest import load, rows

IESI = "https://w3id.org/iesi-kg/ontology#"
SH = "http://www.w3.org/ns/shacl#"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
PREFIXES = """
PREFIX dct: <http://purl.org/dc/terms/>
PREFIX owl: <http://www.w3.org/2002/07/owl#>
PREFIX rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
PREFIX vann: <http://purl.org/vocab/vann/>
"""
TERMS = "?term a ?kind . FILTER (STRSTARTS(STR(?term), 'https://w3id.org/iesi-kg/ontology#'))"

# OWL 2 Profiles section 4.2: what an ontology of names only may say and stay in RL.
RL_AXIOMS = {
    "subClassOf", "subPropertyOf", "domain", "range", "disjointWith", "versionIRI", "versionInfo", "priorVersion",
    "backwardCompatibleWith", "deprecated",
}  # fmt: skip
RL_TYPES = {"Ontology", "Class", "ObjectProperty", "DatatypeProperty", "AnnotationProperty"}
RL_TRAITS = {"SymmetricProperty", "TransitiveProperty", "AsymmetricProperty", "IrreflexiveProperty"}
DATATYPES = {"string", "integer", "decimal"}


def ask(store: Store, query: str) -> list[tuple[str, ...]]:
    return rows(store, PREFIXES + query)


def test_the_header_says_what_the_ontology_is(ontology: Store) -> None:
    (row,) = ask(
        ontology,
        """SELECT ?version ?licence ?prefix ?namespace WHERE {
             <https://w3id.org/iesi-kg/ontology> a owl:Ontology ; owl:versionIRI ?version ; dct:license ?licence ;
               dct:title ?title ; dct:description ?text ; dct:creator ?creator ;
               vann:preferredNamespacePrefix ?prefix ; vann:preferredNamespaceUri ?namespace }""",
    )
    assert row == (
        "https://w3id.org/iesi-kg/ontology/0.3.0", "https://creativecommons.org/licenses/by/4.0/", "iesi", IESI,
    )  # fmt: skip


@pytest.mark.parametrize(
    "needed",
    [
        "?term rdfs:label ?x . FILTER (LANG(?x) = 'en')",
        "?term skos:definition ?x . FILTER (LANG(?x) = 'en')",
        "?term dct:source ?x",
        "?term rdfs:isDefinedBy <https://w3id.org/iesi-kg/ontology>",
    ],
)
def test_every_term_of_ours_is_labelled_defined_and_sourced(ontology: Store, needed: str) -> None:
    assert len(declared(ontology)) == 18 + 113  # classes, properties
    assert ask(ontology, f"SELECT ?term WHERE {{ {TERMS} FILTER NOT EXISTS {{ {needed} }} }}") == []


def test_there_is_one_label_for_each_language(meaning: Store) -> None:
    query = """SELECT ?term ?p WHERE { VALUES ?p { rdfs:label skos:prefLabel skos:definition } ?term ?p ?label }
               GROUP BY ?term ?p (LANG(?label)) HAVING (COUNT(?label) > 1)"""
    assert ask(meaning, query) == []


def test_no_label_means_two_terms(ontology: Store) -> None:
    query = (
        f"SELECT ?label WHERE {{ {TERMS} ?term rdfs:label ?label }} GROUP BY ?label HAVING (COUNT(DISTINCT ?term) > 1)"
    )
    assert ask(ontology, query) == []


def test_nothing_leaves_owl_2_rl(ontology: Store) -> None:
    logical = {
        row[0]
        for row in ask(ontology, "SELECT DISTINCT ?p WHERE { ?s ?p ?o FILTER (REGEX(STR(?p), 'owl#|rdf-schema#')) }")
    }
    assert {re.sub(r".*[#/]", "", p) for p in logical} <= RL_AXIOMS | {"label", "isDefinedBy"}
    types = {row[0] for row in ask(ontology, "SELECT DISTINCT ?t WHERE { ?s a ?t FILTER (REGEX(STR(?t), 'owl#')) }")}
    assert types == {f"http://www.w3.org/2002/07/owl#{name}" for name in RL_TYPES | RL_TRAITS}
    ranges = ask(ontology, "SELECT DISTINCT ?d WHERE { ?p rdfs:range ?d FILTER (CONTAINS(STR(?d), 'XMLSchema#')) }")
    assert {row[0].rsplit("#", 1)[1] for row in ranges} == DATATYPES


def test_each_term_is_of_one_kind(meaning: Store) -> None:
    """OWL 2 DL section 5.8.1 lets no IRI be two kinds of property."""
    query = """SELECT ?t WHERE { ?t a ?kind FILTER (REGEX(STR(?kind), 'owl#(Class|(Obj|Data|Ann)[a-z]+Property)$')) }
               GROUP BY ?t HAVING (COUNT(?kind) > 1)"""
    assert ask(meaning, query) == []


def test_every_name_an_axiom_uses_is_declared(ontology: Store) -> None:
    query = """SELECT DISTINCT ?o WHERE {
                 ?s rdfs:subClassOf|rdfs:subPropertyOf|rdfs:domain|rdfs:range|owl:disjointWith ?o
                 FILTER NOT EXISTS { ?o a ?kind } FILTER (!CONTAINS(STR(?o), 'XMLSchema#')) }"""
    assert ask(ontology, query) == []


def test_every_property_in_use_is_declared(meaning: Store) -> None:
    query = """SELECT DISTINCT ?p WHERE { ?s ?p ?o FILTER (!REGEX(STR(?p), 'owl#|rdf-schema#|rdf-syntax'))
               FILTER NOT EXISTS { ?p a ?kind } }"""
    assert ask(meaning, query) == []


def test_the_ontology_holds_no_instance_of_its_classes(ontology: Store) -> None:
    assert ask(ontology, f"SELECT ?x WHERE {{ ?x a ?c FILTER (STRSTARTS(STR(?c), '{IESI}')) }}") == []


def test_there_is_no_blank_node(meaning: Store) -> None:
    assert not [q for q in meaning if isinstance(q.subject, BlankNode) or isinstance(q.object, BlankNode)]


def declared(ontology: Store) -> set[str]:
    return {row[0] for row in ask(ontology, f"SELECT ?term WHERE {{ {TERMS} }}")}


def test_the_shapes_use_declared_terms_only(ontology: Store) -> None:
    parts = [*assets.names("shapes", ".ttl"), *assets.names("shapes/profiles", ".ttl")]
    used = {term.value for quad in load(*parts) for term in quad if getattr(term, "value", "").startswith(IESI)}
    assert len(used) >= 25
    assert used - {IESI} <= declared(ontology), "the namespace itself is that of a prefix in a SPARQL constraint"


def test_the_template_uses_declared_terms_only(ontology: Store) -> None:
    used = set(re.findall(rf"{re.escape(IESI)}\w+", assets.text("ontology/template.json")))
    assert len(used) >= 30
    assert used <= declared(ontology)


def test_each_term_has_a_shape_or_a_written_reason(ontology: Store) -> None:
    """A property that no shape looks at says why; one that a shape looks at says nothing of the kind."""
    shapes = load(*assets.names("shapes", ".ttl"))
    about = [q.object for q in shapes if q.predicate.value.startswith((SH, f"{RDF}first"))]
    seen = {term.value for term in about if isinstance(term, NamedNode)}
    query = "SELECT ?term WHERE { ?term skos:editorialNote ?why FILTER (STRSTARTS(?why, 'No shape: ')) }"
    assert declared(ontology) - seen == {row[0] for row in ask(ontology, query)}


CHECKS = sorted(assets.names("queries/checks", "-violation.rq"))
OF_A_PUBLICATION = {f"queries/checks/{name}-violation.rq" for name in ("coding-missing", "origin-missing")}


@pytest.mark.parametrize("path", [path for path in CHECKS if path not in OF_A_PUBLICATION])
def test_a_check_returns_no_row(everything: Store, path: str) -> None:
    assert rows(everything, assets.text(path)) == []


def test_shapes_and_ontology_agree() -> None:
    both = load("ontology/iesi.ttl", *assets.names("shapes", ".ttl"))
    assert rows(both, assets.text("queries/checks/shape-and-ontology-violation.rq")) == []


@pytest.mark.parametrize("path", CHECKS)
def test_a_check_sees_what_it_looks_for(path: str) -> None:
    """Each check returns a row on a graph that is wrong in its way, so that its silence means something."""
    wrong = Store()
    wrong.load((Path(__file__).parent / "wrong.ttl").read_bytes(), format=RdfFormat.TURTLE)
    assert rows(wrong, assets.text(path))


def test_a_code_that_was_replaced_properly_is_no_finding() -> None:
    """The way to retire a term: it stays, says why, and names what takes its place."""
    turtle = """@prefix c: <https://w3id.org/iesi-kg/codes/ict-role/> . @prefix dct: <http://purl.org/dc/terms/> .
        @prefix owl: <http://www.w3.org/2002/07/owl#> . @prefix skos: <http://www.w3.org/2004/02/skos/core#> .
        c:support owl:deprecated true ; dct:isReplacedBy c:background ; skos:changeNote "Renamed."@en ."""
    store = load("ontology/iesi.ttl", *assets.names("ontology/codelists", ".ttl"))
    store.load(turtle.encode(), format=RdfFormat.TURTLE)
    for name in ("deprecated-alone", "deprecated-in-use"):
        assert rows(store, assets.text(f"queries/checks/{name}-violation.rq")) == []


def test_the_context_reads_a_record() -> None:
    """A JSON-LD parser with our context makes the statements that Turtle would."""
    context = json.loads(assets.text("ontology/generated/context.jsonld"))["@context"]
    record = {
        "@context": context,
        "id": "https://w3id.org/iesi-kg/id/initiative/x",
        "type": "Initiative",
        "title": "X",
        "startYear": 2013,
        "startDate": "2013-04-01",
        "country": "https://w3id.org/iesi-kg/codes/country/ES",
    }
    turtle = """@prefix dct: <http://purl.org/dc/terms/> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
        @prefix iesi: <https://w3id.org/iesi-kg/ontology#> .
        <https://w3id.org/iesi-kg/id/initiative/x> a iesi:Initiative ; dct:title "X" ; iesi:startYear 2013 ;
            iesi:country <https://w3id.org/iesi-kg/codes/country/ES> ;
            <https://schema.org/startDate> "2013-04-01"^^xsd:date ."""
    read = set(parse(json.dumps(record), format=RdfFormat.JSON_LD))
    assert read == set(parse(turtle, format=RdfFormat.TURTLE))
