from __future__ import annotations

from collections.abc import Callable

import pytest
from rdflib import SH, Graph, Literal, URIRef

from iesi_kg import assets

from .conftest import CODE, Found

Engine = Callable[[Graph, Graph], Found]
FOAF_TOPIC = URIRef("http://xmlns.com/foaf/0.1/primaryTopic")
SKOS = "http://www.w3.org/2004/02/skos/core#"
CODES = "https://w3id.org/iesi-kg/codes/"


def test_a_complete_record_and_every_code_list_satisfy_the_profile(
    example: Graph, published: Graph, findings: Engine
) -> None:
    assert findings(example, published) == set()


def test_an_initiative_without_catalogue_record_is_not_published(
    example: Graph, published: Graph, findings: Engine
) -> None:
    record = next(example.subjects(FOAF_TOPIC))
    example.remove((record, None, None))
    assert findings(example, published) == {("published-record", "Violation")}


@pytest.mark.parametrize(
    ("code", "predicate"),
    [
        ("concept-notation", f"{SKOS}notation"),
        ("concept-label", f"{SKOS}prefLabel"),
        ("concept-definition", f"{SKOS}definition"),
        ("concept-source", "http://purl.org/dc/terms/source"),
        ("concept-scheme", f"{SKOS}inScheme"),
        ("concept-verification", "https://w3id.org/iesi-kg/ontology#verificationStatus"),
    ],
)
def test_a_code_that_lacks_something_is_found(
    example: Graph, published: Graph, findings: Engine, code: str, predicate: str
) -> None:
    example.remove((URIRef(f"{CODES}technology/robotics"), URIRef(predicate), None))
    assert findings(example, published) == {(code, "Violation")}


def test_every_shape_speaks(published: Graph) -> None:
    """Each rule has a key that is its name, severity, name and order; its messages are tested with the framework."""
    for shape, code in published.subject_objects(CODE):
        assert str(shape) == f"https://w3id.org/iesi-kg/shapes#{code}"
        assert published.value(shape, SH.severity) and published.value(shape, SH.name), code
        assert published.value(shape, SH.order) is not None, code


def test_every_file_of_shapes_is_part_of_a_profile() -> None:
    outline = "".join(assets.text(path) for path in assets.names("shapes/profiles", ".ttl"))
    assert all(f"shapes:{path.removeprefix('shapes/')}" in outline for path in assets.names("shapes", ".ttl"))


def test_codes_are_looked_up_in_the_code_lists_and_never_listed_in_a_shape(published: Graph) -> None:
    assert list(published.subject_objects(SH["in"])) == []


@pytest.mark.parametrize("label", [Literal("robotics"), Literal("robots", lang="en")])
def test_a_label_without_language_or_a_second_one_is_found(
    example: Graph, published: Graph, findings: Engine, label: Literal
) -> None:
    example.add((URIRef(f"{CODES}technology/robotics"), URIRef(f"{SKOS}prefLabel"), label))
    assert findings(example, published) == {("concept-label", "Violation")}
