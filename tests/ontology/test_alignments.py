"""Mappings to outside vocabularies: terms of ours on one side, one vocabulary on the other."""

from __future__ import annotations

import pytest
from pyoxigraph import BlankNode, NamedNode, RdfFormat, Store, parse

from iesi_kg import assets

from .conftest import load, rows

PREFIXES = """
PREFIX owl: <http://www.w3.org/2002/07/owl#>
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
PREFIX sssom: <https://w3id.org/sssom/>
"""
FILES = sorted(assets.names("ontology/alignments", ".ttl"))
SKOS = "http://www.w3.org/2004/02/skos/core#"


def test_there_is_a_file_for_each_vocabulary() -> None:
    names = [path.rsplit("/", 1)[1] for path in FILES]
    assert names == ["cids.ttl", "cofog.ttl", "dsi-2013.ttl", "eurio.ttl", "ips.ttl", "schema-org.ttl", "sdg.ttl"]


@pytest.mark.parametrize("path", FILES)
def test_a_mapping_leads_from_a_term_of_ours_to_one_vocabulary(path: str, meaning: Store) -> None:
    query = """SELECT ?from ?to WHERE {
      { ?m a sssom:Mapping ; owl:annotatedSource ?from ; owl:annotatedTarget ?to ; owl:annotatedProperty ?how ;
           sssom:mapping_justification ?why ; sssom:confidence ?sure . FILTER (?sure > 0 && ?sure < 1) }
      UNION { ?from skos:exactMatch|skos:closeMatch|skos:relatedMatch|skos:broadMatch ?to } }"""
    pairs = rows(load(path), PREFIXES + query)
    assert pairs
    for ours, _ in pairs:
        assert list(meaning.quads_for_pattern(NamedNode(ours), None, None)), ours
    hosts = {theirs.split("/")[2] for _, theirs in pairs}
    assert len(hosts) == 1
    assert not [ours for ours, _ in pairs if "iesi-kg" not in ours]


def test_no_class_or_property_stands_in_a_skos_mapping() -> None:
    for path in FILES:
        for quad in parse(assets.text(path), format=RdfFormat.TURTLE):
            assert not isinstance(quad.subject, BlankNode) and not isinstance(quad.object, BlankNode)
            if quad.predicate.value.startswith(SKOS):
                assert isinstance(quad.subject, NamedNode) and "/codes/" in quad.subject.value


def test_the_data_cube_is_made_of_declared_properties() -> None:
    store = load("ontology/iesi.ttl", "ontology/observations.ttl")
    query = """PREFIX qb: <http://purl.org/linked-data/cube#>
      SELECT ?p ?kind WHERE { ?set a qb:DataSet ; qb:structure/qb:component ?part .
        { ?part qb:dimension ?p . ?p a qb:DimensionProperty } UNION { ?part qb:measure ?p . ?p a qb:MeasureProperty }
        ?p a ?kind FILTER (STRENDS(STR(?kind), 'ObjectProperty') || STRENDS(STR(?kind), 'DatatypeProperty')) }"""
    found = rows(store, query)
    assert {iri.rsplit("#", 1)[1] for iri, _ in found} == {
        "observedInitiative", "observedIndicator", "observedYear", "valueKind", "observedGroup", "observedValue",
    }  # fmt: skip
