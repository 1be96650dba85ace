"""Shapes of queries by the classes of the speed table, on the records as they are and on copies of them.

``{n}`` is the IRI of an initiative. Those of the package (the competency questions) are asked beside them.
"""

from __future__ import annotations

from iesi_kg.analysis.examples import competency

PREFIXES = """PREFIX iesi: <https://w3id.org/iesi-kg/ontology#>
PREFIX codes: <https://w3id.org/iesi-kg/codes/>
PREFIX dct: <http://purl.org/dc/terms/>
PREFIX m8g: <http://data.europa.eu/m8g/>
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
PREFIX country: <https://w3id.org/iesi-kg/codes/country/>
PREFIX area: <https://w3id.org/iesi-kg/codes/policy-area/>
"""

SHAPES = {
    "lookup": {
        "describe": "SELECT ?p ?o { <{n}> ?p ?o }",
        "titles": "SELECT ?title ?country { <{n}> dct:title ?title ; iesi:country ?country }",
    },
    "star": {
        "record": """SELECT ?title ?country ?year ?area { <{n}> dct:title ?title ; iesi:country ?country ;
  m8g:thematicArea ?area OPTIONAL { <{n}> iesi:startYear ?year } }""",
        "four constants": """SELECT ?i ?title { ?i a iesi:Initiative ; iesi:country country:ES ; dct:title ?title ;
  m8g:thematicArea ?area . ?area skos:inScheme ?scheme } ORDER BY ?title LIMIT 20""",
    },
    "list": {
        "of a country": """SELECT ?i ?title ?year {
  ?i iesi:country country:AT ; dct:title ?title ; iesi:startYear ?year } ORDER BY DESC(?year) ?title LIMIT 20""",
        "newest": """SELECT ?i ?title ?year { ?i iesi:startYear ?year ; dct:title ?title }
ORDER BY DESC(?year) ?title LIMIT 20""",
    },
    "path": {
        "participants": "SELECT DISTINCT ?name { <{n}> m8g:hasParticipation/m8g:hasParticipant/skos:prefLabel ?name }",
        "below an area": """SELECT (COUNT(DISTINCT ?i) AS ?number) { ?i m8g:thematicArea/skos:broader* ?top .
  ?top skos:topConceptOf ?scheme }""",
    },
    "gap": {
        "no outcome": """SELECT (COUNT(?i) AS ?number) {
  ?i a iesi:Initiative FILTER NOT EXISTS { ?i iesi:hasOutcome ?any } }""",
        "minus": "SELECT (COUNT(?i) AS ?number) { ?i a iesi:Initiative MINUS { ?i iesi:startYear ?year } }",
    },
    "aggregate": {
        "by country": """SELECT ?country (COUNT(?i) AS ?number) { ?i iesi:country ?country }
GROUP BY ?country ORDER BY DESC(?number) ?country""",
        "by area and year": """SELECT ?area (AVG(?year) AS ?mean) (COUNT(?i) AS ?number) {
  ?i m8g:thematicArea ?area ; iesi:startYear ?year } GROUP BY ?area ORDER BY ?area""",
    },
    "join": {
        "who works with whom": """SELECT ?a (COUNT(DISTINCT ?i) AS ?number) { ?i m8g:hasParticipation ?x , ?y .
  ?x m8g:hasParticipant ?a . ?y m8g:hasParticipant ?b FILTER(?a != ?b) }
GROUP BY ?a ORDER BY DESC(?number) ?a LIMIT 20""",
        "outcomes by country": """SELECT ?country (COUNT(?o) AS ?number) {
  ?i iesi:hasOutcome ?o ; iesi:country ?country ; m8g:hasParticipation ?part .
  ?part m8g:hasParticipant ?org . ?org a ?kind } GROUP BY ?country ORDER BY ?country""",
    },
    "text": {
        "contains": """SELECT ?i ?title { ?i dct:title ?title FILTER(CONTAINS(LCASE(?title), "care")) }
ORDER BY ?title LIMIT 50""",
        "regex": 'SELECT ?i { ?i dct:description ?text FILTER(REGEX(?text, "old(er)? people", "i")) } LIMIT 50',
    },
    "export": {
        "a thousand titles": "SELECT ?i ?title ?country { ?i dct:title ?title ; iesi:country ?country } LIMIT 1000",
        "all links": "SELECT ?i ?org { ?i m8g:hasParticipation/m8g:hasParticipant ?org } LIMIT 20000",
    },
}  # fmt: skip
# One of each class is put under load; each of the targets has one of these.
LOADED = {kind: next(iter(shapes)) for kind, shapes in SHAPES.items()} | {"aggregate": "by area and year"}
SMALL = ("lookup", "star")


def shapes() -> dict[str, str]:
    """Every shape under ``class: name``."""
    return {f"{kind}: {name}": PREFIXES + text for kind, named in SHAPES.items() for name, text in named.items()}


def loaded() -> dict[str, str]:
    """Those that are put under load, by class."""
    return {kind: PREFIXES + SHAPES[kind][name] for kind, name in LOADED.items()}


def questions() -> dict[str, str]:
    """The competency questions."""
    return {f"question: {question.slug}": question.query for question in competency()}
