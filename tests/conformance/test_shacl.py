"""The 120 validation tests of W3C for SHACL Core and SHACL-SPARQL; the engine is chosen by feature."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
import suite_shacl
from pyoxigraph import NamedNode, RdfFormat, Store
from suite_shacl import SH, ShaclTest, judged

from iesi_kg.errors import IllFormedShapes, UsageError
from iesi_kg.validation import written
from iesi_kg.validation.outcome import ShaclReport

LIST = Path(__file__).with_name("expected-failures-shacl.txt").read_text(encoding="utf-8")
MISSES = dict(line.split(" ", 1) for line in LIST.splitlines() if not line.startswith("#"))
TESTS = suite_shacl.tests()


def short(test: ShaclTest) -> str:
    return test.iri.removeprefix(suite_shacl.BASE)


def parameter(test: ShaclTest) -> object:
    reason = MISSES.get(test.iri)
    marks = [pytest.mark.xfail(reason=reason, strict=True)] if reason else []
    return pytest.param(test, id=short(test), marks=marks)


def as_graph(report: ShaclReport) -> tuple[Store, NamedNode]:
    graph = Store()
    graph.load(written.turtle(report).encode(), RdfFormat.TURTLE)
    (quad,) = graph.quads_for_pattern(None, NamedNode(SH + "conforms"), None)
    return graph, quad.subject  # type: ignore[return-value]


@pytest.mark.parametrize("test", [parameter(test) for test in TESTS])
def test_the_report_is_the_expected_one(test: ShaclTest) -> None:
    if test.fails:
        with pytest.raises(IllFormedShapes):
            judged(test)
        return
    graph, node = as_graph(judged(test))
    assert suite_shacl.comparable(graph, node, messages=suite_shacl.has_messages(test)) == suite_shacl.expected(test)


def test_the_suite_is_whole() -> None:
    assert Counter(short(test).split("/")[0] for test in TESTS) == {"core": 98, "sparql": 22}
    assert set(MISSES) <= {test.iri for test in TESTS}


# Where the reference engine does not do what the standard says, with the reason; the router never sends it such shapes.
REFERENCE_MISSES = {"sparql/pre-binding/shapesGraph-001": "it has no $shapesGraph"}


def test_both_engines_give_the_expected_reports() -> None:
    """Each engine on every test, so that what the router knows of them is known by comparison."""
    missed: dict[str, list[str]] = {"shifty": [], "pyshacl": []}
    for test in (test for test in TESTS if not test.fails):
        for engine, names in missed.items():
            try:
                graph, node = as_graph(judged(test, engine))
            except UsageError as error:
                names.append(f"{short(test)}: {type(error).__name__}")
                continue
            found = suite_shacl.comparable(graph, node, messages=suite_shacl.has_messages(test))
            if found != suite_shacl.expected(test):
                names.append(short(test))
    assert missed == {"shifty": [], "pyshacl": [f"{name}: UsageError" for name in REFERENCE_MISSES]}
