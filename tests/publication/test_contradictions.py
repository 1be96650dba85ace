"""Statements that contradict, repeat or lack one another: each named at submission, at its place, with a remedy."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from iesi_kg.publication.workflow import check
from iesi_kg.records import Finding, SourceFile
from submission_tables import GOOD, table

V, W = "violation", "warning"
CODED = {"ict_potential": "2", "coded_by": "Ana", "coding_date": "2026-11-20"}
OUTCOME = {"outcome": "Less lonely.", "outcome_source_url": "https://example.org/report"}


def of_table(cells: Mapping[str, str]) -> list[Finding]:
    return list(check(SourceFile("file.csv", table({**GOOD, **cells}))).findings)


@pytest.mark.parametrize(
    ("cells", "expected", "remedy"),
    [
        ({**CODED, "coded_by": ""}, (W, "coded-by-missing", "coded_by", None), "Write a name"),
        ({**CODED, "coding_date": ""}, (W, "coding-date-missing", "coding_date", None), "Write the date"),
        (
            {"ict_potential": "2", "judged_column": "ict_potential", "judged_date": "2026-11-20"},
            (V, "judgement-coder-missing", None, None),
            "Write",
        ),
        (
            {**CODED, "judged_column": "ict_potential|ict_potential", "judged_by": "Ana|Ana"},
            (V, "coding-twice", "judged_column", "https://w3id.org/iesi-kg/ontology#ictPotential"),
            "say which one supersedes",
        ),
        (
            {"ict_potential": "transformative thing", "coded_by": "Ana", "coding_date": "2026-11-20"},
            (V, "unknown-code", "ict_potential", "transformative thing"),
            "is neither a code nor a label",
        ),
        ({"governance_level": "childcare"}, (V, "unknown-code", "governance_level", "childcare"), "is neither a code"),
        (
            {"partner_organisations": "Firm|Firm", "partner_roles": "funder|funder"},
            (V, "organisation-twice", "partner_organisations", "https://w3id.org/iesi-kg/id/organisation/firm-es"),
            "Keep one of the two",
        ),
        (
            {**OUTCOME, "outcome_source_url": "", "evidence_level": "associative"},
            (V, "evidence-without-source", "outcome_source_url", None),
            "",
        ),
        ({"end_year": "2010"}, (V, "end-before-start", "end_year", "2010"), ""),
        (
            {"start_date": "2013-05-01", "end_date": "2013-04-30"},
            (V, "end-date-before-start-date", "end_date", "2013-04-30"),
            "",
        ),
        ({"lead_from_year": "2014", "lead_to_year": "2013"}, (V, "to-before-from", "lead_from_year", "2014"), ""),
        (
            {**CODED, "coding_reviewed_by": "Rea", "coding_review_date": "2026-11-19", "coding_status": "reviewed"},
            (V, "review-before-judgement", "coding_date", "2026-11-20"),
            "",
        ),
        (
            {**CODED, "coding_reviewed_by": "Ana", "coding_review_date": "2026-11-21", "coding_status": "reviewed"},
            (V, "reviewer-is-coder", "coding_reviewed_by", "https://w3id.org/iesi-kg/id/agent/ana"),
            "",
        ),
        (
            {"membership_edition": "2016", "exclusion_reason": "no-ict", "membership_date": "2017-02-10",
             "membership_source_url": "https://example.org/m"},
            (V, "included-with-reason", "exclusion_reason", None),
            "",
        ),
        (
            {**OUTCOME, "ict_attribution": "tested"},
            (W, "attribution-untested", "ict_attribution", None),
            "",
        ),
    ],
)  # fmt: skip
def test_a_row_that_contradicts_itself(
    cells: dict[str, str], expected: tuple[str, str, str | None, str | None], remedy: str
) -> None:
    findings = of_table(cells)
    assert [(f.severity.value, f.code, f.column, f.value) for f in findings if f.severity.value != "info"] == [expected]
    (finding,) = (f for f in findings if f.code == expected[1])
    assert finding.row == 2 and remedy in finding.message and (finding.suggestion or ". " in finding.message)


def test_twice_in_a_role_in_other_years_is_no_mistake() -> None:
    cells = {"partner_organisations": "Firm|Firm", "partner_roles": "funder|funder", "partner_from_years": "2013|2015"}
    assert of_table(cells) == []


def test_two_coders_may_judge_one_column() -> None:
    cells = {**CODED, "judged_column": "ict_potential|ict_potential", "judged_by": "Ana|Bea"}
    assert [f for f in of_table(cells) if f.severity.value != "info"] == []


RECORD = """
@prefix : <https://w3id.org/iesi-kg/id/initiative/> . @prefix x: <https://w3id.org/iesi-kg/id/initiative/x#> .
@prefix o: <https://w3id.org/iesi-kg/id/organisation/> . @prefix d: <https://w3id.org/iesi-kg/id/document/> .
@prefix a: <https://w3id.org/iesi-kg/id/agent/> . @prefix iesi: <https://w3id.org/iesi-kg/ontology#> .
@prefix dct: <http://purl.org/dc/terms/> . @prefix m8g: <http://data.europa.eu/m8g/> .
@prefix foaf: <http://xmlns.com/foaf/0.1/> . @prefix org: <http://www.w3.org/ns/org#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> . @prefix prov: <http://www.w3.org/ns/prov#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@base <https://w3id.org/iesi-kg/codes/> .
:x a iesi:Initiative ; dct:title "X" ; dct:description "It helps."@en ; iesi:startYear 2013 ;
  iesi:country <country/ES> ; iesi:targetGroupText "all" ; m8g:thematicArea <policy-area/childcare> ;
  iesi:hasSourceReading x:source-1 ; m8g:hasParticipation x:lead ; iesi:involves o:o .
x:lead a iesi:Participation ; m8g:hasParticipant o:o ; m8g:role <participation-role/lead> .
o:o a org:Organization ; skos:prefLabel "O" .
x:source-1 a iesi:SourceReading ; iesi:document d:d ; iesi:dateRead "2026-11-21"^^xsd:date ;
  iesi:readingStatus <reading-status/read> .
d:d a iesi:SourceDocument ; foaf:page <https://example.org/a> .
"""
CODER = 'a:ana a prov:Agent ; foaf:name "Ana" .'
CODING = f"""{CODER}
x:coding-1 a iesi:VariableCoding ; iesi:judges :x ; iesi:variable iesi:ictPotential ;
  iesi:codedValue <ict-potential/2> ;
  prov:wasAttributedTo a:ana ; dct:date "2026-11-20"^^xsd:date ; iesi:reviewStatus <review-status/unreviewed> .
"""
UNSIGNED = CODING.replace(CODER, "").replace("prov:wasAttributedTo a:ana ;", "")
SECOND = CODING.replace("coding-1", "coding-2").replace("11-20", "11-21")
X = "https://w3id.org/iesi-kg/id/initiative/x"


def of_rdf(more: str) -> list[Finding]:
    return [f for f in check(SourceFile("x.ttl", (RECORD + more).encode())).findings if f.severity.value != "info"]


@pytest.mark.parametrize("more", ["", CODING, f"{CODING}{SECOND} x:coding-2 iesi:supersedes x:coding-1 ."])
def test_a_record_and_its_codings_in_rdf(more: str) -> None:
    assert of_rdf(more) == []


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (UNSIGNED, (V, "judgement-coder-missing", f"{X}#coding-1", None)),
        (CODING.replace('dct:date "2026-11-20"^^xsd:date ;', ""), (V, "judgement-date-missing", f"{X}#coding-1", None)),
        (CODING + SECOND, (V, "coding-twice", f"{X}#coding-2", "ontology#ictPotential")),
        (":x iesi:governanceLevel <governance-level/x> .", (V, "governance-level-code", X, "governance-level/x")),
        (":x iesi:governanceLevel <ict-role/driver> .", (V, "governance-level-code", X, "ict-role/driver")),
        (
            CODING.replace("ict-potential/2", "ict-role/driver"),
            (V, "coded-value-elsewhere", f"{X}#coding-1", "ict-role/driver"),
        ),
        (
            CODING.replace("ict-potential/2", "ict-potential/9"),
            (V, "coded-value-missing", f"{X}#coding-1", "ict-potential/9"),
        ),
        ("x:source-1 a iesi:Judgement .", (V, "disjoint", f"{X}#source-1", None)),
        ("x:lead iesi:locator \"page 2\" .", (V, "disjoint", f"{X}#lead", None)),
        (
            ":x m8g:hasParticipation x:again . x:again a iesi:Participation ; m8g:hasParticipant o:o ; "
            "m8g:role <participation-role/lead> .",
            (V, "organisation-twice", f"{X}#lead", "organisation/o"),
        ),
        (":x iesi:endYear 2012 .", (V, "end-before-start", X, "2013")),
        (":x dct:description \"Elle aide.\" .", (W, "description-tag", X, "Elle aide.")),
        ("d:d rdfs:label \"A page\" .", (W, "label-tag", "https://w3id.org/iesi-kg/id/document/d", "A page")),
    ],
)  # fmt: skip
def test_rdf_that_contradicts_itself(more: str, expected: tuple[str, str, str, str | None]) -> None:
    severity, code, focus, value = expected
    (finding,) = of_rdf(more)
    assert (finding.severity.value, finding.code, finding.focus_node) == (severity, code, focus)
    assert (finding.value or "").endswith(value or "") and bool(finding.value) == bool(value)
    assert ". " in finding.message, "what is wrong, and what mends it"


def test_an_organisation_that_is_an_initiative_too() -> None:
    found = {(f.code, f.focus_node) for f in of_rdf("o:o a iesi:Initiative .")}
    assert ("disjoint", "https://w3id.org/iesi-kg/id/organisation/o") in found


def test_an_outcome_with_a_level_of_evidence_and_no_evidence_in_rdf() -> None:
    outcome = """:x iesi:hasOutcome x:o-1 . x:o-1 a iesi:Outcome ; dct:description "Less lonely."@en ;
        iesi:evidenceLevel <evidence-level/associative> ."""
    found = {(f.severity.value, f.code, f.focus_node) for f in of_rdf(outcome)}
    assert found == {(V, "evidence-without-source", f"{X}#o-1"), (W, "outcome-source-missing", f"{X}#o-1")}


def test_a_circle_of_parts_is_named_at_each_of_its_records_with_the_next_one() -> None:
    circle = ":a dct:isPartOf :b . :b dct:isPartOf :c . :c dct:isPartOf :a . :d dct:isPartOf :a ."
    found = [f for f in of_rdf(circle) if f.code == "part-of-itself"]
    names = [tuple((name or "").rpartition("/")[2] for name in (f.focus_node, f.value)) for f in found]
    assert sorted(names) == [("a", "b"), ("b", "c"), ("c", "a")]
    bodies = of_rdf("o:a org:subOrganizationOf o:b . o:b org:subOrganizationOf o:a .")
    told = [(f.focus_node or "").rpartition("/")[2] for f in bodies if f.code == "organisation-part-of-itself"]
    assert sorted(told) == ["a", "b"]


def test_a_circle_of_broader_codes_is_named_beside_its_being_nobody_s_to_change() -> None:
    circle = "<target-group/a> skos:broader <target-group/b> . <target-group/b> skos:broader <target-group/a> ."
    found = [(f.code, (f.focus_node or "").rpartition("/")[2]) for f in of_rdf(circle)]
    assert sorted(found) == [
        ("broader-cycle", "a"),
        ("broader-cycle", "b"),
        ("foreign-subject", "a"),
        ("foreign-subject", "b"),
    ]
