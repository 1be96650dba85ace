from __future__ import annotations

import pytest
from rdflib import SH, Graph, Literal, URIRef
from rdflib.collection import Collection

from iesi_kg import assets

from .conftest import CODE, Engine

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
        name = str(shape).removeprefix("https://w3id.org/iesi-kg/shapes#")
        assert name == str(code) or (str(code) == "disjoint" and name.startswith("disjoint-"))
        assert published.value(shape, SH.severity), code
        assert published.value(shape, SH.order) is not None, code


def test_every_rule_is_named_in_five_languages(published: Graph, stronger: Graph) -> None:
    for shapes in (published, stronger):
        for shape in shapes.subjects(CODE):
            names = [name for name in shapes.objects(shape, SH.name) if isinstance(name, Literal)]
            assert sorted(str(name.language) for name in names) == ["de", "en", "es", "fr", "it"], shape


def test_a_name_is_said_once_by_hand_or_taken_from_column_or_ontology() -> None:
    by_hand = Graph()
    for path in assets.names("shapes", ".ttl"):
        by_hand.parse(data=assets.text(path), format="turtle")
    taken = Graph().parse(data=assets.text("shapes/generated/names.ttl"), format="turtle")
    assert set(taken.subjects(SH.name)) & set(by_hand.subjects(SH.name)) == set()
    start = URIRef("https://w3id.org/iesi-kg/shapes#start-year-range")
    assert set(taken.objects(start, SH.name)) == {
        Literal("start year", lang="en"), Literal("année de début", lang="fr"), Literal("Beginn (Jahr)", lang="de"),
        Literal("año de inicio", lang="es"), Literal("anno di inizio", lang="it"),
    }  # fmt: skip


def test_every_file_of_shapes_is_part_of_a_profile() -> None:
    outline = "".join(assets.text(path) for path in assets.names("shapes/profiles", ".ttl"))
    assert all(f"shapes:{path.removeprefix('shapes/')}" in outline for path in assets.names("shapes", ".ttl"))
    assert all(f"iesi-kg/{path}>" in outline for path in assets.names("shapes/generated", ".ttl"))


def test_codes_are_looked_up_in_the_code_lists_and_never_listed_in_a_shape(published: Graph) -> None:
    listed = {str(item) for items in published.objects(None, SH["in"]) for item in Collection(published, items)}
    assert listed and not [item for item in listed if item.startswith(CODES)]


@pytest.mark.parametrize("label", [Literal("robotics"), Literal("robots", lang="en")])
def test_a_label_without_language_or_a_second_one_is_found(
    example: Graph, published: Graph, findings: Engine, label: Literal
) -> None:
    example.add((URIRef(f"{CODES}technology/robotics"), URIRef(f"{SKOS}prefLabel"), label))
    assert findings(example, published) == {("concept-label", "Violation")}
