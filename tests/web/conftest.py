"""One server for the session on a small graph, written out below: every expectation can be read off."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from running_server import Server, fill, serving

LIMIT_SECONDS = 2

DEFAULT = """
@prefix dct: <http://purl.org/dc/terms/> .
@prefix ex: <http://example.org/> .
@prefix foaf: <http://xmlns.com/foaf/0.1/> .
@prefix id: <https://w3id.org/iesi-kg/id/initiative/> .
@prefix org: <https://w3id.org/iesi-kg/id/organisation/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .

id:alpha a ex:Project ; dct:title "Alpha, the first"@en ; ex:year 2009  ;
  ex:part <https://w3id.org/iesi-kg/id/initiative/alpha#lead> ;
  ex:code <https://w3id.org/iesi-kg/codes/colour/red> ; ex:note "d\\u00e9j\\u00e0 \\"vu\\", \\u03b1\\u03b2\\u03b3" .
<https://w3id.org/iesi-kg/id/initiative/alpha#lead> ex:of org:town-es .
<https://w3id.org/iesi-kg/id/initiative/alpha#record> foaf:primaryTopic id:alpha ; dct:modified "2020-01-01" .
id:beta a ex:Project ; dct:title "Beta" ; ex:year 2012 ; dct:relation id:alpha .
org:town-es skos:prefLabel "The town" .
<https://w3id.org/iesi-kg/codes/colour> a skos:ConceptScheme ; skos:prefLabel "Colours"@en .
<https://w3id.org/iesi-kg/codes/colour/red> skos:inScheme <https://w3id.org/iesi-kg/codes/colour> ;
  skos:prefLabel "red"@en .
<https://w3id.org/iesi-kg/ontology> rdfs:label "A small ontology" .
<https://w3id.org/iesi-kg/ontology#Thing> rdfs:isDefinedBy <https://w3id.org/iesi-kg/ontology> ; rdfs:label "Thing" .
""" + "\n".join(f"<http://example.org/number/{n}> <http://example.org/value> {n} ." for n in range(1_000))

GRAPHS = {
    "http://example.org/graph/a": '<http://example.org/s> <http://example.org/in> "a" .',
    "http://example.org/graph/b": '<http://example.org/s> <http://example.org/in> "b" .',
    "https://w3id.org/iesi-kg/graph/provenance": """
@prefix prov: <http://www.w3.org/ns/prov#> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
<https://w3id.org/iesi-kg/id/initiative/both> <http://purl.org/dc/terms/isReplacedBy>
  <https://w3id.org/iesi-kg/id/initiative/one>, <https://w3id.org/iesi-kg/id/initiative/other> .
<https://w3id.org/iesi-kg/id/initiative/gone> prov:invalidatedAtTime "2026-01-31T00:00:00Z"^^xsd:dateTime .
<https://w3id.org/iesi-kg/id/submission/2026-01-01-abc> a prov:Activity ;
  prov:endedAtTime "2026-01-01T00:00:00Z"^^xsd:dateTime .
""",
    "https://w3id.org/iesi-kg/graph/peer/pstw/1": r"""
@prefix cc: <http://creativecommons.org/ns#> . @prefix dcat: <http://www.w3.org/ns/dcat#> .
@prefix dct: <http://purl.org/dc/terms/> . @prefix peer: <https://w3id.org/iesi-kg/id/peer/pstw/> .
<https://w3id.org/iesi-kg/graph/peer/pstw/1> a dcat:Dataset ; dct:title "Tech Watch, 1" ;
  dct:license <https://example.org/licence> ; cc:attributionName "The Centre" .
<https://example.org/licence> dct:title "Some licence"@en .
peer:PSTW-7 a <https://w3id.org/iesi-kg/ontology#Initiative> ; dct:title "Care &amp; <b>net</b>" ;
  dct:relation peer:organisation\/town-at .
peer:organisation\/town-at dct:title "The town" .
""",
}


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The service with a time limit of two seconds and room for 300 kB and 5,000 rows."""
    store = tmp_path_factory.mktemp("web") / "store"
    fill(store, DEFAULT, GRAPHS)
    with serving(
        store, query_seconds=LIMIT_SECONDS, query_bytes=300_000, query_rows=5_000, query_memory=1_000_000_000
    ) as running:
        yield running
