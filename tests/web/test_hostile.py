"""The hostile programme of ``benchmarks/hostile.py`` against a real server; only its limits of time are wider here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from benchmarks import hostile
from benchmarks.hostile import Checks, Target

SLACK = 8.0  # of a machine that runs other tests beside
BY_LIMIT = ("cross product counted", "string that doubles", "endless rows")  # time, memory, rows


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with hostile.started(tmp_path_factory.mktemp("hostile")) as running:
        yield running


def broken(checks: Checks) -> list[str]:
    """What did not hold; a probe that waited for a process too long on a busy machine was told so, and may be."""
    return [
        f"{check['check']}: {check['figure']}" for check in checks.broken if "others are answered" not in check["check"]
    ]


def test_there_are_as_many_kinds_as_are_claimed() -> None:
    assert (len(hostile.RUNAWAYS), len(hostile.NESTINGS)) == (12, 11)


@pytest.mark.parametrize(
    "alone",
    [
        pytest.param(BY_LIMIT, id="one for each limit"),
        pytest.param(tuple(hostile.RUNAWAYS), id="every kind", marks=pytest.mark.long),
    ],
)
def test_runaways(target: Target, alone: tuple[str, ...]) -> None:
    """All kinds at once always; each by itself takes its second."""
    checks = Checks(SLACK)
    hostile.runaways(target, checks, alone)
    assert len(checks.all) >= 2 * len(alone) + 2
    assert not broken(checks)


def test_nestings(target: Target) -> None:
    checks = Checks(SLACK)
    hostile.nestings(target, checks)
    assert len(checks.all) >= 2 * 11
    assert not broken(checks)


def test_endless_results(target: Target) -> None:
    checks = Checks(SLACK)
    hostile.endless(target, checks)
    assert checks.all
    assert not broken(checks)


def test_stalling_clients(target: Target) -> None:
    checks = Checks(SLACK)
    hostile.stalling(target, checks)
    assert checks.all
    assert not broken(checks)


def test_readers_and_writers(target: Target) -> None:
    checks = Checks(SLACK)
    hostile.readers_and_writers(target, checks, seconds=4)
    assert len(checks.all) >= 8
    assert not broken(checks)
