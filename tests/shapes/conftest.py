"""Shapes are run as they are published: a profile is the union of its parts, the data graph holds the code lists and
which property takes its codes from which.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyshacl
import pytest
from rdflib import SH, Graph, URIRef

from iesi_kg import assets

HERE = Path(__file__).parent
PARTS = "https://w3id.org/iesi-kg/shapes/"
HAS_PART = URIRef("http://purl.org/dc/terms/hasPart")
CODE = URIRef("https://w3id.org/iesi-kg/ontology#code")
CODE_LIST = URIRef("https://w3id.org/iesi-kg/ontology#codeList")

Found = set[tuple[str, str]]


def profile(name: str) -> Graph:
    """The shapes of a profile in one graph."""
    outline = Graph().parse(data=assets.text(f"shapes/profiles/{name}.ttl"), format="turtle")
    shapes = Graph()
    for part in outline.objects(None, HAS_PART):
        shapes.parse(data=assets.text(f"shapes/{str(part).removeprefix(PARTS)}"), format="turtle")
    return shapes


@pytest.fixture(scope="session")
def codes() -> Graph:
    graph = Graph()
    for path in assets.names("ontology/codelists", ".ttl"):
        graph.parse(data=assets.text(path), format="turtle")
    ontology = Graph().parse(data=assets.text("ontology/iesi.ttl"), format="turtle")
    for fact in ontology.triples((None, CODE_LIST, None)):
        graph.add(fact)
    return graph


@pytest.fixture(scope="session")
def submission() -> Graph:
    return profile("submission")


@pytest.fixture(scope="session")
def published() -> Graph:
    return profile("published")


@pytest.fixture
def example(codes: Graph) -> Graph:
    """The valid record with the code lists, fresh for each test."""
    graph = Graph()
    for triple in codes:
        graph.add(triple)
    return graph.parse(HERE / "valid.ttl", format="turtle")


@pytest.fixture
def full(example: Graph) -> Graph:
    """The valid record with everything the framework can say of it, fresh for each test."""
    return example.parse(HERE / "framework.ttl", format="turtle")


@pytest.fixture(scope="session")
def stronger() -> Graph:
    return profile("stronger")


@pytest.fixture(scope="session")
def findings() -> Callable[[Graph, Graph], Found]:
    """What pySHACL, the reference engine, finds: pairs of our code and severity."""

    def run(data: Graph, shapes: Graph) -> Found:
        _, report, _ = pyshacl.validate(data, shacl_graph=shapes)
        return read(report, shapes)

    return run


def read(report: Graph, shapes: Graph) -> Found:
    """Pairs of our code and severity in a standard report; what stands under sh:detail is no result of its own."""
    return {
        (str(shapes.value(report.value(result, SH.sourceShape), CODE)), str(severity).rsplit("#", 1)[1])
        for result in report.objects(None, SH.result)
        if (severity := report.value(result, SH.resultSeverity)) is not None
    }
