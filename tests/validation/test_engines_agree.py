"""The two engines on generated shapes and data: what one finds the other finds."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iesi_kg.errors import IllFormedShapes
from iesi_kg.validation import shapes
from iesi_kg.validation.engine import Shifty, engine
from iesi_kg.validation.judge import Judge
from iesi_kg.validation.outcome import ShaclReport
from iesi_kg.validation.task import Part, Task

PREFIXES = """@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix ex: <http://e/> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
"""

NODES = st.sampled_from(["ex:a", "ex:b", "ex:c", "_:d"])
LITERALS = st.sampled_from(
    [
        "1",
        "-3",
        "2.5",
        "7e0",
        '"a"',
        '"Ab"@en',
        '"x"@de',
        '"x"@en-GB',
        '""',
        '"7"^^xsd:integer',
        '"07"^^xsd:integer',
        "true",
        '"2016-02-30"^^xsd:date',
        '"2016-02-28"^^xsd:date',
        '"2016-02-28T10:00:00"^^xsd:dateTime',
        '"x"^^xsd:integer',
    ]
)
PREDICATES = st.sampled_from(["ex:p", "ex:q", "ex:r"])
CLASSES = st.sampled_from(["ex:C", "ex:D", "ex:E"])
FACTS = st.one_of(
    st.tuples(NODES, PREDICATES, st.one_of(NODES, LITERALS)),
    st.tuples(NODES, st.just("a"), CLASSES),
    st.tuples(CLASSES, st.just("rdfs:subClassOf"), CLASSES),
).map(" ".join)
PATHS = st.recursive(
    PREDICATES,
    lambda inner: st.one_of(
        inner.map("[ sh:inversePath {} ]".format),
        inner.map("[ sh:zeroOrMorePath {} ]".format),
        inner.map("[ sh:oneOrMorePath {} ]".format),
        inner.map("[ sh:zeroOrOnePath {} ]".format),
        st.tuples(inner, inner).map("( {0[0]} {0[1]} )".format),
        st.tuples(inner, inner).map("[ sh:alternativePath ( {0[0]} {0[1]} ) ]".format),
    ),
    max_leaves=3,
)
VALUES = st.one_of(NODES.filter(lambda node: node != "_:d"), LITERALS)
SMALL = st.integers(0, 2).map(str)
ANYWHERE = st.one_of(
    *(CLASSES.map(f"sh:{name} {{}}".format) for name in ("class",)),
    st.sampled_from(["xsd:integer", "xsd:string", "xsd:date", "xsd:boolean"]).map("sh:datatype {}".format),
    st.sampled_from(["IRI", "Literal", "BlankNode", "IRIOrLiteral"]).map("sh:nodeKind sh:{}".format),
    st.tuples(
        st.sampled_from(["min", "max"]),
        st.sampled_from(["Inclusive", "Exclusive"]),
        st.sampled_from(["1", "2.5", '"2016-02-28"^^xsd:date']),
    ).map("sh:{0[0]}{0[1]} {0[2]}".format),
    SMALL.map("sh:minLength {}".format),
    SMALL.map("sh:maxLength {}".format),
    st.sampled_from(["^a", "[0-9]+", "^[a-z-[aeiou]]*$"]).map('sh:pattern "{}"'.format),
    st.just('sh:pattern "^A" ; sh:flags "i"'),
    st.sampled_from(['"en"', '"de" "en"', '"en-GB"']).map("sh:languageIn ( {} )".format),
    st.lists(VALUES, min_size=1, max_size=3).map(lambda values: f"sh:in ( {' '.join(values)} )"),
    VALUES.map("sh:hasValue {}".format),
    PREDICATES.map("sh:equals {}".format),
    PREDICATES.map("sh:disjoint {}".format),
)
ON_PATHS = st.one_of(
    SMALL.map("sh:minCount {}".format),
    SMALL.map("sh:maxCount {}".format),
    st.just("sh:uniqueLang true"),
)


def _around(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Shapes inside parameters of shapes."""
    pairs = st.tuples(inner, inner)
    on_path = st.tuples(PATHS, st.one_of(inner, ON_PATHS)).map("sh:property [ sh:path {0[0]} ; {0[1]} ]".format)
    counted = st.tuples(PATHS, inner, st.sampled_from(["Min", "Max"]), SMALL).map(
        "sh:property [ sh:path {0[0]} ; sh:qualifiedValueShape [ {0[1]} ] ; sh:qualified{0[2]}Count {0[3]} ]".format
    )
    return st.one_of(
        inner.map("sh:not [ {} ]".format),
        inner.map("sh:node [ {} ]".format),
        *(pairs.map(f"sh:{name} ( [ {{0[0]}} ] [ {{0[1]}} ] )".format) for name in ("and", "or", "xone")),
        on_path,
        counted,
    )


CONSTRAINTS = st.recursive(ANYWHERE, _around, max_leaves=4)
TARGETS = st.one_of(
    CLASSES.map("sh:targetClass {}".format),
    NODES.filter(lambda node: node != "_:d").map("sh:targetNode {}".format),
    PREDICATES.map("sh:targetSubjectsOf {}".format),
    PREDICATES.map("sh:targetObjectsOf {}".format),
)
SHAPES = st.tuples(TARGETS, CONSTRAINTS, PATHS, st.one_of(ON_PATHS, CONSTRAINTS)).map(
    "ex:S a sh:NodeShape ; {0[0]} ; {0[1]} . ex:T sh:path {0[2]} ; {0[0]} ; {0[3]} .".format
)


def judged(shapes_text: str, data: str, name: str) -> ShaclReport:
    told = os.memfd_create("progress")
    try:
        parts = [
            Part(part, (PREFIXES + text).encode(), "text/turtle") for part, text in (("d", data), ("s", shapes_text))
        ]
        return Judge(Task((parts[0],), (parts[1],), engine=name), told).report()
    finally:
        os.close(told)


def compare(rules: str, facts: list[str]) -> None:
    data = " .\n".join(facts) + (" ." if facts else "")
    special = "-[" in rules  # only one engine reads this dialect
    try:
        found = {name: judged(rules, data, name) for name in (("shifty",) if special else ("shifty", "pyshacl"))}
    except IllFormedShapes:
        return
    keys = {
        name: sorted(str((r.focus, r.path, r.value, r.component)) for r in report.results if r.about.startswith("the"))
        for name, report in found.items()
    }
    assert len({str(key) for key in keys.values()}) == 1, f"{rules}\n{data}\n{keys}"


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(SHAPES, st.lists(FACTS, max_size=10))
def test_the_engines_agree_on_generated_shapes(rules: str, facts: list[str]) -> None:
    compare(rules, facts)


@pytest.mark.long
@settings(max_examples=5_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(SHAPES, st.lists(FACTS, max_size=14))
def test_the_engines_agree_on_many_generated_shapes(rules: str, facts: list[str]) -> None:
    compare(rules, facts)


def test_values_that_cannot_be_compared_are_results() -> None:
    """SHACL section 4.5.3: two IRIs cannot be compared by ``<``. The reference engine compares their texts."""
    rules = "ex:T sh:path ex:p ; sh:targetSubjectsOf ex:p ; sh:lessThan ex:q ."
    data = "ex:a ex:p ex:b ; ex:q ex:c ."
    assert [one.value for one in judged(rules, data, "shifty").results] == ["<http://e/b>"]
    assert judged(rules, data, "pyshacl").conforms


@pytest.mark.parametrize("profile", ["submission", "stronger", "published"])
def test_our_own_shapes_go_to_the_fast_engine(profile: str) -> None:
    assert isinstance(engine(shapes.profile(profile).text), Shifty)
