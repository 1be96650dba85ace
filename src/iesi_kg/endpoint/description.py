"""Describes the endpoint to machines: SPARQL 1.1 Service Description (https://www.w3.org/TR/sparql11-service-description/)."""

from __future__ import annotations

from collections.abc import Iterator

from pyoxigraph import Literal, NamedNode, Triple

from iesi_kg.endpoint.negotiation import GRAPHS, TABLES, MediaType
from iesi_kg.endpoint.serialisation import write
from iesi_kg.endpoint.syntax import Guards
from iesi_kg.vocabulary.namespaces import DCT, RDF, RDFS, SD

_FORMATS = "http://www.w3.org/ns/formats/"
_FORMAT_NAMES = {
    "json": "SPARQL_Results_JSON",
    "xml": "SPARQL_Results_XML",
    "csv": "SPARQL_Results_CSV",
    "tsv": "SPARQL_Results_TSV",
    "ttl": "Turtle",
    "nt": "N-Triples",
    "rdf": "RDF_XML",
    "jsonld": "JSON-LD",
}


def service_description(
    endpoint: str, media: MediaType, guards: Guards, limits: str, *, scratch: bool = False
) -> bytes:
    """What this service is, can and bounds, as RDF; ``limits`` is a sentence on time and size."""
    return write(_triples(NamedNode(endpoint), guards, limits, scratch), media, {"formats": _FORMATS})


def _triples(service: NamedNode, guards: Guards, limits: str, scratch: bool) -> Iterator[Triple]:
    dataset, default = NamedNode(service.value + "#dataset"), NamedNode(service.value + "#default-graph")
    yield Triple(service, NamedNode(RDF + "type"), NamedNode(SD + "Service"))
    yield Triple(service, NamedNode(SD + "endpoint"), service)
    for language in ("SPARQL10Query", "SPARQL11Query", "SPARQL11Update"):
        yield Triple(service, NamedNode(SD + "supportedLanguage"), NamedNode(SD + language))
    yield Triple(service, NamedNode(SD + "feature"), NamedNode(SD + "EmptyGraphs"))
    if guards.services:
        yield Triple(service, NamedNode(SD + "feature"), NamedNode(SD + "BasicFederatedQuery"))
    for media in (*TABLES, *GRAPHS):
        yield Triple(service, NamedNode(SD + "resultFormat"), NamedNode(_FORMATS + _FORMAT_NAMES[media.short]))
    yield Triple(service, NamedNode(SD + "defaultDataset"), dataset)
    yield Triple(dataset, NamedNode(RDF + "type"), NamedNode(SD + "Dataset"))
    yield Triple(dataset, NamedNode(SD + "defaultGraph"), default)
    yield Triple(default, NamedNode(RDF + "type"), NamedNode(SD + "Graph"))
    if not scratch:
        comment = Literal("the merge of everything published", language="en")
        yield Triple(default, NamedNode(RDFS + "comment"), comment)
    updates = "updates are taken" if scratch else "updates need a token and reach the workspace graphs named with it"
    asked = f"SERVICE asks the servers listed at /peers, at most {guards.services} in a query"
    others = f"{asked}; LOAD fetches what they offer" if guards.services else "SERVICE and LOAD are refused"
    text = (
        f"{limits}; queries of at most {guards.length:,} characters, {guards.nesting} levels of brackets and "
        f"about {guards.patterns:,} patterns; {updates}; {others}"
    )
    yield Triple(service, NamedNode(DCT + "description"), Literal(text, language="en"))
