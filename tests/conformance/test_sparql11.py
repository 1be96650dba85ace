"""The W3C suites for SPARQL 1.1, over HTTP against a running server in scratch mode; no test is treated specially."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import pytest
import suite_service
from suite_manifests import Test
from suite_runner import EXPECTED_FAILURES, LEFT_OUT, RUN, SUITE, group, run, totals
from suite_service import Service


def _parameter(test: Test) -> object:
    reason = EXPECTED_FAILURES.get(test.iri)
    marks = [pytest.mark.xfail(reason=reason, strict=True)] if reason else []
    return pytest.param(test, id=f"{test.folder}-{test.iri.rpartition('#')[2]}", marks=marks)


@pytest.mark.parametrize("case", [_parameter(test) for test in RUN])
def test_passes(case: Test, service: Service) -> None:
    run(case, service)


def test_the_suite_is_whole() -> None:
    assert Counter(map(group, RUN)) == {
        "query": 235,
        "update": 94,
        "syntax": 166,
        "protocol": 34,
        "graph-store-protocol": 13,
        "service-description": 3,
    }
    assert Counter(test.folder for test in SUITE if test.folder in LEFT_OUT) == LEFT_OUT
    assert set(EXPECTED_FAILURES) <= {test.iri for test in RUN}


def test_totals_beside_the_released_oxigraph_server(
    tmp_path: Path, service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same runner on both, and both totals printed: never fewer in any group, more of query and update."""
    ours = totals(service)
    with suite_service.oxigraph(tmp_path / "oxigraph") as peer:
        theirs = totals(peer)
    with capsys.disabled():
        sys.stdout.write("\n")
        for name, number in Counter(map(group, RUN)).items():
            sys.stdout.write(f"  {name:22} of {number:3}: iesi-kg {ours[name]:3}, oxigraph serve {theirs[name]:3}\n")
    assert all(ours[name] >= theirs[name] for name in theirs)
    assert ours["query"] + ours["update"] >= 325
    assert ours["query"] + ours["update"] > theirs["query"] + theirs["update"]
