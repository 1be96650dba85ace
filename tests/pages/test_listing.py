"""The list of the test graph: what a search and a filter keep, what a facet counts, and the same said in SPARQL."""

from __future__ import annotations

import pytest

from iesi_kg.analysis.listing import Choice, Index, as_query, build, fold, words
from iesi_kg.store.base import Reader

CAFE, KINDER, SCRIPT = "cafe-numerique", "kinder-netz", "script-alert"


@pytest.fixture(scope="module")
def index(reader: Reader) -> Index:
    return build(reader)


CHOICES = [
    (Choice(), [SCRIPT, CAFE, KINDER]),
    (Choice(words("cafe")), [CAFE]),
    (Choice(words("CAFÉ numerique")), [CAFE]),
    (Choice(words("canum")), [CAFE]),
    (Choice(words("lab ouvert")), [CAFE, KINDER]),
    (Choice(words("ville d'essai")), [CAFE]),
    (Choice(words("older people")), [SCRIPT, CAFE]),
    (Choice(words("older nothing")), []),
    (Choice(words('<script> ".*" \\ ( [')), []),
    (Choice(words("<script>alert(1)</script>")), [SCRIPT]),
    (Choice(codes={"country": ("FR",)}), [SCRIPT, CAFE]),
    (Choice(codes={"country": ("BE", "DE")}), [CAFE, KINDER]),
    (Choice(codes={"country": ("FR",), "technology": ("video-communication",)}), [CAFE]),
    (Choice(codes={"target-group": ("older-people",)}), [SCRIPT, CAFE]),
    (Choice(codes={"target-group": ("older-people-alone",)}), [CAFE]),
    (Choice(codes={"policy-area": ("aha",)}), [CAFE]),
    (Choice(words("people"), {"country": ("BE",)}), [CAFE]),
]


@pytest.mark.parametrize(("choice", "expected"), CHOICES)
def test_a_choice_keeps_these_in_the_order_of_their_names(index: Index, choice: Choice, expected: list[str]) -> None:
    assert [entry.iri.rpartition("/")[2] for entry in index.select(choice)] == expected


@pytest.mark.parametrize(("choice", "expected"), CHOICES)
def test_the_sparql_of_a_choice_finds_the_same(
    index: Index, reader: Reader, choice: Choice, expected: list[str]
) -> None:
    found = {str(row["initiative"]).rpartition("/")[2].rstrip(">") for row in reader.select(as_query(index, choice))}
    assert found == set(expected)


def test_a_facet_counts_with_its_own_filter_left_out(index: Index) -> None:
    choice = Choice(codes={"country": ("BE",), "target-group": ("older-people",)})
    assert [(value.code, n) for value, n in index.counts("country", choice)] == [("FR", 2), ("BE", 1)]
    assert [(value.code, n) for value, n in index.counts("target-group", choice)] == [
        ("older-people", 1),
        ("older-people-alone", 1),
    ]


def test_a_chosen_value_that_gives_nothing_is_still_offered(index: Index) -> None:
    choice = Choice(codes={"country": ("DE",), "technology": ("video-communication",)})
    assert ("DE", 0) in [(value.code, n) for value, n in index.counts("country", choice)]


def test_leaves_count_what_was_stated_not_what_is_broader(index: Index) -> None:
    assert {value.code: n for value, n in index.leaves("policy-area")} == {
        "social-inclusion": 2,
        "aha-independent-living": 1,
        "childcare": 1,
    }


def test_folding_takes_case_and_accents_away() -> None:
    assert fold("Örebro ŠKODA Ævar Straße") == "orebro skoda ævar strasse"
