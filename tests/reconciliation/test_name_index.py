"""The index of names: what is like a text, what begins with it, and what is the same but for case and accents."""

from __future__ import annotations

import pytest

from iesi_kg.linking import index
from iesi_kg.linking.index import Index

NAMES = [
    ["Vincles BCN"],
    ["Care about Care", "CaC"],
    ["Caring Homes"],
    ["Éducation numérique"],
    ["Βοήθεια στο Σπίτι", "Help at Home"],
    ["--"],
]


@pytest.fixture(scope="module")
def built() -> Index:
    return index.build(NAMES)


@pytest.mark.parametrize(
    ("text", "things"),
    [
        ("vincles  bcn", [0]),
        ("CAC", [1]),
        ("education-numerique", [3]),
        ("βοηθεια στο σπιτι", [4]),
        ("", []),
        ("?", []),
    ],
)
def test_a_name_is_the_same_but_for_case_accents_and_marks(built: Index, text: str, things: list[int]) -> None:
    assert list(built.equal(text)) == things


@pytest.mark.parametrize(
    ("text", "first"), [("Vinkles Barcelona", 0), ("care for care", 1), ("numeriqe", 3), ("help home", 4)]
)
def test_a_misspelt_name_is_found_first(built: Index, text: str, first: int) -> None:
    assert built.like(text, 3)[0] == first


def test_only_what_is_kept_is_found(built: Index) -> None:
    assert built.like("care", 5) == [1, 2]
    assert built.like("care", 5, lambda thing: thing != 1) == [2]
    assert built.like("care", 1) == [1]


def test_what_has_nothing_in_common_is_not_found(built: Index) -> None:
    assert built.like("xylophone", 5) == built.like("", 5) == []


@pytest.mark.parametrize(
    ("text", "things"),
    [("car", [1, 2]), ("care ab", [1]), ("about ca", [1]), ("Σπι", [4]), ("ab care", []), ("zz", [])],
)
def test_words_may_be_begun(built: Index, text: str, things: list[int]) -> None:
    assert sorted(built.beginning(text)) == things


def test_the_names_of_a_thing_are_kept_folded(built: Index) -> None:
    assert [list(built.names_of(thing)) for thing in (1, 3, 5)] == [
        ["care about care", "cac"],
        ["education numerique"],
        [],
    ]
