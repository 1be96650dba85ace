from __future__ import annotations

import pytest

from iesi_kg.vocabulary.codelists import CodeLists

LISTS = CodeLists.load()


@pytest.mark.parametrize(
    ("scheme", "text", "notation"),
    [
        ("country", "es", "ES"),
        ("country", "EL", "GR"),
        ("country", "UK", "GB"),
        ("country", "Österreich", "AT"),
        ("country", "osterreich", "AT"),
        ("country", "  Pays   Bas ", "NL"),
        ("policy-area", "Social Inclusion", "social-inclusion"),
        ("policy-area", "social_inclusion", "social-inclusion"),
        ("policy-area", "garde d'enfants", "childcare"),
        ("policy-area", "garde d’enfants", "childcare"),
        ("status", "In production", "running"),
        ("status", "not in use anymore", "ended"),
        ("sip-objective", "pr4", "PR4"),
        ("ict-potential", "3", "3"),
        ("ict-potential", "disruptive", "3"),
        ("governance-level", "EU-wide", "eu"),
        ("organisation-type", "NGO", "third-sector"),
    ],
)
def test_a_cell_may_say_the_code_or_a_label_in_any_language(scheme: str, text: str, notation: str) -> None:
    concept = LISTS.resolve(scheme, text)
    assert concept is not None
    assert concept.notation == notation


@pytest.mark.parametrize(
    ("scheme", "text"), [("country", "XX"), ("country", ""), ("sip-objective", "SI4"), ("status", "?")]
)
def test_what_means_no_code_is_not_guessed(scheme: str, text: str) -> None:
    assert LISTS.resolve(scheme, text) is None


@pytest.mark.parametrize(
    ("scheme", "text", "notation"),
    [
        ("country", "Frannce", "FR"),
        ("sip-objective", "SI4", "SI1"),
        ("policy-area", "childcar", "childcare"),
        ("technology", "telecare platform", "telecare"),
        ("target-group", "older persons", "older-people"),
        ("status", "implemnted", "running"),
    ],
)
def test_a_slip_finds_the_nearest_code(scheme: str, text: str, notation: str) -> None:
    concept = LISTS.nearest(scheme, text)
    assert concept is not None
    assert concept.notation == notation


@pytest.mark.parametrize(
    ("scheme", "text"), [("policy-area", "banana"), ("target-group", "artists"), ("country", "zz")]
)
def test_what_is_like_nothing_gets_no_suggestion(scheme: str, text: str) -> None:
    assert LISTS.nearest(scheme, text) is None


def test_a_concept_knows_its_place() -> None:
    concept = LISTS.resolve("target-group", "blind people")
    assert concept is not None
    assert concept.label == "blind and visually impaired people"
    assert concept.labels["de"] == "blinde und sehbehinderte Menschen"
    assert concept.broader is not None and concept.broader.value.endswith("/target-group/people-with-disabilities")
    assert concept.iri.value == "https://w3id.org/iesi-kg/codes/target-group/visually-impaired"


def test_loading_twice_reads_once() -> None:
    assert CodeLists.load() is LISTS
