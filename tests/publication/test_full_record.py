"""One record that fills every column of the template: accepted as a table and as RDF, and published."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pyoxigraph
from pyoxigraph import RdfFormat

from iesi_kg import assets
from iesi_kg.publication.workflow import check, publish, receive, template
from iesi_kg.records import Report, SourceFile
from iesi_kg.store.embedded import EmbeddedStore
from submission_tables import GOOD, table

FULL = GOOD | {
    "alternative_names": "VBCN", "place": "Barcelona", "nuts": "ES511", "start_date": "2013-04-01",
    "end_year": "2020", "end_date": "2020-12-31", "status": "ended", "website": "https://example.org/",
    "governance_level": "local", "target_groups_text": "people over 65", "lead_org_country": "ES",
    "partner_organisations": "Firm", "partner_roles": "technology-provider", "partner_types": "private",
    "partner_countries": "FR", "technologies": "video-communication", "technologies_text": "tablet",
    "ict_role": "enabler", "ict_potential": "2", "integration_level": "4", "sip_objectives": "PR4",
    "user_role": "co-designer", "definition_elements": "D1|D4", "funding_text": "city budget",
    "outcome": "Users feel less lonely.", "outcome_source_url": "https://example.org/report",
    "evaluation_method": "before-after", "map_edition": "2016", "external_identifiers": "elsewhere:1",
    "source_title": "About", "source_publisher": "City", "source_locator": "first paragraph", "coded_by": "Ana",
    "coding_date": "2026-11-20", "record_date": "2026-11-22", "note": "invented",
    "object_kinds": "service", "intervention_stages": "implementation", "addressees": "final-beneficiary",
    "innovation_elements": "open-co-creation", "integration_types": "service-delivery|funding",
    "integration_supports": "person-centred", "sip_pillars": "life-course", "study_objectives": "access-quality",
    "service_objectives": "access", "youth_service_types": "employability-entrepreneurship",
    "ict_functions": "connect", "ict_effects": "social-participation", "enabling_factors": "leadership",
    "barriers": "low-digital-skills", "framework_conditions": "infrastructure",
    "scaling": "replicated-same-country", "replicates": "earlier-one",
    "same_initiative_as": "https://example.org/other/7", "delivers_services": "https://example.org/service",
    "need_text": "loneliness", "policy_context_text": "city plan", "business_model_text": "city budget",
    "lead_org_sector": "public", "lead_public_role": "catalyser-enabler", "lead_funding_share": "0.75",
    "lead_from_year": "2013", "lead_to_year": "2020", "partner_sectors": "private-providers",
    "partner_public_roles": "orchestrator-amplifier", "partner_funding_shares": "0.25",
    "partner_from_years": "2014", "partner_to_years": "2019",
    "involved_group": "older-people-alone|informal-carers", "involved_as": "co-designer|consulted",
    "involved_addressee": "final-beneficiary|intermediary",
    "funding_source": "public-local|esf", "funding_programme": "|ESF 2014-2020", "funding_amount": "250000|1000.50",
    "funding_currency": "EUR|EUR", "funder": "Ajuntament de Barcelona|", "funder_country": "ES|",
    "funding_from_year": "2013|", "funding_to_year": "2020|",
    "outcome_type": "independent-living", "outcome_holder": "beneficiary", "outcome_horizon": "short",
    "outcome_status": "observed", "outcome_direction": "better", "outcome_indicator": "people-reached",
    "evidence_level": "associative", "evidence_coded_by": "Ana", "evidence_coding_date": "2026-11-19",
    "ict_attribution": "tested", "counterfactual": "without-ict", "evaluator": "University",
    "evaluation_report_url": "https://example.org/evaluation", "evaluated_object": "project",
    "evaluation_from_year": "2015", "evaluation_to_year": "2016",
    "indicator": "people-reached|budget", "indicator_value": "2000|250000.5", "indicator_year": "2019|2019",
    "indicator_kind": "|target", "indicator_group": "older-people|",
    "membership_edition": "2016|2015", "membership_decision": "|excluded",
    "processing_stage": "knowledge-map|mapped", "exclusion_reason": "|no-evidence",
    "membership_source_url": "https://example.org/map|https://example.org/map",
    "membership_date": "2017-02-10|2015-11-01",
    "award_category": "best-evidence", "award_stage": "shortlist", "award_year": "2016",
    "award_source_url": "https://example.org/award",
    "coding_source_url": "https://example.org/paper", "coding_locator": "page 3", "coding_source_read": "2026-11-01",
    "coding_method": "single-coder", "coding_confidence": "high", "coding_status": "reviewed",
    "coding_reviewed_by": "Rea", "coding_review_date": "2026-11-21", "coding_rationale": "As the paper says.",
    "judged_column": "ict_potential|service_areas", "judged_by": "|Cem", "judged_date": "|2026-11-18",
    "judged_source_url": "https://example.org/paper|https://example.org/vincles", "judged_locator": "page 4|title",
    "judged_source_read": "2026-11-02|2026-11-03", "judged_method": "single-coder|rule",
    "judged_confidence": "high|low", "judged_status": "reviewed|", "judged_reviewed_by": "Rea|",
    "judged_review_date": "2026-11-21|", "judged_rationale": "New roles of staff.|By its title.",
    "fact_column": "start_year|lead_org_type", "fact_source_url": "https://example.org/f|https://example.org/g",
    "fact_locator": "page 2|page 3", "fact_read": "2026-11-03|2026-11-04",
}  # fmt: skip


def test_every_column_is_filled() -> None:
    assert [column.name for column in template().columns if not FULL.get(column.name, "").strip("|")] == []
    header = assets.text("ontology/generated/template-full.csv").strip()
    assert header.split(",") == [column.name for column in template().columns]


def test_a_record_that_says_everything_is_accepted_as_a_table_and_as_rdf(tmp_path: Path) -> None:
    receipt = receive(SourceFile("full.csv", table(FULL)))
    assert receipt.report == Report(1)
    content = pyoxigraph.serialize(receipt.submission.triples, format=RdfFormat.TURTLE) or b""
    assert check(SourceFile("full.ttl", content)) == Report(1)
    store = EmbeddedStore.open(tmp_path / "store", create=True)
    done = publish(store, receipt, by="steward", at=datetime(2026, 11, 22, tzinfo=UTC))
    query = "SELECT (COUNT(*) AS ?n) WHERE { GRAPH ?g { ?s a <http://www.w3.org/1999/02/22-rdf-syntax-ns#Statement> } }"
    assert done.changed and store.reader().select(query)[0]["n"].value == "4"  # type: ignore[union-attr]


def test_any_subset_of_columns_is_a_valid_file() -> None:
    """Every part left out in turn; what another part needs of it is not in it."""
    for part in template().parts:
        cells = {name: text for name, text in FULL.items() if template().by_name[name].part != part}
        assert check(SourceFile("f.csv", table(cells))).conforms, part
