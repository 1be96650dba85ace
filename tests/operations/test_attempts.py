"""Failed attempts: counted by address, forgotten in time, bounded in memory."""

from __future__ import annotations

import pytest

from iesi_kg.errors import TooManyAttempts
from iesi_kg.operations.attempts import Attempts


def test_the_fourth_attempt_waits_until_the_first_is_past() -> None:
    attempts = Attempts(most=3, window=60)
    for moment in (0.0, 10.0, 20.0):
        attempts.admit("192.0.2.1", moment)
        attempts.failed("192.0.2.1", moment)
    with pytest.raises(TooManyAttempts) as caught:
        attempts.admit("192.0.2.1", 25.0)
    assert (caught.value.status, caught.value.members["retry_after"]) == (429, 35)
    attempts.admit("192.0.2.2", 25.0)
    attempts.admit("192.0.2.1", 60.0)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:0:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("unix", "unix", True),
    ],
)
def test_what_counts_as_one_address(one: str, other: str, same: bool) -> None:
    attempts = Attempts(most=1)
    attempts.failed(one, 0.0)
    if same:
        with pytest.raises(TooManyAttempts):
            attempts.admit(other, 1.0)
    else:
        attempts.admit(other, 1.0)


def test_a_flood_of_addresses_fills_no_memory() -> None:
    attempts = Attempts(most=2, addresses=100)
    for number in range(10_000):
        attempts.failed(f"192.0.{number // 256}.{number % 256}", float(number) / 1_000)
    assert len(attempts) == 100
    for _ in range(1_000):
        attempts.failed("198.51.100.1", 11.0)
    with pytest.raises(TooManyAttempts):
        attempts.admit("198.51.100.1", 12.0)
    assert len(attempts._failed["198.51.100.1"]) == 2
