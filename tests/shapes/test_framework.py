"""Each rule on the wider framework is broken once, on a record that says everything the framework can say."""

from __future__ import annotations

import pytest
from rdflib import RDFS, SH, Graph, Literal, URIRef

from iesi_kg import assets

from .conftest import CODE, Engine, one_of_a_kind
from .test_submission import PREFIXES, also, instead, without

V, W, I = "Violation", "Warning", "Info"  # noqa: E741
X = "<https://w3id.org/iesi-kg/id/initiative/example>"
CITY = "<https://w3id.org/iesi-kg/id/organisation/city-es>"
WELFARE = "<https://w3id.org/iesi-kg/id/judgement/welfare-es-coder-2026>"
STATEMENT = "<https://w3id.org/iesi-kg/id/statement/0123456789abcdef>"
REACHED = "<https://w3id.org/iesi-kg/codes/indicator/people-reached>"
CODES = "https://w3id.org/iesi-kg/codes"
MORE = """
PREFIX qb: <http://purl.org/linked-data/cube#>
PREFIX rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
PREFIX agent: <https://w3id.org/iesi-kg/id/agent/>
"""

# A value that is no address, of the wrong type, or missing; what can be said of every judgement is said on one.
BROKEN = [
    ("words-blank", V, instead(X, "iesi:needText", '" "')),
    ("replicates-address", V, instead(X, "iesi:replicates", '"earlier"')),
    ("same-initiative-address", V, instead(X, "iesi:sameInitiativeAs", '"7"')),
    ("service-address", V, instead(X, "iesi:deliversService", '"service"')),
    ("involvement-kind", V, without("x:involvement-1", "a")),
    ("funding-kind", V, without("x:funding-1", "a")),
    ("map-membership-kind", V, without("x:membership-1", "a")),
    ("award-entry-kind", V, without("x:award-1", "a")),
    ("evaluation-kind", V, also(X, "iesi:hasEvaluation", "x:nothing")),
    ("funding-share-range", V, instead("x:lead", "iesi:fundingShare", "75")),
    ("funding-share-one", V, also("x:lead", "iesi:fundingShare", "0.5")),
    ("group-missing", V, without("x:involvement-1", "iesi:group")),
    ("involvement-role-missing", W, without("x:involvement-1", "iesi:involvementRole")),
    ("from-year-range", V, instead("x:lead", "iesi:fromYear", "13")),
    ("from-year-one", V, also("x:lead", "iesi:fromYear", "2014")),
    ("to-year-range", V, instead("x:lead", "iesi:toYear", "20200")),
    ("to-year-one", V, also("x:lead", "iesi:toYear", "2019")),
    ("to-before-from", V, instead("x:lead", "iesi:toYear", "2012")),
    ("funding-source-missing", W, without("x:funding-1", "iesi:fundingSource")),
    ("amount-range", V, instead("x:funding-1", "iesi:amount", "-5")),
    ("amount-one", V, also("x:funding-1", "iesi:amount", "7")),
    ("currency-form", V, instead("x:funding-1", "iesi:currency", '"EUR"')),
    ("currency-one", V, also("x:funding-1", "iesi:currency", "<http://publications.europa.eu/resource/authority/currency/SEK>")),
    ("amount-without-currency", W, without("x:funding-1", "iesi:currency")),
    ("funder-kind", V, instead("x:funding-1", "schema:funder", "<http://a/>")),
    ("evaluated-by-kind", V, also("x:outcome-1", "iesi:evaluatedBy", "<http://a/>")),
    ("measured-by-kind", V, also("x:outcome-1", "iesi:measuredBy", "<http://a/>")),
    ("attribution-untested", W, without("x:outcome-1", "iesi:evaluatedBy")),
    ("method-missing", V, without("x:evaluation-1", "iesi:usesMethod")),
    ("report-kind", V, also("x:evaluation-1", "iesi:report", "<http://a/>")),
    ("evaluator-missing", I, without("x:evaluation-1", "prov:wasAssociatedWith")),
    ("unit-missing", W, without(REACHED, "iesi:unit")),
    ("observation-data-set", V, without("x:observation-1", "qb:dataSet")),
    ("observed-initiative", V, without("x:observation-1", "iesi:observedInitiative")),
    ("observed-indicator", V, without("x:observation-1", "iesi:observedIndicator")),
    ("observed-year-missing", V, without("x:observation-1", "iesi:observedYear")),
    ("observed-year-range", V, instead("x:observation-1", "iesi:observedYear", "19")),
    ("value-kind-missing", V, without("x:observation-1", "iesi:valueKind")),
    ("observed-value", V, instead("x:observation-1", "iesi:observedValue", '"some 2,000"')),
    ("edition-missing", V, without("x:membership-1", "iesi:edition")),
    ("decision-missing", V, without("x:membership-1", "iesi:membershipDecision")),
    ("membership-source-missing", V, without("x:membership-1", "dct:source")),
    ("membership-date-missing", W, without("x:membership-1", "dct:date")),
    ("exclusion-reason-missing", W, without("x:membership-2", "iesi:exclusionReason")),
    ("included-with-reason", V, also("x:membership-1", "iesi:exclusionReason", f"<{CODES}/exclusion-reason/no-ict>")),
    ("award-category-missing", V, without("x:award-1", "iesi:awardCategory")),
    ("award-stage-missing", V, without("x:award-1", "iesi:awardStage")),
    ("award-year-range", V, instead("x:award-1", "iesi:awardYear", "16")),
    ("award-year-one", V, also("x:award-1", "iesi:awardYear", "2017")),
    ("award-source-missing", V, without("x:award-1", "dct:source")),
    ("judgement-coder-missing", V, without("x:coding-3", "prov:wasAttributedTo")),
    ("judgement-coder-one", V, also("x:coding-3", "prov:wasAttributedTo", "agent:third")),
    ("judgement-date-missing", V, without("x:coding-3", "dct:date")),
    ("review-status-missing", W, without("x:coding-3", "iesi:reviewStatus")),
    ("reviewer-missing", W, without("x:coding-3", "iesi:reviewedBy")),
    ("basis-kind", V, instead("x:coding-3", "iesi:basis", "<http://a/>")),
    ("review-before-judgement", V, instead("x:coding-3", "iesi:reviewDate", '"2026-11-19"^^xsd:date')),
    ("reviewer-is-coder", V, instead("x:coding-3", "iesi:reviewedBy", "agent:coder")),
    ("supersedes-address", V, instead("x:coding-3", "iesi:supersedes", '"the first"')),
    ("rationale-missing", I, without("x:coding-3", "iesi:rationale")),
    ("confidence-missing", I, without("x:coding-3", "iesi:confidence")),
    ("judgement-method-missing", I, without("x:coding-3", "iesi:judgementMethod")),
    ("coded-initiative", V, without("x:coding-3", "iesi:judges")),
    ("variable-missing", V, without("x:coding-3", "iesi:variable")),
    ("coded-value-missing", V, instead("x:coding-3", "iesi:codedValue", "<http://a/>")),
    ("assessed-outcome", V, instead("x:assessment-1", "iesi:judges", X)),
    ("assessed-level-missing", V, without("x:assessment-1", "iesi:codedValue")),
    ("assigned-country-missing", V, without(WELFARE, "iesi:assignedCountry")),
    ("cluster-missing", V, without(WELFARE, "iesi:welfareCluster")),
    ("valid-year-missing", V, without(WELFARE, "iesi:validYear")),
    ("valid-year-range", V, instead(WELFARE, "iesi:validYear", "26")),
    ("assignment-source-missing", V, without(WELFARE, "dct:source")),
    ("statement-subject", V, without(STATEMENT, "rdf:subject")),
    ("statement-predicate", V, without(STATEMENT, "rdf:predicate")),
    ("statement-object", V, without(STATEMENT, "rdf:object")),
    ("statement-basis", V, without(STATEMENT, "iesi:basis")),
    ("statement-address", V, "INSERT DATA { x:s a rdf:Statement ; rdf:subject x:a ; rdf:predicate x:b ; rdf:object 1 ; iesi:basis x:source-2 }"),  # noqa: E501
    ("organisation-twice", V, f"""INSERT DATA {{
        {X} m8g:hasParticipation x:partner-2 . x:partner-2 a iesi:Participation ;
        m8g:hasParticipant <https://w3id.org/iesi-kg/id/organisation/firm-es> ;
        m8g:role <{CODES}/participation-role/technology-provider> }}"""),
    ("coding-twice", V, without("x:coding-3", "iesi:supersedes")),
    ("coded-value-elsewhere", V, instead("x:coding-3", "iesi:codedValue", f"<{CODES}/ict-role/driver>")),
    ("broader-cycle", V, also(f"<{CODES}/policy-area/pssgi>", "skos:broader", f"<{CODES}/policy-area/childcare>")),
    ("part-of-itself", V, also(X, "dct:isPartOf", X)),
    ("organisation-part-of-itself", V, also(CITY, "org:subOrganizationOf", CITY)),
    ("description-tag", W, instead("x:outcome-1", "dct:description", '"Users feel less lonely."')),
    ("label-tag", W, also(X, "rdfs:label", '"Example"')),
    ("disjoint", V, also("x:award-1", "iesi:locator", '"page 2"')),
    ("evidence-without-source", V, without("x:outcome-1", "iesi:evaluatedBy", "dct:source", "iesi:ictAttribution")),
]  # fmt: skip
# What one mistake cannot help but break as well.
ALSO = {
    "from-year-range": set(),
    "evidence-without-source": {("outcome-source-missing", W)},
    "supersedes-address": {("coding-twice", V)},
}
STRONGER = [
    ("outcome-none", without(X, "iesi:hasOutcome")),
    ("source-second", f"DELETE DATA {{ {X} iesi:hasSourceReading x:source-2 }}"),
    ("coding-none", without(X, "iesi:hasCoding")),
    ("evidence-level-none", without("x:outcome-1", "iesi:evidenceLevel")),
    ("evaluation-none", without("x:outcome-1", "iesi:evaluatedBy", "iesi:ictAttribution")),
    ("basis-none", without("x:coding-3", "iesi:basis")),
]


def test_a_record_that_says_everything_satisfies_every_profile(full: Graph, stronger: Graph, findings: Engine) -> None:
    assert findings(full, stronger) == set()


@pytest.mark.parametrize(("code", "severity", "update"), one_of_a_kind(BROKEN))
def test_one_mistake_makes_one_finding_in_both_engines(
    full: Graph, submission: Graph, agreed: Engine, code: str, severity: str, update: str
) -> None:
    full.update(PREFIXES + MORE + update)
    assert agreed(full, submission) == {(code, severity)} | ALSO.get(code, set())


@pytest.mark.parametrize(("code", "update"), STRONGER, ids=[code for code, _ in STRONGER])
def test_what_would_make_a_record_stronger_is_information(
    full: Graph, stronger: Graph, submission: Graph, findings: Engine, code: str, update: str
) -> None:
    full.update(PREFIXES + MORE + update)
    assert findings(full, stronger) == {(code, I)}
    assert findings(full, submission) == set()


def test_the_bundled_welfare_assignments_satisfy_the_profile(codes: Graph, submission: Graph, findings: Engine) -> None:
    data = Graph() + codes
    for path in assets.names("ontology/assignments", ".ttl"):
        data.parse(data=assets.text(path), format="turtle")
    assert findings(data, submission) == set()


def test_a_concept_of_another_list_or_of_none_is_refused(full: Graph, submission: Graph, findings: Engine) -> None:
    for wrong in (f"{CODES}/ict-role/driver", f"{CODES}/outcome-type/invented"):
        full.set(
            (URIRef(f"{X[1:-1]}#outcome-1"), URIRef("https://w3id.org/iesi-kg/ontology#outcomeType"), URIRef(wrong))
        )
        assert findings(full, submission) == {("outcome-type-code", V)}


def test_the_three_severities_are_told_apart(stronger: Graph) -> None:
    counts = {name: len(list(stronger.subjects(SH.severity, SH[name]))) for name in (V, W, I)}
    assert counts[V] > 100 and counts[W] > 15 and counts[I] == 10


def test_every_rule_is_broken_by_some_test(stronger: Graph, submission: Graph) -> None:
    from .test_submission import covered

    done = {code for code, *_ in [*BROKEN, *STRONGER]} | covered()
    assert {str(code) for code in stronger.objects(None, CODE)} - done == set()


def test_every_message_is_said_in_five_languages(stronger: Graph, published: Graph) -> None:
    for shapes in (stronger, published):
        for shape in shapes.subjects(CODE):
            messages = [message for message in shapes.objects(shape, SH.message) if isinstance(message, Literal)]
            assert sorted(str(m.language) for m in messages) == ["de", "en", "es", "fr", "it"], shape
            assert len({str(m) for m in messages}) == 5, shape
            assert all(m.endswith(".") and ". " in m for m in messages), shape


def test_a_message_names_the_property_as_the_ontology_does(stronger: Graph) -> None:
    ontology = Graph().parse(data=assets.text("ontology/iesi.ttl"), format="turtle")
    for shape in stronger.subjects(CODE):
        path, code = stronger.value(shape, SH.path), str(stronger.value(shape, CODE))
        if not (code.endswith("-one") and str(path).startswith("https://w3id.org/iesi-kg/ontology#")):
            continue
        french = {str(label) for label in ontology.objects(path, RDFS.label) if getattr(label, "language", "") == "fr"}
        message = next(m for m in stronger.objects(shape, SH.message) if getattr(m, "language", "") == "fr")
        if stronger.value(shape, URIRef("https://w3id.org/iesi-kg/ontology#column")) is None and "«" in message:
            assert any(label in message for label in french), code
