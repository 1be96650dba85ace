"""Describes the endpoint to machines: SPARQL 1.1 Service Description (https://www.w3.org/TR/sparql11-service-description/).

It has no words for limits: those are terms of our own, defined in ontology/service.ttl.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

import pyoxigraph
from pyoxigraph import Literal, NamedNode, RdfFormat, Triple

from iesi_kg import assets
from iesi_kg.endpoint.negotiation import GRAPHS, TABLES, MediaType
from iesi_kg.endpoint.serialisation import write
from iesi_kg.endpoint.sizes import Sizes
from iesi_kg.vocabulary.namespaces import DCT, RDF, RDFS, SD, SERVICE, VOID, XSD

VOCABULARY = "ontology/service.ttl"
_FORMATS = "http://www.w3.org/ns/formats/"
_SIMPLE = NamedNode("http://www.w3.org/ns/entailment/Simple")
_TYPE = NamedNode(RDF + "type")
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


@dataclass(frozen=True, slots=True)
class Service:
    """What a service can, bounds and holds.

    ``limits`` are the limits by class of callers, each by the local name of its term; ``sizes`` how many statements
    each graph has; ``languages`` and ``features`` are names of ``sd:``;
    ``beside`` are addresses of other services on the same data.
    """

    address: str
    limits: Mapping[str, Mapping[str, float]]
    sizes: Sizes
    languages: tuple[str, ...] = ("SPARQL10Query", "SPARQL11Query")
    features: tuple[str, ...] = ()
    comment: str = ""
    merge: str = ""
    beside: tuple[str, ...] = ()


def service_description(service: Service, media: MediaType, about: Iterable[Triple] = ()) -> bytes:
    """What a service is, as RDF; ``about`` says more of the data that it holds."""
    prefixes = {"formats": _FORMATS, "service": SERVICE}
    return write(dict.fromkeys([*_triples(service), *vocabulary(), *about]), media, prefixes)


@cache
def vocabulary() -> tuple[Triple, ...]:
    """The terms for limits with their definitions."""
    return tuple(quad.triple for quad in pyoxigraph.parse(assets.content(VOCABULARY), RdfFormat.TURTLE))


def _triples(service: Service) -> Iterator[Triple]:
    node = NamedNode(service.address)
    yield Triple(node, _TYPE, NamedNode(SD + "Service"))
    yield Triple(node, NamedNode(SD + "endpoint"), node)
    for language in service.languages:
        yield Triple(node, NamedNode(SD + "supportedLanguage"), NamedNode(SD + language))
    for feature in service.features:
        yield Triple(node, NamedNode(SD + "feature"), NamedNode(SD + feature))
    for media in (*TABLES, *GRAPHS):
        yield Triple(node, NamedNode(SD + "resultFormat"), NamedNode(_FORMATS + _FORMAT_NAMES[media.short]))
    yield Triple(node, NamedNode(SD + "defaultEntailmentRegime"), _SIMPLE)
    if service.comment:
        yield Triple(node, NamedNode(DCT + "description"), Literal(service.comment, language="en"))
    for address in service.beside:
        yield Triple(node, NamedNode(RDFS + "seeAlso"), NamedNode(address))
    yield from _dataset(service, node)
    for caller, limits in service.limits.items():
        yield from _limits(node, caller, limits)


def _dataset(service: Service, node: NamedNode) -> Iterator[Triple]:
    dataset, default = NamedNode(f"{node.value}#dataset"), NamedNode(f"{node.value}#default-graph")
    yield Triple(node, NamedNode(SD + "defaultDataset"), dataset)
    yield Triple(node, NamedNode(SD + "availableGraphs"), dataset)
    yield Triple(dataset, _TYPE, NamedNode(SD + "Dataset"))
    yield Triple(dataset, _TYPE, NamedNode(SD + "GraphCollection"))
    yield Triple(dataset, NamedNode(SD + "defaultGraph"), default)
    yield Triple(default, _TYPE, NamedNode(SD + "Graph"))
    yield from _counted(default, service.sizes.merged)
    if service.merge:
        yield Triple(default, NamedNode(RDFS + "comment"), Literal(service.merge, language="en"))
    for number, (name, triples) in enumerate(sorted(service.sizes.graphs.items()), start=1):
        named, graph = NamedNode(f"{node.value}#named-graph-{number}"), NamedNode(f"{node.value}#graph-{number}")
        yield Triple(dataset, NamedNode(SD + "namedGraph"), named)
        yield Triple(named, _TYPE, NamedNode(SD + "NamedGraph"))
        yield Triple(named, NamedNode(SD + "name"), NamedNode(name))
        yield Triple(named, NamedNode(SD + "graph"), graph)
        yield Triple(graph, _TYPE, NamedNode(SD + "Graph"))
        yield from _counted(graph, triples)


def _counted(graph: NamedNode, triples: int | None) -> Iterator[Triple]:
    if triples is not None:
        yield Triple(graph, NamedNode(VOID + "triples"), _integer(triples))


def _limits(node: NamedNode, caller: str, limits: Mapping[str, float]) -> Iterator[Triple]:
    group = NamedNode(f"{node.value}#limits-{caller}")
    yield Triple(node, NamedNode(SERVICE + "limits"), group)
    yield Triple(group, _TYPE, NamedNode(SERVICE + "Limits"))
    yield Triple(group, NamedNode(SERVICE + "caller"), Literal(caller))
    for name, value in limits.items():
        yield Triple(group, NamedNode(SERVICE + name), _decimal(value) if name == "seconds" else _integer(int(value)))


def _integer(number: int) -> Literal:
    return Literal(str(number), datatype=NamedNode(XSD + "integer"))


def _decimal(number: float) -> Literal:
    return Literal(f"{Decimal(str(number)):f}", datatype=NamedNode(XSD + "decimal"))
