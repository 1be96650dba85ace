"""Five typical queries; ``{n}`` is the number of an initiative, so that a lookup can be new every time."""

from __future__ import annotations

from benchmarks.graph import CODES, NAMESPACE, ONTOLOGY

PREFIXES = f"""PREFIX iesi: <{ONTOLOGY}>
PREFIX dct: <http://purl.org/dc/terms/>
PREFIX m8g: <http://data.europa.eu/m8g/>
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
"""

QUERIES = {
    "lookup": f"SELECT ?p ?o {{ <{NAMESPACE}initiative/{{n}}> ?p ?o }}",
    "lead": PREFIXES
    + f"""SELECT ?title ?lead {{ VALUES ?i {{ <{NAMESPACE}initiative/{{n}}> }}
  ?i dct:title ?title ; m8g:hasParticipation ?part . ?part m8g:hasParticipant ?org . ?org skos:prefLabel ?lead }}""",
    "country": PREFIXES
    + f"""SELECT ?i ?title ?year {{ ?i iesi:country <{CODES}country/AT> ; dct:title ?title ; iesi:startYear ?year }}
ORDER BY DESC(?year) LIMIT 20 # {{n}}""",
    "count": PREFIXES
    + """SELECT ?country ?area (COUNT(?i) AS ?number) { ?i iesi:country ?country ; m8g:thematicArea ?area }
GROUP BY ?country ?area ORDER BY DESC(?number) # {n}""",
    "search": PREFIXES
    + """SELECT ?i ?title { ?i dct:description ?text ; dct:title ?title FILTER(CONTAINS(?text, "older people")) }
ORDER BY ?title LIMIT 50 # {n}""",
}
