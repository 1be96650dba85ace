"""Runs the service description tests: the manifest names them, the standard says what each means.

https://www.w3.org/TR/sparql11-service-description/
"""

from __future__ import annotations

from pyoxigraph import BlankNode, Literal, NamedNode, Quad, RdfFormat
from suite_comparison import read_graph
from suite_evaluation import Miss
from suite_manifests import RDF, Test
from suite_service import Service

SD = "http://www.w3.org/ns/sparql-service-description#"
# Domain and range of the vocabulary (section 3.4), as far as they restrict what may stand in a description.
RESOURCES = {
    "endpoint", "feature", "defaultEntailmentRegime", "defaultSupportedEntailmentProfile", "entailmentRegime",
    "supportedEntailmentProfile", "extensionFunction", "extensionAggregate", "languageExtension", "supportedLanguage",
    "propertyFeature", "defaultDataset", "availableGraphs", "resultFormat", "inputFormat", "defaultGraph",
    "namedGraph", "name", "graph",
}  # fmt: skip
SERVICE_ONLY = RESOURCES - {
    "defaultGraph",
    "namedGraph",
    "name",
    "graph",
    "entailmentRegime",
    "supportedEntailmentProfile",
}
LANGUAGES = {SD + name for name in ("SPARQL10Query", "SPARQL11Query", "SPARQL11Update")}
FEATURES = {
    SD + name
    for name in (
        "DereferencesURIs", "UnionDefaultGraph", "RequiresDataset", "EmptyGraphs", "BasicFederatedQuery",
    )
}  # fmt: skip


def description_test(test: Test, service: Service) -> None:
    """A GET of the endpoint itself, judged by the test's name in the manifest. Raises Miss."""
    reply = service.ask("GET", service.query_path, {"Accept": "text/turtle"})
    kind = (reply.headers.get("Content-Type") or "").partition(";")[0]
    syntax = RdfFormat.from_media_type(kind) if reply.status == 200 else None
    if syntax is None:
        raise Miss(f"status {reply.status}, {kind}: no RDF")
    address = service.url + service.query_path
    quads = read_graph(reply.body, syntax, address)
    check = {
        "returns-rdf": _returns_rdf,
        "has-endpoint-triple": _has_endpoint,
        "conforms-to-schema": _conforms,
    }[test.iri.rpartition("#")[2]]
    check(quads, address)


def _returns_rdf(quads: list[Quad], address: str) -> None:
    if not quads:
        raise Miss("the description is empty")


def _has_endpoint(quads: list[Quad], address: str) -> None:
    if not any(q.predicate.value == SD + "endpoint" and q.object == NamedNode(address) for q in quads):
        raise Miss(f"no sd:endpoint is <{address}>")


def _conforms(quads: list[Quad], address: str) -> None:
    """Exactly what section 3 asks of a description: a service, and properties that join what they may join."""
    services = {q.subject for q in quads if q.predicate.value == RDF + "type" and q.object == NamedNode(SD + "Service")}
    if not services:
        raise Miss("nothing is an sd:Service")
    for quad in quads:
        name = quad.predicate.value.removeprefix(SD)
        if name == quad.predicate.value:
            continue
        if name not in RESOURCES:
            raise Miss(f"sd:{name} is no property of the vocabulary")
        if not isinstance(quad.object, NamedNode | BlankNode) or isinstance(quad.object, Literal):
            raise Miss(f"sd:{name} has the value {quad.object}")
        if name in SERVICE_ONLY and quad.subject not in services:
            raise Miss(f"sd:{name} is said of {quad.subject}, which is no service")
        if name == "supportedLanguage" and quad.object.value.startswith(SD) and quad.object.value not in LANGUAGES:
            raise Miss(f"{quad.object} is no language")
        if name == "feature" and quad.object.value.startswith(SD) and quad.object.value not in FEATURES:
            raise Miss(f"{quad.object} is no feature")
