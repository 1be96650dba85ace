"""Where a term is used, against what shapes, template, queries and alignments say, read by hand."""

from __future__ import annotations

from iesi_kg.vocabulary.namespaces import BASE, DCT, IESI
from iesi_kg.vocabulary.uses import links, mentioned, uses


def test_the_rules_of_a_property_with_message_and_severity() -> None:
    rules = {rule.code: rule for rule in uses(f"{IESI}evaluationMethod").rules}
    assert {"evaluation-method-code", "evaluation-method-one"} <= set(rules)
    rule = rules["evaluation-method-one"]
    assert (rule.severity, rule.column, rule.targets) == ("violation", "evaluation_method", (f"{IESI}Outcome",))
    assert rule.message("de")[1] == "de"
    assert rule.message("pl") == ("More than one evaluation method is given. Keep the one that fits best.", "en")


def test_violations_come_before_warnings_before_information() -> None:
    order = [rule.severity for rule in uses(f"{IESI}Initiative").rules]
    assert order == sorted(order, key=["violation", "warning", "info"].index)
    assert set(order) == {"violation", "warning", "info"}


def test_the_columns_of_a_property_a_list_and_a_class() -> None:
    assert [c.name for c in uses(f"{IESI}country").columns] == [
        "country", "lead_org_country", "partner_countries", "funder_country",
    ]  # fmt: skip
    assert [c.name for c in uses(f"{BASE}codes/participation-role").columns] == ["partner_roles"]
    assert [c.name for c in uses(f"{IESI}Outcome").columns] == [
        "outcome", "evaluation_method", "outcome_type", "outcome_holder", "outcome_horizon", "outcome_status",
        "outcome_direction", "outcome_indicator", "evidence_level", "ict_attribution",
    ]  # fmt: skip
    assert [c.name for c in uses(f"{IESI}hasOutcome").columns] == ["outcome"]


def test_a_query_that_names_a_code_uses_its_list() -> None:
    slugs = [question.slug for question in uses(f"{BASE}codes/organisation-type").questions]
    assert "009-public-sector-roles" in slugs
    assert "001-initiatives-of-a-country" not in slugs


def test_what_nobody_uses_has_no_uses() -> None:
    found = uses(f"{IESI}nothing")
    assert (found.rules, found.columns, found.questions, found.matches) == ((), (), (), ())


def test_names_in_comments_strings_and_prefixes_are_no_use() -> None:
    text = (
        "PREFIX a: <urn:a#>\n# a:no <urn:no>\nSELECT * { ?x a:yes 'a:no', \"a:no\" ; <urn:b#c> ?y FILTER(?x < a:z.v) }"
    )
    assert set(mentioned(text)) == {"urn:a#yes", "urn:b#c", "urn:a#z.v"}


def test_the_links_that_a_row_of_the_template_makes() -> None:
    made = set(links())
    assert (f"{IESI}Initiative", f"{IESI}hasOutcome", f"{IESI}Outcome") in made
    assert (f"{IESI}Outcome", f"{DCT}source", f"{IESI}SourceDocument") in made
