"""The agreement printed in the data sheet is that of the two codings in data/codings."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from agreement import EXAMPLES, _pairs, _read, by_value, kappa, lines, pairs_of, rounds, weighted
from drawing import drawn, examples


def test_kappa_by_hand() -> None:
    """20 yes/yes, 5 yes/no, 10 no/yes, 15 no/no: 0.70 the same, 0.50 by chance, so (0.70 - 0.50) / 0.50."""
    pairs = [("y", "y")] * 20 + [("y", "n")] * 5 + [("n", "y")] * 10 + [("n", "n")] * 15
    assert kappa(pairs) == pytest.approx(0.4)
    assert by_value([("a|b", "a"), ("b", "b"), ("", "")]) == pytest.approx((1 + 0.4) / 2)


def test_a_greater_distance_weighs_more() -> None:
    """1/1, 2/2, 3/1: squares sum to 4; by chance (1,2,3 against 1,2,1) to (0+1+0 + 1+0+1 + 4+1+4) / 3 = 4."""
    assert weighted([("1", "1"), ("2", "2"), ("3", "1")]) == pytest.approx(0.0)
    assert weighted([("1", "1"), ("2", "2"), ("3", "3")]) == pytest.approx(1.0)
    assert kappa([("1", "1"), ("1", "1")]) is None


def test_the_data_sheet_prints_the_agreement_that_is_there(root: Path) -> None:
    page = (root / "docs" / "reference" / "data-sheet.md").read_text(encoding="utf-8")
    printed = [
        line
        for line in page.splitlines()
        if " nominal | " in line or " weights | " in line or " over values | " in line
    ]
    assert printed == [line for number in rounds() for line in lines(number)]


def test_records_of_both_codings() -> None:
    assert [len(pairs_of("ict_role", number=1, without_examples=left_out)) for left_out in (False, True)] == [72, 58]
    assert len(EXAMPLES) == 14
    levels = pairs_of("evidence_level", number=1)
    assert (len(levels), sum(a == b for a, b in levels)) == (51, 51)
    assert Counter(a for a, _ in levels)["descriptive"] == 46


def test_from_round_2_on_each_outcome_is_a_pair_and_a_missing_code_counts() -> None:
    assert _pairs("targeting|none", "targeting|access-take-up", "outcome_types", 2) == [
        ("targeting", "targeting"),
        ("none", "access-take-up"),
    ]
    assert _pairs("", "", "outcome_types", 2) == []
    assert _pairs("4", "", "integration_level", 2) == [("4", "")]
    assert _pairs("4", "", "integration_level", 1) == []


def test_a_round_holds_no_example_of_the_codebook_and_none_of_an_earlier_round() -> None:
    third = {row["identifier"] for row in _read(3, "first")}
    assert len(third) == 63
    assert not third & examples()
    assert not third & {row["identifier"] for number in (1, 2) for row in _read(number, "first")}


def test_a_draw_takes_up_to_four_of_each_pair_and_then_rare_values() -> None:
    row = dict.fromkeys(("integration_types", "sip_objectives", "evidence_level", "ict_role"), "")
    common = [row | {"identifier": f"a{n}", "ict_potential": "1", "integration_level": ""} for n in range(9)]
    alone = row | {"identifier": "b", "ict_potential": "4", "integration_level": "4"}
    rows = [*common, alone]
    assert len(drawn(rows, set())) == 5
    assert "b" in drawn(rows, set())
    assert drawn(rows, {"b"}) == drawn(list(reversed(common)), set())
    rare = [one | {"sip_objectives": "PR2|SI1"} for one in common]
    assert len(drawn(rare, set())) == 4 + 3
