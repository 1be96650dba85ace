"""The lists as they were read in their sources, written here by hand."""

from __future__ import annotations

import pytest
from pyoxigraph import Store

from iesi_kg.vocabulary.codelists import CodeLists, normalise

from .conftest import rows

LISTS = CodeLists.load()

EXPECTED = {
    "policy-area": "aha aha-integrated-care aha-independent-living aha-prevention pssgi childcare civic-engagement "
    "education-training employability-employment social-assistance social-housing social-inclusion social-services",
    "sip-objective": "SI1 SI2 SI3 PR1 PR2 PR3 PR4 BE1 BE2 BE3",
    "definition-element": "D1 D2 D3 D4 D5 D6 D7",
    "ict-potential": "1 2 3 4",
    "integration-level": "1 2 3 4 5",
    "ict-role": "driver enabler support",
    "map-edition": "2014 2015 2016",
    "verification-status": "verified brief reconstructed elsewhere",
    "reading-status": "read not-re-read",
    "status": "planned in-development pilot running mainstreamed ended withdrawn",
    "governance-level": "local provincial regional national cross-border transnational eu global",
    "organisation-type": "public private third-sector social-enterprise academia grassroots partnership international",
    "participation-role": "lead partner funder evaluator technology-provider delivery-partner coordinator promoter "
    "advisory beneficiary-representative unspecified",
    "user-role": "beneficiary consulted co-designer co-producer owner",
    "evaluation-method": "none self-reported monitoring-data before-after matched-comparison counterfactual randomised "
    "sroi cost-benefit cost-effectiveness qualitative systematic-review",
    "object-kind": "service system policy",
    "intervention-stage": "design implementation",
    "addressee": "final-beneficiary intermediary public-administration",
    "processing-stage": "inventory mapped knowledge-map",
    "link-decision": "accepted rejected unsure undone",
    "membership-decision": "included excluded",
    "exclusion-reason": "no-evidence outside-unit no-ict duplicate",
    "award-category": "best-evidence most-promising best-ageing",
    "award-stage": "longlist shortlist finalist winner",
    "innovation-element": "outcome-orientation changed-relationships open-co-creation public-value",
    "integration-type": "funding administrative organisational service-delivery",
    "sip-pillar": "sustainable-systems activating-policies life-course",
    "study-objective": "integrated-provision cost-effectiveness access-quality simplified-delivery return-on-"
    "investment jobs-and-skills role-of-policy",
    "service-objective": "access quality most-disadvantaged productivity integration autonomy prevention supporters",
    "youth-service-type": "employability-entrepreneurship",
    "stakeholder-sector": "public private third-sector social-enterprise cross-sector",
    "public-role": "catalyser-enabler orchestrator-amplifier",
    "ict-function": "automate inform connect coordinate analyse empower monitor",
    "integration-support": "service-management user-transfer case-collaboration person-centred",
    "ict-effect": "joined-up-governance network-integration system-resilience social-participation co-creation",
    "enabling-factor": "supporting-policy stakeholder-commitment joint-training leadership available-funding "
    "third-sector-intermediaries stakeholder-cooperation",
    "barrier": "low-digital-skills unproven-business-case weak-evidence",
    "framework-condition": "legal financial infrastructure institutional cultural",
    "welfare-cluster": "nordic continental anglo-saxon southern eastern",
    "outcome-type": "long-term-conditions independent-living informal-carers productivity simplified-"
    "administration care-delivery cost-efficiency targeting access-take-up",
    "outcome-holder": "beneficiary provider system",
    "outcome-horizon": "short long",
    "outcome-status": "expected observed",
    "outcome-direction": "better unchanged worse mixed",
    "evidence-level": "anecdotal descriptive associative causal-single causal-replicated",
    "ict-attribution": "claimed tested not-assessed",
    "comparison": "none without-initiative without-ict",
    "assessed-object": "policy programme project",
    "framework-level": "micro meso macro",
    "framework-component": "inputs activities outputs outcomes impact",
    "indicator": "people-reached budget staff cost-per-user social-return",
    "value-kind": "baseline target measured",
    "funding-source": "public-national public-regional public-local eu esf erdf easi horizon-2020 cip-ict-psp "
    "user-fees philanthropy private mixed",
    "scaling": "local-only replicated-same-country replicated-abroad transferable-not-tested",
    "review-status": "unreviewed reviewed disputed",
    "confidence": "low medium high",
    "submission-status": "received in-review returned accepted refused withdrawn",
    "decision-reason": "complete corrected to-mend source-missing evidence-weak outside-scope already-recorded "
    "rights-unclear personal-data wrong senders-wish not-borne-out",
    "judgement-method": "single-coder two-coders rule suggested taken-over",
}
SIZES = {"country": 50, "target-group": 35, "technology": 33}
TRANSLATED = ["country", "policy-area", "target-group", "governance-level", "organisation-type", "status"]
TRANSLATED += ["submission-status", "decision-reason"]
ORDERED = [
    "ict-potential", "integration-level", "governance-level", "user-role", "processing-stage", "award-stage",
    "outcome-horizon", "evidence-level", "framework-level", "framework-component", "confidence",
]  # fmt: skip


def test_there_is_no_other_list() -> None:
    assert {scheme.name for scheme in LISTS} == {*EXPECTED, *SIZES}


@pytest.mark.parametrize("scheme", EXPECTED)
def test_the_codes_of_a_list(scheme: str) -> None:
    assert " ".join(concept.notation for concept in LISTS.concepts(scheme)) == EXPECTED[scheme]


@pytest.mark.parametrize("scheme", SIZES)
def test_the_size_of_a_long_list(scheme: str) -> None:
    assert len(LISTS.concepts(scheme)) == SIZES[scheme]


def test_there_are_eleven_areas_under_two_headings() -> None:
    under = [c.broader.value.rsplit("/", 1)[1] for c in LISTS.concepts("policy-area") if c.broader]
    assert (under.count("aha"), under.count("pssgi")) == (3, 8)


def test_there_are_three_four_and_three_objectives() -> None:
    codes = [concept.notation[:2] for concept in LISTS.concepts("sip-objective")]
    assert [codes.count(perspective) for perspective in ("SI", "PR", "BE")] == [3, 4, 3]


@pytest.mark.parametrize("scheme", ORDERED)
def test_an_ordered_list_counts_from_one(scheme: str) -> None:
    concepts = LISTS.concepts(scheme)
    assert [concept.rank for concept in concepts] == list(range(1, len(concepts) + 1))


@pytest.mark.parametrize("scheme", TRANSLATED)
def test_the_lists_people_fill_most_speak_five_languages(scheme: str) -> None:
    for concept in LISTS.concepts(scheme):
        assert set(concept.labels) == {"en", "fr", "de", "es", "it"}, concept.notation


@pytest.mark.parametrize("scheme", [*EXPECTED, *SIZES])
def test_no_text_means_two_codes(scheme: str) -> None:
    """Whatever a cell may say leads to one code, so the order of the file decides nothing."""
    for concept in LISTS.concepts(scheme):
        assert all(LISTS.resolve(scheme, name) == concept for name in concept.names), concept.notation
        assert all(normalise(name) for name in concept.names), concept.notation


def test_every_country_leads_to_the_authority_table_but_the_union(meaning: Store) -> None:
    query = """PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
      SELECT ?code ?match WHERE { ?c skos:inScheme <https://w3id.org/iesi-kg/codes/country> ; skos:notation ?code
        OPTIONAL { ?c skos:exactMatch ?match } }"""
    found: dict[str, str] = dict(rows(meaning, query))  # type: ignore[arg-type]
    assert [code for code, match in found.items() if not match] == ["EU"]
    assert found["GR"] == "http://publications.europa.eu/resource/authority/country/GRC"
    assert all(match.rsplit("/", 1)[1].isupper() for code, match in found.items() if code != "EU")


def test_a_list_that_is_not_iesis_says_so(meaning: Store) -> None:
    """A reconstructed or briefed list says in its description whose work it is."""
    query = """PREFIX dct: <http://purl.org/dc/terms/> PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
      PREFIX iesi: <https://w3id.org/iesi-kg/ontology#>
      SELECT ?list ?text WHERE { ?list a skos:ConceptScheme ; dct:description ?text ; iesi:verificationStatus ?status
        FILTER (LANG(?text) = "en" && ?status != <https://w3id.org/iesi-kg/codes/verification-status/verified>) }"""
    lists: dict[str, str] = dict(rows(meaning, query))  # type: ignore[arg-type]
    named = {iri for iri, text in lists.items() if "IESI" in text}
    assert {iri.rsplit("/", 1)[1] for iri in named} >= {"ict-potential", "integration-level", "ict-role", "user-role"}
    assert all("this project" in lists[iri] or "not IESI's own" in lists[iri] for iri in named)
