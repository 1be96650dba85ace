"""Texts to words, and records to the pairs worth comparing: slips are found, and blocks stay small."""

from __future__ import annotations

import doctest

import pytest

from benchmarks import link as benchmark
from iesi_kg.linking import blocking, normal
from iesi_kg.linking.entities import Entity
from iesi_kg.linking.profiles import Corpus
from iesi_kg.vocabulary import iris


def named(*names: str) -> list[Entity]:
    return [
        Entity(f"d:{number}", iris.peer_record("d", str(number)), "d", "initiative", (name,))
        for number, name in enumerate(names)
    ]


def pairs(entities: list[Entity]) -> set[tuple[int, int]]:
    corpus = Corpus.of([entities])
    return set(blocking.pairs([corpus.profile(entity) for entity in entities], corpus))


def test_the_examples_of_the_words_hold() -> None:
    result = doctest.testmod(normal)
    assert (result.failed, result.attempted >= 5) == (0, True)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("https://www.example.org/", "example.org"),
        ("HTTP://Example.org:8080/index.html#top", "example.org"),
        ("http://HTTP://example.org", "example.org"),
        ("example.org/A/?id=1", "example.org/a?id=1"),
        ("National Programme", None),
        ("", None),
    ],
)
def test_addresses(text: str, found: str | None) -> None:
    page = normal.address(text)
    assert (page.host + page.path if page else None) == found


def test_records_that_share_a_word_a_slip_or_the_whole_name_are_compared() -> None:
    found = pairs(named("OuluBot helps firms", "OuloBot assistant", "La Bonne Boite", "LaBonneBoite", "Quiet garden"))
    assert found == {(0, 1), (2, 3)}


def test_a_word_that_many_have_makes_no_block() -> None:
    many = named(*(f"Watergrid w{number:04d}q" for number in range(300)))
    assert pairs(many) == set()
    assert pairs(many[:20]) == {(a, b) for a in range(20) for b in range(a + 1, 20)}


def test_no_record_is_compared_with_more_than_so_many_that_follow() -> None:
    left, right, _ = benchmark.generated(400)
    assert len(pairs([*left, *right])) <= blocking.MOST * 800


def test_the_benchmark_finds_what_it_hid() -> None:
    told = benchmark.measured("iesi-kg", 300)
    assert told["precision"] > 0.9
    assert told["recall"] > 0.95
    names = benchmark.measured("names", 300)
    assert names["recall"] < told["recall"]
