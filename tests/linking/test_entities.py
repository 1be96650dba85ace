"""Statements to the records that are compared."""

from __future__ import annotations

from pyoxigraph import Literal, NamedNode, Quad, RdfFormat, Store, Triple, parse

from iesi_kg.linking.entities import Entity, of_quads, of_reader
from iesi_kg.store.reader import EmbeddedReader, View
from iesi_kg.vocabulary import iris
from iesi_kg.vocabulary.namespaces import PREFIXES

BODY = NamedNode(PREFIXES["org"] + "Organization")
GRAPH = NamedNode("https://example.org/graph")
TEXT = (
    "".join(f"@prefix {prefix}: <{space}> .\n" for prefix, space in PREFIXES.items())
    + """
<https://w3id.org/iesi-kg/id/peer/pstw/PSTW-684> a iesi:Initiative ;
    dct:title "Care net" ; dct:alternative "CN" ; dct:description "short"@en, "the longer text"@en ;
    iesi:country <https://w3id.org/iesi-kg/codes/country/ES>, <https://w3id.org/iesi-kg/codes/country/AT> ;
    iesi:placeName "Vic" ; dct:spatial <http://data.europa.eu/nuts/code/ES511> ;
    iesi:startYear 2014 ; iesi:endYear 2016 ;
    adms:status <https://w3id.org/iesi-kg/codes/status/pilot> ; foaf:homepage <https://example.org/care> ;
    dct:source <https://example.org/doc> ; iesi:technology <https://w3id.org/iesi-kg/codes/technology/wearables> ;
    m8g:hasParticipation <https://w3id.org/iesi-kg/id/peer/pstw/PSTW-684#lead> ; dct:identifier "PSTW-684", " " .
<https://w3id.org/iesi-kg/id/peer/pstw/PSTW-684#lead>
    m8g:hasParticipant <https://w3id.org/iesi-kg/id/organisation/vic-es> .
<https://w3id.org/iesi-kg/id/organisation/vic-es> a org:Organization ; skos:prefLabel "Town of Vic" .
<https://example.org/doc> foaf:page <https://example.org/report.pdf> .
<https://example.org/nothing> dct:title "of no kind" .
"""
)


def quads() -> list[Quad]:
    return [Quad(quad.subject, quad.predicate, quad.object, GRAPH) for quad in parse(TEXT, RdfFormat.TURTLE)]


def test_a_record_with_everything() -> None:
    organisation, initiative = of_quads(quads(), "pstw")
    assert organisation == Entity(
        "organisation:vic-es", iris.organisation("Vic", "es"), "pstw", "organisation", ("Town of Vic",)
    )
    assert initiative == Entity(
        curie="pstw:PSTW-684",
        iri=NamedNode("https://w3id.org/iesi-kg/id/peer/pstw/PSTW-684"),
        database="pstw",
        kind="initiative",
        names=("Care net", "CN"),
        description="the longer text",
        countries=("AT", "ES"),
        places=("Vic", "ES511"),
        start_year=2014,
        end_year=2016,
        status="pilot",
        pages=("https://example.org/care", "https://example.org/report.pdf"),
        organisations=("Town of Vic",),
        topics=("wearables",),
        identifiers=("PSTW-684",),
    )


def test_a_store_tells_the_same_as_the_file_and_only_of_the_graph_that_is_named() -> None:
    store = Store()
    store.extend(quads())
    reader = EmbeddedReader(View(store), 1)
    assert of_reader(reader, "pstw", GRAPH) == of_quads(quads(), "pstw")
    assert of_reader(reader, "iesi") == []


def test_a_body_that_another_database_only_names_is_no_record_of_it() -> None:
    named, keyed = (iris.peer_record("dsi4eu-organisation", key) for key in ("organisation/vic", "239"))
    kind, label = NamedNode(PREFIXES["rdf"] + "type"), NamedNode(PREFIXES["skos"] + "prefLabel")
    said = [Triple(iri, *what) for iri in (named, keyed) for what in ((kind, BODY), (label, Literal("Vic")))]
    said.append(Triple(keyed, NamedNode(PREFIXES["dct"] + "identifier"), Literal("239")))
    assert [entity.curie for entity in of_quads(said, "dsi4eu")] == ["dsi4eu-organisation:239"]
