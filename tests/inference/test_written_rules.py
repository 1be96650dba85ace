"""Which coding gives an initiative its value, and which judgements are disputed: each case by hand."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from pyoxigraph import NamedNode, RdfFormat, Triple, parse

from iesi_kg import assets
from iesi_kg.errors import IesiKgError
from iesi_kg.inference import rules, written
from iesi_kg.inference.derivation import Derived, derive
from iesi_kg.inference.explanation import Explainer

PREFIXES = """
@prefix : <https://example.org/> .
@prefix dct: <http://purl.org/dc/terms/> .
@prefix element: <https://w3id.org/iesi-kg/codes/definition-element/> .
@prefix iesi: <https://w3id.org/iesi-kg/ontology#> .
@prefix p: <https://w3id.org/iesi-kg/codes/ict-potential/> .
@prefix review: <https://w3id.org/iesi-kg/codes/review-status/> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""
POTENTIAL = NamedNode("https://w3id.org/iesi-kg/ontology#ictPotential")
STATUS = NamedNode("https://w3id.org/iesi-kg/ontology#reviewStatus")


def turtle(text: str) -> list[Triple]:
    return [quad.triple for quad in parse(PREFIXES + text, format=RdfFormat.TURTLE)]


def coding(
    name: str, values: str, day: str, status: str = "unreviewed", more: str = "", of: str = "ictPotential"
) -> str:
    return (
        f":{name} a iesi:VariableCoding ; iesi:judges :x ; iesi:variable iesi:{of} ; iesi:codedValue {values} ; "
        f'dct:date "{day}"^^xsd:date ; iesi:reviewStatus review:{status} {more} .\n'
    )


def derived(text: str) -> Derived:
    stated = set(turtle(text))
    return derive(stated, rules.bundled(), stated.__contains__)


def values(text: str, of: NamedNode = POTENTIAL) -> set[str]:
    return {str(t.object)[1:-1].rsplit("/", 1)[1] for t in derived(text).triples if t.predicate == of}


def disputed(text: str) -> set[str]:
    found = [t for t in derived(text).triples if t.predicate == STATUS]
    assert all(str(t.object).endswith("/disputed>") for t in found)
    return {str(t.subject)[1:-1].rsplit("/", 1)[1] for t in found}


def test_the_newest_reviewed_coding_gives_the_value() -> None:
    assert values(coding("a", "p:2", "2026-01-01", "reviewed") + coding("b", "p:3", "2026-05-01")) == {"2"}


def test_without_a_reviewed_coding_the_newest_does() -> None:
    assert values(coding("a", "p:2", "2026-01-01") + coding("b", "p:3", "2026-05-01")) == {"3"}


def test_reviewed_codings_that_disagree_give_no_value_and_are_disputed() -> None:
    text = (
        coding("a", "p:2", "2026-01-01", "reviewed")
        + coding("b", "p:3", "2026-05-01", "reviewed")
        + coding("c", "p:3", "2026-06-01", "reviewed")
        + coding("d", "p:4", "2026-07-01")
    )
    assert values(text) == set()
    assert disputed(text) == {"a", "b", "c"}


def test_reviewed_codings_that_agree_are_not_disputed() -> None:
    text = coding("a", "p:2", "2026-01-01", "reviewed") + coding("b", "p:2", "2026-05-01", "reviewed")
    assert (values(text), disputed(text)) == ({"2"}, set())


def test_one_value_more_is_a_disagreement() -> None:
    text = coding("a", "p:2", "2026-01-01", "reviewed") + coding("b", "p:2, p:3", "2026-05-01", "reviewed")
    assert (values(text), disputed(text)) == (set(), {"a", "b"})


def test_what_was_superseded_counts_no_more() -> None:
    text = coding("a", "p:2", "2026-01-01", "reviewed")
    revised = coding("b", "p:3", "2026-05-01", "reviewed", "; iesi:supersedes :a")
    assert (values(text + revised), disputed(text + revised)) == ({"3"}, set())
    unreviewed = coding("b", "p:3", "2026-05-01", more="; iesi:supersedes :a")
    assert values(text + unreviewed) == {"3"}


def test_a_dispute_that_a_person_marked_is_not_settled_by_a_date() -> None:
    text = coding("a", "p:2", "2026-01-01", "disputed") + coding("b", "p:3", "2026-05-01", "disputed")
    assert values(text) == set()
    assert values(text + coding("c", "p:4", "2026-06-01")) == set()
    assert values(text + coding("c", "p:4", "2025-06-01", "reviewed")) == {"4"}


def test_two_of_one_day_give_a_value_only_where_they_agree() -> None:
    first = coding("a", "p:2", "2026-01-01")
    assert values(first + coding("b", "p:3", "2026-01-01")) == set()
    assert values(first + coding("b", "p:2", "2026-01-01")) == {"2"}
    assert values(first + coding("b", "p:2, p:3", "2026-01-01")) == set()
    assert values(first + coding("b", "p:3", "2026-01-01", more="; iesi:supersedes :a")) == {"3"}


def test_variables_and_initiatives_are_apart() -> None:
    text = coding("a", "p:2", "2026-01-01", "reviewed") + coding("b", "p:3", "2026-05-01", of="integrationLevel")
    assert values(text) == {"2"}
    other = coding("c", "p:4", "2026-05-01", "reviewed").replace(":judges :x", ":judges :y")
    assert disputed(text + other) == set()


def test_a_record_coded_as_a_whole_later_keeps_its_own_value() -> None:
    whole = """:x iesi:ictPotential p:1 ; iesi:hasCoding :whole .
        :whole a iesi:Coding ; iesi:codes iesi:ictPotential ; dct:date "2026-03-01"^^xsd:date ."""
    assert values(whole + coding("a", "p:2", "2026-01-01")) == set()
    assert values(whole + coding("a", "p:2", "2026-03-02")) == {"2"}
    assert values(whole + coding("a", "p:2", "2026-01-01", "reviewed")) == {"2"}


def test_what_the_record_states_is_not_derived_again() -> None:
    assert values(":x iesi:ictPotential p:2 ." + coding("a", "p:2", "2026-01-01", "reviewed")) == set()


def test_a_coded_checklist_leads_to_the_class() -> None:
    met = "element:D1, element:D2, element:D4, element:D5, element:D6"
    text = coding("a", met, "2026-01-01", "reviewed", of="meetsElement")
    (innovation,) = turtle(":x a iesi:SocialInnovation .")
    assert innovation in derived(text).triples
    assert innovation not in derived(text.replace(", element:D6", "")).triples


def test_clusters_that_differ_are_disputed() -> None:
    text = """:one iesi:assignedCountry :c ; iesi:welfareCluster :north .
        :two iesi:assignedCountry :c ; iesi:welfareCluster :south .
        :same iesi:assignedCountry :d ; iesi:welfareCluster :north .
        :too iesi:assignedCountry :d ; iesi:welfareCluster :north .
        :old iesi:assignedCountry :d ; iesi:welfareCluster :south .
        :new iesi:supersedes :old ; iesi:assignedCountry :d ; iesi:welfareCluster :north ."""
    assert disputed(text) == {"one", "two"}


def test_a_proof_names_the_coding_and_its_words() -> None:
    text = coding("a", "p:2", "2026-01-01", "reviewed") + coding("b", "p:3", "2026-05-01")
    found = derived(text)
    proof = Explainer(rules.bundled(), found).explain(*turtle(":x iesi:ictPotential p:2 ."))
    assert proof is not None and isinstance(proof.because, written.Written)
    assert proof.because.name == "30-shortcut-reviewed"
    stated = set(turtle(text))
    assert {premise.triple.subject.value for premise in proof.premises} == {"https://example.org/a"}  # type: ignore[union-attr]
    assert all(premise.triple in stated and premise.because is None for premise in proof.premises)


def test_every_written_rule_can_be_explained() -> None:
    disagree = coding("a", "p:2", "2026-01-01", "reviewed") + coding("b", "p:3", "2026-05-01", "reviewed")
    cases = [
        """:one iesi:assignedCountry :c ; iesi:welfareCluster :n .
           :two iesi:assignedCountry :c ; iesi:welfareCluster :s .""",
        disagree,
        coding("a", "p:2", "2026-01-01", "reviewed"),
        coding("a", "p:2", "2026-01-01"),
    ]
    used: list[str] = []
    for text in cases:
        found, stated = derived(text), set(turtle(text))
        explainer = Explainer(rules.bundled(), found)
        for rule, given in found.by_choice:
            used += [rule.name] * len(given)
            for triple in given:
                proof = explainer.explain(triple)
                assert proof is not None and proof.because == rule
                assert_premises(stated, [premise.triple for premise in proof.premises])
    assert used == ["10-clusters-disputed"] * 2 + ["20-codings-disputed"] * 2 + [
        "30-shortcut-reviewed",
        "40-shortcut-newest",
    ]


def assert_premises(stated: set[Triple], premises: Iterable[Triple]) -> None:
    assert set(premises) <= stated


def test_the_rules_have_words_and_their_place() -> None:
    found = written.bundled()
    assert [rule.name for rule in found] == [
        "10-clusters-disputed", "20-codings-disputed", "30-shortcut-reviewed", "40-shortcut-newest",
    ]  # fmt: skip
    assert all(rule.title and rule.says and rule.premises and rule.conclusions for rule in found)


@pytest.mark.parametrize("gone", ["# title: ", "# says: ", "CONSTRUCT"])
def test_a_file_that_is_no_rule_is_refused_by_name(gone: str) -> None:
    path = "queries/rules/30-shortcut-reviewed.rq"
    with pytest.raises(IesiKgError, match=r"queries/rules/30-shortcut-reviewed\.rq is no rule") as refused:
        written.read(path, assets.text(path).replace(gone, "# "))
    assert "# says:" in refused.value.detail
