"""Two engines behind one door: the same results on the same input, and the door picks by the features used."""

from __future__ import annotations

from collections.abc import Iterable

import pyoxigraph
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyoxigraph import RdfFormat, Triple

from iesi_kg.errors import InputError
from iesi_kg.records import Severity
from iesi_kg.validation import shapes
from iesi_kg.validation.engine import PySHACL, Result, Shifty, engine, validate

PREFIXES = """
@prefix ex: <http://e/> . @prefix sh: <http://www.w3.org/ns/shacl#> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix iesi: <https://w3id.org/iesi-kg/ontology#> . @prefix id: <https://w3id.org/iesi-kg/id/> .
@prefix dct: <http://purl.org/dc/terms/> . @prefix m8g: <http://data.europa.eu/m8g/> .
@prefix codes: <https://w3id.org/iesi-kg/codes/> . @prefix foaf: <http://xmlns.com/foaf/0.1/> .
@prefix org: <http://www.w3.org/ns/org#> . @prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix schema: <https://schema.org/> . @prefix adms: <http://www.w3.org/ns/adms#> .
@prefix dcat: <http://www.w3.org/ns/dcat#> .
"""

Key = tuple[str, str | None, str, Severity, str]


def triples(turtle: str) -> list[Triple]:
    return [quad.triple for quad in pyoxigraph.parse(PREFIXES + turtle, RdfFormat.TURTLE)]


def keys(results: Iterable[Result]) -> set[Key]:
    return {(r.focus, r.path, r.shape, r.severity, str(r.value)) for r in results}


def both(data: list[Triple], text: str) -> set[Key]:
    """The results of the two engines, which must be equal."""
    content = pyoxigraph.serialize(data, format=RdfFormat.N_TRIPLES) or b""
    fast, reference = keys(Shifty(text)(content)), keys(PySHACL(text)(content))
    assert fast == reference
    return fast


GOOD = """
<https://w3id.org/iesi-kg/id/initiative/a> a iesi:Initiative ; dct:title "A" ; dct:description "It helps."@en ;
  iesi:country <https://w3id.org/iesi-kg/codes/country/ES> ; iesi:startYear 2013 ;
  m8g:thematicArea <https://w3id.org/iesi-kg/codes/policy-area/childcare> ; iesi:targetGroupText "all" ;
  m8g:hasParticipation <https://w3id.org/iesi-kg/id/initiative/a#lead> ;
  iesi:hasSourceReading <https://w3id.org/iesi-kg/id/initiative/a#source-1> .
<https://w3id.org/iesi-kg/id/initiative/a#lead> a iesi:Participation ;
  m8g:hasParticipant <https://w3id.org/iesi-kg/id/organisation/o> ;
  m8g:role <https://w3id.org/iesi-kg/codes/participation-role/lead> .
<https://w3id.org/iesi-kg/id/organisation/o> a org:Organization ; skos:prefLabel "O" .
<https://w3id.org/iesi-kg/id/initiative/a#source-1> a iesi:SourceReading ;
  iesi:document <https://w3id.org/iesi-kg/id/document/d> ;
  iesi:readingStatus <https://w3id.org/iesi-kg/codes/reading-status/not-re-read> .
<https://w3id.org/iesi-kg/id/document/d> a iesi:SourceDocument ; foaf:page <https://example.org/a> .
"""


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("", ""), set()),
        (('dct:title "A" ;', ""), {"name-missing"}),
        (('dct:title "A" ;', 'dct:title "A", "B" ;'), {"name-one"}),
        (('dct:title "A" ;', 'dct:title " " ;'), {"name-text"}),
        (('"It helps."@en', '"It helps."@en, "Helps."@en'), {"description-language"}),
        (("country/ES>", "country/XX>"), {"country-code"}),
        (("country/ES>", 'country/ES>, "Spain"'), {"country-code"}),
        (("iesi:startYear 2013", 'iesi:startYear "2013"'), {"start-year-range"}),
        (("iesi:startYear 2013", "iesi:startYear 1013"), {"start-year-range"}),
        (("iesi:startYear 2013", "iesi:startYear 2013 ; iesi:endYear 2010"), {"end-before-start"}),
        (("iesi:startYear 2013", "iesi:startYear 2013, 2014"), {"start-year-one"}),
        (('iesi:targetGroupText "all" ;', ""), {"target-groups-missing"}),
        (("participation-role/lead", "participation-role/partner"), {"lead-missing"}),
        (("participation-role/lead", "participation-role/none"), {"role-code", "lead-missing"}),
        (("not-re-read", "read"), {"source-read-missing"}),
        (("<https://example.org/a>", '"example.org"'), {"source-address"}),
        (("a iesi:SourceDocument ;", ""), {"source-document-kind"}),
        (("a org:Organization ;", ""), {"participant-kind"}),
        (("initiative/a> a", "initiative/A_b> a"), {"identifier-form"}),
        (("iesi:startYear 2013", 'iesi:startYear 2013 ; foaf:homepage "x"'), {"website-address"}),
        (("iesi:startYear 2013", 'iesi:startYear 2013 ; schema:startDate "2013"'), {"start-date-form"}),
    ],
)
def test_both_engines_agree_on_the_submission_profile(change: tuple[str, str], expected: set[str]) -> None:
    profile = shapes.profile("submission")
    data = triples(GOOD.replace(*change, 1))
    found = both([*data, *profile.context], profile.text)
    assert {profile.facts[key[2]].code for key in found} == expected


def test_both_engines_agree_on_the_published_profile() -> None:
    profile = shapes.profile("published")
    found = both([*triples(GOOD), *profile.context], profile.text)
    assert "published-record" in {profile.facts[key[2]].code for key in found}


SHAPES = (
    PREFIXES
    + """
ex:S a sh:NodeShape ; sh:targetClass ex:C ; sh:property ex:count, ex:number, ex:text, ex:kind, ex:nested .
ex:count a sh:PropertyShape ; sh:path ex:p ; sh:minCount 1 ; sh:maxCount 2 ; sh:severity sh:Warning .
ex:number a sh:PropertyShape ; sh:path ex:q ; sh:datatype xsd:integer ; sh:minExclusive 0 ; sh:lessThan ex:r .
ex:text a sh:PropertyShape ; sh:path ex:p ; sh:minLength 2 ; sh:pattern "^a" ; sh:flags "i" ;
  sh:languageIn ("en" "fr") .
ex:kind a sh:PropertyShape ; sh:path ex:o ; sh:class ex:D ; sh:in (ex:a ex:b) ; sh:severity sh:Info .
ex:nested a sh:PropertyShape ; sh:path [ sh:inversePath ex:o ] ; sh:not ex:lonely ; sh:or (ex:lonely ex:S2) .
ex:lonely a sh:NodeShape ; sh:property [ sh:path ex:q ; sh:maxCount 0 ] .
ex:S2 a sh:NodeShape ; sh:property [ sh:path ex:p ; sh:hasValue "a" ] .
"""
)
NODES = st.sampled_from(["ex:a", "ex:b", "ex:c"])
VALUES = st.sampled_from(
    ["ex:a", "ex:b", "1", "-3", "2.5", '"a"', '"Ab"@en', '"x"@de', '""', '"7"^^xsd:integer', "true"]
)
PREDICATES = st.sampled_from(["ex:p", "ex:q", "ex:r", "ex:o"])
FACTS = st.lists(
    st.one_of(st.tuples(NODES, PREDICATES, VALUES), st.tuples(NODES, st.just("a"), st.sampled_from(["ex:C", "ex:D"]))),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(FACTS)
def test_both_engines_agree_on_any_small_graph(facts: list[tuple[str, str, str]]) -> None:
    both(triples("\n".join(" ".join(fact) + " ." for fact in facts)), SHAPES)


def test_the_door_takes_the_fast_engine_for_our_shapes() -> None:
    assert isinstance(engine(shapes.profile("submission").text), Shifty)
    assert isinstance(engine(shapes.profile("published").text), Shifty)


def test_the_door_takes_the_reference_engine_for_advanced_features() -> None:
    text = (
        PREFIXES
        + """ex:S a sh:NodeShape ; sh:property [ sh:path ex:p ; sh:maxCount 0 ] ; sh:target [
      a sh:SPARQLTarget ; sh:select "SELECT ?this WHERE { ?this <http://e/p> 1 }" ] ."""
    )
    assert isinstance(engine(text), PySHACL)
    (result,) = validate(triples("ex:a ex:p 1 . ex:b ex:p 2 ."), text)
    assert (result.focus, result.path, result.component) == ("http://e/a", "http://e/p", "MaxCount")


def test_statements_that_an_engine_cannot_read_are_an_input_error() -> None:
    text = PREFIXES + "ex:S a sh:NodeShape ; sh:targetClass ex:C ."
    with pytest.raises(InputError, match="the statements cannot be validated"):
        list(Shifty(text)(b"this is no N-Triples"))
