"""The page on the framework counts right, and its examples are what the shapes accept."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pyoxigraph import RdfFormat, Store, parse

from iesi_kg import assets

from .conftest import load, rows

PREFIXES = """
PREFIX iesi: <https://w3id.org/iesi-kg/ontology#>
PREFIX owl: <http://www.w3.org/2002/07/owl#>
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
"""
OURS = "FILTER (STRSTARTS(STR(?x), 'https://w3id.org/iesi-kg/ontology#'))"
COUNTED = {
    "classes": f"?x a owl:Class {OURS}",
    "properties": f"?x a ?k FILTER (?k IN (owl:ObjectProperty, owl:DatatypeProperty, owl:AnnotationProperty)) {OURS}",
    "code lists": "?x a skos:ConceptScheme",
    "codes": "?x a skos:Concept",
    "rules in the shapes": "?x iesi:code ?code",
    "statements on welfare clusters": "?x a iesi:WelfareAssignment",
    "verified": "?x a skos:Concept ; iesi:verificationStatus/skos:notation 'verified'",
    "verified elsewhere": "?x a skos:Concept ; iesi:verificationStatus/skos:notation 'elsewhere'",
    "from the project brief": "?x a skos:Concept ; iesi:verificationStatus/skos:notation 'brief'",
    "reconstructed": "?x a skos:Concept ; iesi:verificationStatus/skos:notation 'reconstructed'",
}


@pytest.fixture(scope="module")
def page(root: Path) -> str:
    return (root / "docs/explanation/iesi-framework.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def whole() -> Store:
    folders = ("ontology/codelists", "ontology/assignments", "shapes")
    return load("ontology/iesi.ttl", *(name for folder in folders for name in assets.names(folder, ".ttl")))


@pytest.mark.parametrize("name", COUNTED)
def test_a_figure_of_the_page_is_right(page: str, whole: Store, name: str) -> None:
    ((said,),) = [re.findall(rf"^\| {name} \|(?:[^|\n]*\|)?? (\d+) \|$", page, re.MULTILINE)]
    ((counted,),) = rows(whole, f"{PREFIXES} SELECT (COUNT(DISTINCT ?x) AS ?n) WHERE {{ {COUNTED[name]} }}")
    assert said == counted


def test_every_term_the_page_names_is_declared(page: str, whole: Store) -> None:
    named = set(re.findall(r"iesi:(\w+)", page))
    declared = {row[0].rsplit("#", 1)[1] for row in rows(whole, f"SELECT DISTINCT ?x WHERE {{ ?x a ?k {OURS} }}")}
    assert len(named) > 30
    assert named <= declared


def test_the_examples_are_part_of_the_record_the_shapes_accept(page: str, root: Path) -> None:
    record = set(parse((root / "tests/shapes/framework.ttl").read_bytes(), format=RdfFormat.TURTLE))
    examples = [
        set(parse(text, format=RdfFormat.TURTLE)) for text in re.findall(r"```turtle\n(.*?)```", page, re.DOTALL)
    ]
    assert [len(example - record) for example in examples] == [1, 0]  # the first is shown before its review
