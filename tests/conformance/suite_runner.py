"""Which runner a test of the suite needs, which tests are not run, and which are known to fail."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from suite_description import description_test
from suite_evaluation import Miss, query_test, syntax_test, update_test
from suite_exchanges import exchange_test
from suite_manifests import Test, tests
from suite_service import Service

HERE = Path(__file__).resolve().parent
RUNNERS = {
    "QueryEvaluationTest": query_test,
    "CSVResultFormatTest": query_test,
    "UpdateEvaluationTest": update_test,
    "PositiveSyntaxTest11": syntax_test,
    "NegativeSyntaxTest11": syntax_test,
    "PositiveUpdateSyntaxTest11": syntax_test,
    "NegativeUpdateSyntaxTest11": syntax_test,
    "ProtocolTest": exchange_test,
    "GraphStoreProtocolTest": exchange_test,
    "ServiceDescriptionTest": description_test,
}
GROUPS = {
    query_test: "query",
    update_test: "update",
    syntax_test: "syntax",
    exchange_test: "",
    description_test: "service-description",
}


def _lines(name: str) -> list[str]:
    text = (HERE / name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


EXPECTED_FAILURES = dict(line.split(" ", 1) for line in _lines("expected-failures.txt"))
LEFT_OUT = {folder: int(number) for folder, number, _ in (line.split(" ", 2) for line in _lines("left-out.txt"))}
SUITE = tests()
RUN = [test for test in SUITE if test.folder not in LEFT_OUT]


def group(test: Test) -> str:
    """The line of the totals that a test counts for."""
    return GROUPS[RUNNERS[test.kind]] or test.folder


def run(test: Test, service: Service) -> None:
    """Run one test. Raises Miss when the service does not do what it expects."""
    RUNNERS[test.kind](test, service)


def totals(service: Service) -> Counter[str]:
    """How many tests of each group a service passes."""
    passed: Counter[str] = Counter()
    for test in RUN:
        try:
            run(test, service)
        except Miss:
            continue
        passed[group(test)] += 1
    return passed
