"""What follows from alignments, welfare assignments and the data cube, by hand; what does not, with its reason."""

from __future__ import annotations

from pyoxigraph import NamedNode, RdfFormat, Triple, parse

from iesi_kg import assets
from iesi_kg.inference import rules
from iesi_kg.inference.axioms import left_out
from iesi_kg.inference.derivation import derive

SKOS = "http://www.w3.org/2004/02/skos/core#"
IESI = "https://w3id.org/iesi-kg/ontology#"
QB = "http://purl.org/linked-data/cube#"
PREFIXES = f"""@prefix skos: <{SKOS}> . @prefix iesi: <{IESI}> . @prefix qb: <{QB}> .
@prefix prov: <http://www.w3.org/ns/prov#> . @prefix cube: <https://w3id.org/iesi-kg/id/dataset/observations#> .
@prefix judgement: <https://w3id.org/iesi-kg/id/judgement/> .
@prefix country: <https://w3id.org/iesi-kg/codes/country/> .
@prefix cluster: <https://w3id.org/iesi-kg/codes/welfare-cluster/> .
@prefix area: <https://w3id.org/iesi-kg/codes/policy-area/> .
@prefix cofog: <https://w3id.org/ipsoeu/ramon-ld/cofog/1999/> ."""


def turtle(text: str) -> set[Triple]:
    return {quad.triple for quad in parse(PREFIXES + text, format=RdfFormat.TURTLE)}


def stated(*paths: str) -> set[Triple]:
    return {quad.triple for path in paths for quad in parse(assets.text(path), format=RdfFormat.TURTLE)}


def follows(*paths: str) -> set[Triple]:
    return set(derive(stated(*paths), rules.bundled()).triples)


def test_the_matches_of_one_list_hold_in_both_directions() -> None:
    expected = """cofog:GF09 skos:closeMatch area:education-training . cofog:GF1005 skos:relatedMatch
        area:employability-employment . cofog:GF1006 skos:closeMatch area:social-housing . cofog:GF1007 skos:closeMatch
        area:social-inclusion . cofog:GF1004 skos:relatedMatch area:childcare .
        cofog:GF1002 skos:relatedMatch area:aha . cofog:GF0704 skos:relatedMatch area:aha-prevention .
        cofog:GF10 skos:relatedMatch area:pssgi ."""
    assert follows("ontology/alignments/cofog.ttl") == turtle(expected)


def test_from_an_alignment_nothing_follows_but_matches() -> None:
    paths = list(assets.names("ontology/alignments", ".ttl"))
    matches = {f"{SKOS}{name}Match" for name in ("exact", "close", "related", "broad", "narrow")}
    used = {t.predicate.value for t in stated(*paths) if t.predicate.value.startswith(SKOS)}
    assert used <= matches <= {term.value for term in rules.bundled().reads}
    assert {t.predicate.value for t in follows(*paths)} <= matches
    assert {"mapping", "match", "hierarchy"} <= set(left_out())


def test_a_mapping_of_a_term_is_an_opinion_from_which_nothing_follows() -> None:
    sources = {
        t.object for t in stated("ontology/alignments/cids.ttl") if t.predicate.value.endswith("annotatedSource")
    }
    assert NamedNode(f"{IESI}Initiative") in sources
    assert follows("ontology/alignments/cids.ttl") == set()
    assert "confidence" in left_out()["mapping"]


def test_a_welfare_assignment_is_a_judgement_and_no_property_of_the_country() -> None:
    found = follows("ontology/assignments/welfare-cluster.ttl")
    of = NamedNode("https://w3id.org/iesi-kg/id/judgement/welfare-dk-iesi-kg-project-2016")
    about = """judgement:welfare-dk-iesi-kg-project-2016 a iesi:Judgement, prov:Entity ;
        iesi:judges country:DK ; iesi:codedValue cluster:nordic ."""
    assert {t for t in found if t.subject == of} == turtle(about)
    denmark = {t for t in found if t.subject == NamedNode("https://w3id.org/iesi-kg/codes/country/DK")}
    assert denmark == turtle("country:DK a skos:Concept .")  # the code list states it; here it was not loaded
    assert "author" in left_out()["cluster"]
    assert not [t for t in found if t.predicate.value.endswith("reviewStatus")]  # the disputed say so themselves


def test_the_data_cube_is_known_to_a_general_client() -> None:
    found = follows("ontology/observations.ttl")
    names = ("observedInitiative", "observedIndicator", "observedYear", "valueKind", "observedGroup", "observedValue")
    places = ("initiative", "indicator", "year", "kind", "group", "value")
    expected = "".join(
        f"iesi:{name} a qb:ComponentProperty . cube:{place} qb:componentProperty iesi:{name} ."
        for name, place in zip(names, places, strict=True)
    )
    assert found == turtle(expected)
    assert left_out()["slice"]


def test_an_observation_tells_what_it_is_about() -> None:
    text = "<urn:o> iesi:observedInitiative <urn:i> ; iesi:observedIndicator <urn:n> ; qb:dataSet <urn:d> ."
    found = derive(turtle(text), rules.bundled()).triples
    assert turtle("<urn:o> a qb:Observation . <urn:i> a iesi:Initiative . <urn:d> a qb:DataSet .") <= found
    assert turtle("<urn:n> a iesi:Indicator, skos:Concept .") <= found
