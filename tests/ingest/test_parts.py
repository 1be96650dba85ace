"""The optional parts of the template: rows and the statements that were written down for them by hand."""

from __future__ import annotations

import pyoxigraph
import pytest
from pyoxigraph import RdfFormat

from iesi_kg import assets
from iesi_kg.ingest.mapping import map_rows
from iesi_kg.ingest.template import Template
from iesi_kg.ingest.values import ValueReader
from iesi_kg.records import Row, SourceFile, Submission
from iesi_kg.vocabulary.codelists import CodeLists

PREFIXES = """
@prefix : <https://w3id.org/iesi-kg/id/initiative/> . @prefix x: <https://w3id.org/iesi-kg/id/initiative/x#> .
@prefix o: <https://w3id.org/iesi-kg/id/organisation/> . @prefix d: <https://w3id.org/iesi-kg/id/document/> .
@prefix a: <https://w3id.org/iesi-kg/id/agent/> . @prefix foaf: <http://xmlns.com/foaf/0.1/> .
@prefix iesi: <https://w3id.org/iesi-kg/ontology#> . @prefix m8g: <http://data.europa.eu/m8g/> .
@prefix dct: <http://purl.org/dc/terms/> . @prefix org: <http://www.w3.org/ns/org#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> . @prefix prov: <http://www.w3.org/ns/prov#> .
@prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix schema: <https://schema.org/> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> . @prefix qb: <http://purl.org/linked-data/cube#> .
@base <https://w3id.org/iesi-kg/codes/> .
:x a iesi:Initiative . x:record a dcat:CatalogRecord ; foaf:primaryTopic :x .
"""


@pytest.fixture(scope="module")
def template() -> Template:
    return Template.load(assets.text("ontology/template.json"))


def mapped(template: Template, **cells: str) -> Submission:
    rows = [Row(None, 1, ("identifier", *cells)), Row(None, 2, ("x", *cells.values()))]
    reader = ValueReader(CodeLists.load(), template=template)
    (submission,) = map_rows(SourceFile("f.csv", b""), rows, template, reader)
    return submission


def stated(template: Template, **cells: str) -> set[object]:
    submission = mapped(template, **cells)
    assert [f for f in submission.findings if f.code != "missing-column"] == []
    return set(submission.triples)


def turtle(text: str) -> set[object]:
    return {quad.triple for quad in pyoxigraph.parse(PREFIXES + text, RdfFormat.TURTLE)}


def test_the_framework_on_the_initiative(template: Template) -> None:
    found = stated(
        template,
        integration_types="funding|Service delivery",
        ict_effects="co-creation",
        scaling="local-only",
        replicates="earlier-one",
        same_initiative_as="https://example.org/7",
        need_text="loneliness",
    )
    assert found == turtle("""
        :x iesi:integrationType <integration-type/funding>, <integration-type/service-delivery> ;
          iesi:ictEffect <ict-effect/co-creation> ; iesi:scaling <scaling/local-only> ; iesi:replicates :earlier-one ;
          iesi:sameInitiativeAs <https://example.org/7> ; iesi:needText "loneliness" .""")


def test_groups_take_part_in_their_role(template: Template) -> None:
    found = stated(template, involved_group="informal-carers|older-people", involved_as="|co-designer")
    assert found == turtle("""
        :x iesi:hasInvolvement x:involvement-1, x:involvement-2 .
        x:involvement-1 a iesi:Involvement ; iesi:group <target-group/informal-carers> .
        x:involvement-2 a iesi:Involvement ; iesi:group <target-group/older-people> ;
          iesi:involvementRole <user-role/co-designer> .""")


def test_money_by_source(template: Template) -> None:
    found = stated(
        template,
        funding_source="public-local|esf",
        funding_programme="|ESF 2014-2020",
        funding_amount="250000|1000.50",
        funding_currency="EUR|",
        funder="City|",
        funder_country="ES|",
        funding_to_year="|2020",
    )
    assert found == turtle("""
        :x iesi:hasFunding x:funding-1, x:funding-2 .
        x:funding-1 a iesi:Funding ; iesi:fundingSource <funding-source/public-local> ;
          iesi:amount "250000"^^xsd:decimal ; schema:funder o:city-es ;
          iesi:currency <http://publications.europa.eu/resource/authority/currency/EUR> .
        o:city-es a org:Organization ; skos:prefLabel "City" ; iesi:country <country/ES> .
        x:funding-2 a iesi:Funding ; iesi:fundingSource <funding-source/esf> ; dct:title "ESF 2014-2020" ;
          iesi:amount 1000.50 ; iesi:toYear 2020 .""")


def test_an_outcome_with_its_evaluation_and_the_judgement_of_its_evidence(template: Template) -> None:
    found = stated(
        template,
        outcome="Less lonely.|Cheaper.",
        evaluation_method="before-after|",
        outcome_type="independent-living|",
        outcome_status="observed|expected",
        evidence_level="associative|",
        evidence_coded_by="Ana|",
        coded_by="Bea",
        coding_date="2026-11-20",
        coding_confidence="high",
        counterfactual="without-ict|",
        evaluator="Uni|",
    )
    assert found == turtle("""
        :x iesi:hasOutcome x:outcome-1, x:outcome-2 ; iesi:hasEvaluation x:evaluation-1 ; iesi:hasCoding x:coding .
        x:outcome-1 a iesi:Outcome ; dct:description "Less lonely."@en ; iesi:outcomeStatus <outcome-status/observed> ;
          iesi:evaluationMethod <evaluation-method/before-after> ; iesi:outcomeType <outcome-type/independent-living> ;
          iesi:evidenceLevel <evidence-level/associative> ; iesi:evaluatedBy x:evaluation-1 .
        x:outcome-2 a iesi:Outcome ; dct:description "Cheaper."@en ; iesi:outcomeStatus <outcome-status/expected> .
        x:evaluation-1 a iesi:Evaluation ; iesi:usesMethod <evaluation-method/before-after> ;
          iesi:comparison <comparison/without-ict> ; prov:wasAssociatedWith a:uni .
        a:uni a prov:Agent ; foaf:name "Uni" .
        x:evidence-1 a iesi:EvidenceAssessment ; iesi:judges x:outcome-1 ;
          iesi:codedValue <evidence-level/associative> ; prov:wasAttributedTo a:ana ;
          dct:date "2026-11-20"^^xsd:date ; iesi:confidence <confidence/high> .
        a:ana a prov:Agent ; foaf:name "Ana" .
        x:coding a iesi:Coding ; prov:wasAttributedTo a:bea ; dct:date "2026-11-20"^^xsd:date ;
          iesi:confidence <confidence/high> .
        a:bea a prov:Agent ; foaf:name "Bea" .""")


def test_a_number_is_an_observation(template: Template) -> None:
    found = stated(
        template,
        indicator="people-reached|budget",
        indicator_value="2000|-1.5",
        indicator_year="2019|2020",
        indicator_kind="|target",
    )
    assert found == turtle("""
        x:observation-1 a qb:Observation ; qb:dataSet <https://w3id.org/iesi-kg/id/dataset/observations> ;
          iesi:observedInitiative :x ; iesi:observedIndicator <indicator/people-reached> ; iesi:observedYear 2019 ;
          iesi:valueKind <value-kind/measured> ; iesi:observedValue "2000"^^xsd:decimal .
        x:observation-2 a qb:Observation ; qb:dataSet <https://w3id.org/iesi-kg/id/dataset/observations> ;
          iesi:observedInitiative :x ; iesi:observedIndicator <indicator/budget> ; iesi:observedYear 2020 ;
          iesi:valueKind <value-kind/target> ; iesi:observedValue -1.5 .""")


def test_membership_and_award_are_dated_and_sourced(template: Template) -> None:
    found = stated(
        template,
        membership_edition="2016",
        processing_stage="knowledge-map",
        membership_date="2017-02-10",
        membership_source_url="https://example.org/map",
        award_category="best-evidence",
        award_stage="shortlist",
        award_year="2016",
    )
    assert found == turtle("""
        :x iesi:hasMapMembership x:membership-1 ; iesi:hasAwardEntry x:award-1 .
        x:membership-1 a iesi:MapMembership ; iesi:edition <map-edition/2016> ; dct:source d:example-org-ce78943e505b ;
          iesi:membershipDecision <membership-decision/included> ; dct:date "2017-02-10"^^xsd:date ;
          iesi:processingStage <processing-stage/knowledge-map> .
        d:example-org-ce78943e505b a iesi:SourceDocument ; foaf:page <https://example.org/map> .
        x:award-1 a iesi:AwardEntry ; iesi:awardCategory <award-category/best-evidence> ;
          iesi:awardStage <award-stage/shortlist> ; iesi:awardYear 2016 .""")


def test_one_column_is_judged_on_its_own(template: Template) -> None:
    found = stated(
        template,
        ict_potential="2",
        coded_by="Ana",
        coding_date="2026-11-20",
        judged_column="ICT potential",
        judged_status="reviewed",
        judged_reviewed_by="Rea",
        judged_rationale="New roles.",
    )
    assert found == turtle("""
        :x iesi:ictPotential <ict-potential/2> ; iesi:hasCoding x:coding, x:judgement-1 .
        x:coding a iesi:Coding ; prov:wasAttributedTo a:ana ; dct:date "2026-11-20"^^xsd:date ;
          iesi:codes iesi:ictPotential .
        x:judgement-1 a iesi:VariableCoding ; iesi:judges :x ; iesi:variable iesi:ictPotential ;
          iesi:codedValue <ict-potential/2> ; prov:wasAttributedTo a:ana ; dct:date "2026-11-20"^^xsd:date ;
          iesi:reviewStatus <review-status/reviewed> ; iesi:reviewedBy a:rea ; iesi:rationale "New roles." .
        a:ana a prov:Agent ; foaf:name "Ana" . a:rea a prov:Agent ; foaf:name "Rea" .""")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("250 000", "250000"),
        ("1'000,50", "1000.50"),
        ("75 %", "0.75"),
        ("0,5", "0.5"),
        ("1.000.000", "1000000"),
        ("many", "write digits, such as 250000 or 0.75"),
        ("1e6", "write digits, such as 250000 or 0.75"),
    ],
)
def test_a_number_in_another_spelling(template: Template, text: str, meant: str) -> None:
    found = [f for f in mapped(template, funding_amount=text).findings if f.code != "missing-column"]
    assert [(f.code, f.value, f.suggestion) for f in found] == [("not-a-number", text, meant)]


@pytest.mark.parametrize("name", ["start_year", "partner_roles", "nothing"])
def test_only_codes_of_the_initiative_are_judged(template: Template, name: str) -> None:
    findings = mapped(template, start_year="2013", judged_column=name, coded_by="Ana").findings
    assert [(f.code, f.column, f.value) for f in findings if f.code != "missing-column"] == [
        ("unknown-column-name", "judged_column", name)
    ]
