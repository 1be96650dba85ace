"""Shapes are run as they are published: a profile is the union of its parts, the data graph holds the code lists and
which property takes its codes from which.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyshacl
import pytest
import shifty
from rdflib import SH, Graph, URIRef

from iesi_kg import assets

HERE = Path(__file__).parent
PARTS = "https://w3id.org/iesi-kg/shapes/"
HAS_PART = URIRef("http://purl.org/dc/terms/hasPart")
CODE = URIRef("https://w3id.org/iesi-kg/ontology#code")
CODE_LIST = URIRef("https://w3id.org/iesi-kg/ontology#codeList")

Found = set[tuple[str, str]]
Engine = Callable[[Graph, Graph], Found]


@lru_cache(maxsize=4)
def profile(name: str) -> Graph:
    """The shapes of a profile in one graph; not to be changed."""
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
def findings() -> Engine:
    """What pySHACL, the reference engine, finds: pairs of our code and severity."""
    return _reference


@pytest.fixture(scope="session")
def agreed() -> Engine:
    """What both engines find, which must be equal."""

    def run(data: Graph, shapes: Graph) -> Found:
        found = _reference(data, shapes)
        assert _fast(data, shapes) == found
        return found

    return run


def one_of_a_kind(cases: Iterable[tuple[str, ...]]) -> list[Any]:
    """Cases of which all but the first of each kind of rule, told by the last word of its code, wait for the long run.

    Rules of one kind are the same constraints on other properties. That the fast engine finds every rule's mistake is
    tested in test_approved; here it is compared with the reference, which is much slower.
    """
    made, kinds = [], set[str]()
    for code, *rest in cases:
        kind = code.rsplit("-", 1)[-1]
        made.append(pytest.param(code, *rest, id=code, marks=[pytest.mark.long] if kind in kinds else []))
        kinds.add(kind)
    return made


def _reference(data: Graph, shapes: Graph) -> Found:
    _, report, _ = pyshacl.validate(data, shacl_graph=shapes)
    return read(report, shapes)


def _fast(data: Graph, shapes: Graph) -> Found:
    _, report, _ = shifty.validate(data, shapes, infer=False, on_unsupported="error", graph_mode="data")
    return read(report, shapes)


def read(report: Graph, shapes: Graph) -> Found:
    """Pairs of our code and severity in a standard report; what stands under sh:detail is no result of its own."""
    return {
        (str(shapes.value(report.value(result, SH.sourceShape), CODE)), str(severity).rsplit("#", 1)[1])
        for result in report.objects(None, SH.result)
        if (severity := report.value(result, SH.resultSeverity)) is not None
    }
