"""What the service says of itself is true: each count is asked again by a query written for this test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from pyoxigraph import Literal, NamedNode, RdfFormat, Store, parse
from release_records import FIRST, SECOND

from iesi_kg import settings
from iesi_kg.analysis.examples import examples
from iesi_kg.publication import erasure
from iesi_kg.publication.erasure import Order
from iesi_kg.publication.release_shelf import Shelf
from iesi_kg.store.base import Reader, Solution
from iesi_kg.store.embedded import EmbeddedStore
from iesi_kg.vocabulary.namespaces import PREFIXES
from running_server import Server

SD = "http://www.w3.org/ns/sparql-service-description#"
VOID = "PREFIX void: <http://rdfs.org/ns/void#> PREFIX ext: <http://ldf.fi/void-ext#> "
DATASET = "<https://w3id.org/iesi-kg/id/dataset/iesi-kg>"
SERVICE = "https://w3id.org/iesi-kg/service#"

# What the SPARQL editor of SIB asks of every endpoint (sparql-editor 0.2.15, metadata.ts), in its own form.
EDITOR_PREFIXES = """
PREFIX sh: <http://www.w3.org/ns/shacl#>
SELECT DISTINCT ?prefix ?namespace WHERE { [] sh:namespace ?namespace ; sh:prefix ?prefix } ORDER BY ?prefix
"""
EDITOR_EXAMPLES = """
PREFIX sh: <http://www.w3.org/ns/shacl#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
PREFIX spex: <https://purl.expasy.org/sparql-examples/ontology#>
SELECT DISTINCT ?sq ?comment ?query WHERE {
  ?sq a sh:SPARQLExecutable ; rdfs:comment ?comment ; sh:select|sh:ask|sh:construct|spex:describe ?query .
} ORDER BY ?sq
"""
EDITOR_CLASSES = """
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
PREFIX sd: <http://www.w3.org/ns/sparql-service-description#>
PREFIX void: <http://rdfs.org/ns/void#>
PREFIX void-ext: <http://ldf.fi/void-ext#>
SELECT DISTINCT ?graph ?subjectClass ?prop ?objectClass ?objectDatatype ?triples ?subjectClassLabel WHERE {
  {
    OPTIONAL { ?graph sd:graph ?graphDesc . ?graphDesc void:classPartition ?cp . }
    ?cp void:class ?subjectClass ; void:propertyPartition ?pp .
    OPTIONAL { ?subjectClass rdfs:label ?subjectClassLabel }
    ?pp void:property ?prop .
    OPTIONAL { ?pp void:triples ?triples }
    OPTIONAL {
      { ?pp void:classPartition [ void:class ?objectClass ] . }
      UNION { ?pp void-ext:datatypePartition [ void-ext:datatype ?objectDatatype ] . }
    }
  } UNION {
    ?linkset void:subjectsTarget [ void:class ?subjectClass ] ; void:linkPredicate ?prop ;
      void:objectsTarget [ void:class ?objectClass ] .
  }
} ORDER BY ?subjectClass ?objectClass ?objectDatatype ?graph ?triples
"""


@pytest.fixture(scope="module")
def reader(folder: Path) -> Iterator[Reader]:
    store = EmbeddedStore(folder)
    yield store.reader()
    store.close()


def rows(reader: Reader, query: str) -> set[tuple[str, ...]]:
    def value(row: Solution, name: str) -> str:
        return str(getattr(row.get(name), "value", ""))

    found = reader.select(query)
    return {tuple(value(row, name) for name in sorted(row)) for row in found}


COUNTED = {
    "statements": ("void:triples", "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"),
    "classes": ("void:classes", "SELECT (COUNT(DISTINCT ?c) AS ?n) { ?s a ?c }"),
    "properties": ("void:properties", "SELECT (COUNT(DISTINCT ?p) AS ?n) { ?s ?p ?o }"),
    "subjects": ("void:distinctSubjects", "SELECT (COUNT(DISTINCT ?s) AS ?n) { ?s ?p ?o }"),
}
PARTITIONS = {
    "classes": (
        f"SELECT ?a ?n {{ {DATASET} void:classPartition ?x . ?x void:class ?a ; void:entities ?n }}",
        "SELECT ?a (COUNT(DISTINCT ?s) AS ?n) { ?s a ?a } GROUP BY ?a",
    ),
    "properties": (
        f"SELECT ?a ?n {{ {DATASET} void:propertyPartition ?x . ?x void:property ?a ; void:triples ?n }}",
        "SELECT ?a (COUNT(*) AS ?n) { ?s ?a ?o } GROUP BY ?a",
    ),
    "properties of classes": (
        "SELECT ?a ?b ?n { ?x void:class ?a ; void:propertyPartition ?y . ?y void:property ?b ; void:triples ?n }",
        "SELECT ?a ?b (COUNT(*) AS ?n) { ?s a ?a ; ?b ?o } GROUP BY ?a ?b",
    ),
    "classes of values": (
        "SELECT ?a ?b ?c ?n { ?x void:class ?a ; void:propertyPartition ?y . "
        "?y void:property ?b ; void:classPartition ?z . ?z void:class ?c ; void:triples ?n }",
        "SELECT ?a ?b ?c (COUNT(*) AS ?n) { ?s a ?a ; ?b ?o . ?o a ?c } GROUP BY ?a ?b ?c",
    ),
    "datatypes of values": (
        "SELECT ?a ?b ?c ?n { ?x void:class ?a ; void:propertyPartition ?y . "
        "?y void:property ?b ; ext:datatypePartition ?z . ?z ext:datatype ?c ; void:triples ?n }",
        "SELECT ?a ?b ?c (COUNT(*) AS ?n) { ?s a ?a ; ?b ?o . FILTER(ISLITERAL(?o)) BIND(DATATYPE(?o) AS ?c) } "
        "GROUP BY ?a ?b ?c",
    ),
}


def assert_true(reader: Reader) -> None:
    for what, (term, query) in COUNTED.items():
        assert rows(reader, f"{VOID} SELECT ?n {{ {DATASET} {term} ?n }}") == rows(reader, query), what
    for what, (told, counted) in PARTITIONS.items():
        found = rows(reader, VOID + told)
        assert found == rows(reader, counted), what
        assert len(found) >= 5, what


def test_every_count_is_true_after_two_submissions(reader: Reader) -> None:
    assert_true(reader)


def test_every_count_of_a_release_is_true_after_an_erasure(small: Path) -> None:
    """The counts of a rewritten release too, and those of the store."""
    store, shelf = EmbeddedStore.open(small, keep=1), Shelf(small)
    alpha = NamedNode("https://w3id.org/iesi-kg/id/initiative/alpha-lisboa")
    erasure.erase(store, shelf, Order(alpha, "a test", SECOND))
    assert_true(store.reader())
    assert_true(EmbeddedStore(shelf.opened(shelf.get("2026.1"))).reader())
    assert shelf.get("2026.1").issued == f"{FIRST:%Y-%m-%dT%H:%M:%SZ}"


def test_linksets_vocabularies_and_examples_of_resources(reader: Reader) -> None:
    links = rows(
        reader,
        f"{VOID} SELECT ?n ?p ?u {{ {DATASET} void:subset ?x . ?x a void:Linkset ; void:linkPredicate ?p ; "
        "void:triples ?n ; void:subjectsTarget ?d ; void:objectsTarget ?t . ?t void:uriSpace ?u }",
    )
    counted = reader.select(
        "PREFIX dct: <http://purl.org/dc/terms/> SELECT (COUNT(*) AS ?n) { ?s dct:spatial ?o "
        'FILTER(STRSTARTS(STR(?o), "http://data.europa.eu/nuts/code/")) }'
    )
    nuts = (counted[0]["n"].value, "http://purl.org/dc/terms/spatial", "http://data.europa.eu/nuts/code/")  # type: ignore[union-attr]
    assert nuts in links
    used = {row[0] for row in rows(reader, f"{VOID} SELECT ?v {{ {DATASET} void:vocabulary ?v }}")}
    assert {
        "http://purl.org/dc/terms/",
        "https://w3id.org/iesi-kg/ontology#",
        "http://www.w3.org/2004/02/skos/core#",
    } <= used
    shown = rows(reader, f"{VOID} SELECT ?x {{ {DATASET} void:exampleResource ?x }}")
    assert shown
    assert shown <= rows(reader, "SELECT ?x { ?x a ?c }")


def test_the_editor_of_sib_finds_all_it_asks_for(server: Server, reader: Reader) -> None:
    reply = server.query(EDITOR_PREFIXES, "text/csv")
    assert dict(line.split(",", 1) for line in reply.text.split("\r\n")[1:-1]) == PREFIXES
    found = {row["sq"]: row["query"].value for row in reader.select(EDITOR_EXAMPLES)}  # type: ignore[union-attr]
    assert sorted(found.values()) == sorted(example.query.strip() for example in examples())
    classes = server.query(EDITOR_CLASSES, "application/sparql-results+json")
    assert classes.status == 200
    told = {(row["subjectClass"], row["prop"]) for row in reader.select(EDITOR_CLASSES)}
    iesi = "https://w3id.org/iesi-kg/ontology#"
    assert (NamedNode(f"{iesi}Initiative"), NamedNode(f"{iesi}startYear")) in told


def description(server: Server, path: str = "/sparql", accept: str = "text/turtle") -> Store:
    reply = server.ask("GET", path, {"Accept": accept})
    assert (reply.status, reply.headers["Content-Type"].partition(";")[0]) == (200, accept)
    store = Store()
    syntax = RdfFormat.from_media_type(accept)
    assert syntax
    store.extend(parse(reply.body, syntax))
    return store


def test_the_service_description_is_complete_and_true(server: Server, folder: Path) -> None:
    about = description(server)
    service = NamedNode(server.endpoint)

    def told(name: str) -> set[str]:
        found = about.quads_for_pattern(service, NamedNode(SD + name), None)
        return {quad.object.value.rpartition("#")[2].rpartition("/")[2] for quad in found}  # type: ignore[union-attr]

    assert told("supportedLanguage") == {"SPARQL10Query", "SPARQL11Query", "SPARQL11Update"}
    assert told("feature") == {"EmptyGraphs", "BasicFederatedQuery"}
    assert told("defaultEntailmentRegime") == {"Simple"}
    assert told("resultFormat") == {
        "SPARQL_Results_JSON", "SPARQL_Results_XML", "SPARQL_Results_CSV", "SPARQL_Results_TSV",
        "Turtle", "N-Triples", "RDF_XML", "JSON-LD",
    }  # fmt: skip
    graphs = about.query(
        f"PREFIX sd: <{SD}> {VOID} SELECT ?name ?n {{ ?s sd:defaultDataset/sd:namedGraph ?g . "
        "?g sd:name ?name ; sd:graph/void:triples ?n }"
    )
    store = EmbeddedStore(folder)
    counted = store.reader().select("SELECT ?name (COUNT(*) AS ?n) { GRAPH ?name { ?s ?p ?o } } GROUP BY ?name")
    store.close()
    assert {(row["name"], row["n"]) for row in graphs} == {(row["name"], row["n"]) for row in counted}  # type: ignore[union-attr]


def test_limits_are_told_in_documented_terms(server: Server) -> None:
    about = description(server)
    given = settings.Settings()
    text = {
        "characters": given.query_length, "nesting": given.query_nesting, "patterns": given.query_patterns,
        "path": given.query_path, "values": given.query_values, "waiting": given.query_queue,
    }  # fmt: skip
    anonymous = {
        "seconds": given.query_seconds, "rows": given.query_rows, "bytes": given.query_bytes,
        "memory": given.query_memory, "concurrent": given.query_concurrent, "requests": given.query_requests,
    }  # fmt: skip
    token = {
        "seconds": given.token_seconds, "rows": given.token_rows, "bytes": given.token_bytes,
        "memory": given.token_memory, "concurrent": given.token_concurrent, "requests": given.token_requests,
    }  # fmt: skip
    for caller, limits in (("anonymous", anonymous), ("token", token)):
        found = about.query(
            f"PREFIX s: <{SERVICE}> SELECT ?p ?o {{ ?x s:caller '{caller}' ; ?p ?o FILTER(ISNUMERIC(?o)) }}"
        )
        told = {row["p"].value.removeprefix(SERVICE): float(row["o"].value) for row in found}  # type: ignore[union-attr]
        assert told == {name: most for name, most in (limits | text).items() if most}, caller
    vocabulary = description(server, "/service")
    for name in (*anonymous, *text, "limits", "Limits", "caller"):
        term = NamedNode(SERVICE + name)
        for said in ("http://www.w3.org/2000/01/rdf-schema#label", "http://www.w3.org/2004/02/skos/core#definition"):
            (quad,) = vocabulary.quads_for_pattern(term, NamedNode(said), None)
            assert isinstance(quad.object, Literal)
        assert any(vocabulary.quads_for_pattern(term, NamedNode("http://purl.org/dc/terms/source"), None))


def test_void_has_its_well_known_address(server: Server, reader: Reader) -> None:
    for accept in ("text/turtle", "application/n-triples", "application/rdf+xml", "application/ld+json"):
        about = description(server, "/.well-known/void", accept)
        (told,) = about.quads_for_pattern(
            NamedNode(DATASET.strip("<>")), NamedNode("http://rdfs.org/ns/void#triples"), None
        )
        assert rows(reader, "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }") == {(told.object.value,)}  # type: ignore[union-attr]
    assert server.ask("GET", "/.well-known/void", {"Accept": "image/png"}).status == 406
    first = server.ask("GET", "/.well-known/void")
    assert server.ask("GET", "/.well-known/void", {"If-None-Match": first.headers["ETag"]}).status == 304


def test_a_release_describes_itself_under_its_own_address(server: Server) -> None:
    about = description(server, "/v/2026.1/sparql")
    service = NamedNode(f"{server.url}/v/2026.1/sparql")
    assert any(about.quads_for_pattern(service, NamedNode(SD + "endpoint"), service))


def test_terms_do_not_list_the_description_among_what_uses_them(server: Server) -> None:
    page = server.ask("GET", "/ontology/startYear.ttl")
    assert page.status == 200
    assert "dataset/iesi-kg" not in page.text
    query = "ASK { ?x <http://rdfs.org/ns/void#property> <https://w3id.org/iesi-kg/ontology#startYear> }"
    assert '"boolean":true' in server.ask("GET", f"/sparql?query={quote(query)}").text.replace(" ", "")
