"""Reading the tokens of a text takes time that grows with its length, also where names seem to begin everywhere."""

from __future__ import annotations

import time

import pytest

from iesi_kg.store.lexis import tokens


def seconds(text: str) -> float:
    """The least processor time of three readings."""
    times = []
    for _ in range(3):
        begun = time.process_time()
        assert sum(1 for _ in tokens(text)) > 1_000
        times.append(time.process_time() - begun)
    return min(times)


@pytest.mark.parametrize("piece", ["a.", "a-", "_.a.", "a. "])
def test_eight_times_the_length_takes_no_sixty_four_times_the_time(piece: str) -> None:
    assert seconds(piece * 40_000) < 24 * seconds(piece * 5_000)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.b.c", [("word", "a"), ("sign", "."), ("word", "b"), ("sign", "."), ("word", "c")]),
        ("a.b.c:d", [("name", "a.b.c:d")]),
        ("_a.b:c", [("word", "_a"), ("sign", "."), ("name", "b:c")]),
        ("?o.ex:a", [("variable", "?o"), ("sign", "."), ("name", "ex:a")]),
        ("a-b c:d", [("word", "a"), ("sign", "-"), ("word", "b"), ("name", "c:d")]),
        ("a.b_:c", [("name", "a.b_:c")]),
    ],
)
def test_a_name_is_found_wherever_one_begins(text: str, expected: list[tuple[str, str]]) -> None:
    assert [(token.kind, token.text) for token in tokens(text)] == expected
