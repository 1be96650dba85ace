"""Each constraint of the shapes has a record that satisfies it, one that breaks it, and the approved report of that."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pyoxigraph
import pytest
from pyoxigraph import DefaultGraph, NamedNode, Quad, RdfFormat, Store, Triple

from iesi_kg import assets
from iesi_kg.validation import shapes
from iesi_kg.validation.engine import SH, PySHACL, Result, Shifty, engine
from iesi_kg.vocabulary.annotations import CODE

from .approved import Case, Line, cases

HERE = Path(__file__).parent
CASES = cases()
PARTS = {"published": "published", "concept": "published"}


def profile(case: Case) -> shapes.Profile:
    return shapes.profile(PARTS.get(case.file, "stronger"))


@pytest.fixture(scope="module")
def valid() -> list[Triple]:
    texts = [(HERE / file).read_bytes() for file in ("valid.ttl", "framework.ttl")]
    texts += [assets.content(f"ontology/codelists/{name}.ttl") for name in ("indicator", "policy-area")]
    return [quad.triple for text in texts for quad in pyoxigraph.parse(text, RdfFormat.TURTLE)]


@pytest.fixture(scope="module")
def code_lists() -> list[Triple]:
    files = assets.names("ontology/codelists", ".ttl")
    return [quad.triple for file in files for quad in pyoxigraph.parse(assets.content(file), RdfFormat.TURTLE)]


def lines(results: Iterable[Result], facts: shapes.Profile) -> set[Line]:
    return {
        (facts.facts[r.shape].code or "", r.severity.value.capitalize(), r.component, r.focus, r.path or "-")
        for r in results
    }


def broken(case: Case, *data: Iterable[Triple]) -> list[Triple]:
    store = Store()
    store.bulk_extend(Quad(t.subject, t.predicate, t.object, DefaultGraph()) for part in data for t in part)
    before = set(store)
    store.update(case.update)
    assert set(store) != before, "the change changes nothing"
    return [quad.triple for quad in store]


def nt(data: Iterable[Triple]) -> bytes:
    return pyoxigraph.serialize(data, format=RdfFormat.N_TRIPLES) or b""


@pytest.mark.parametrize("name", ["submission", "stronger"])
def test_the_valid_record_satisfies_every_rule(valid: list[Triple], name: str) -> None:
    found = shapes.profile(name)
    assert list(engine(found.text)(nt([*valid, *found.context]))) == []


@pytest.mark.parametrize("case", [case for case in CASES if case.file != "concept"], ids=str)
def test_the_report_of_a_mistake_is_the_approved_one(valid: list[Triple], case: Case) -> None:
    found = profile(case)
    data = nt(broken(case, valid, found.context))
    if case.file == "published":  # where every code list stands too; here only this part is asked
        results = lines(Shifty(_part(case.file))(data), found)
    else:
        results = lines(engine(found.text)(data), found)
    assert results == case.lines


@pytest.mark.parametrize("case", [case for case in CASES if case.file == "concept"], ids=str)
def test_the_report_of_a_code_that_lacks_something(code_lists: list[Triple], case: Case) -> None:
    found = profile(case)
    assert lines(Shifty(_part(case.file))(nt(broken(case, code_lists))), found) == case.lines


@pytest.mark.parametrize("file", sorted({case.file for case in CASES} - {"concept"}))
def test_the_reference_engine_gives_the_same_reports(valid: list[Triple], file: str) -> None:
    """The first mistake of each file; of each kind of rule: test_framework and test_submission."""
    case = next(case for case in CASES if case.file == file)
    found = profile(case)
    data = nt(broken(case, valid, found.context))
    results = lines(PySHACL(_part(file))(data), found)
    assert results and results == {line for line in case.lines if line[0] in _codes(file)}


def _part(file: str) -> str:
    """The shapes of one file with what they point to."""
    own = "generated/disjoint" if file == "disjoint" else file
    return "\n".join(assets.text(f"shapes/{name}.ttl") for name in dict.fromkeys((own, "codes", "judgements")))


def _codes(file: str) -> set[str]:
    parsed = pyoxigraph.parse(
        _part(file) if file == "disjoint" else assets.text(f"shapes/{file}.ttl"), RdfFormat.TURTLE
    )
    return {quad.object.value for quad in parsed if quad.predicate == CODE and hasattr(quad.object, "value")}


# The parameters that make a constraint component (SHACL sections 4 and 5); the rest of a shape only describes it.
_PARAMETERS = (
    "class datatype nodeKind minCount maxCount minExclusive minInclusive maxExclusive maxInclusive minLength maxLength "
    "pattern uniqueLang equals disjoint lessThan lessThanOrEquals not and or xone node hasValue in"
)
COMPONENTS = {name: name[0].upper() + name[1:] for name in _PARAMETERS.split()} | {"sparql": "SPARQL"}
# What cannot be broken by a change of one record, and why.
NOT_ALONE = {
    (
        "identifier-form",
        "NodeKind",
    ): "an initiative without address is a blank node, which is refused before the shapes",
    (
        "statement-address",
        "NodeKind",
    ): "a statement without address is a blank node, which is refused before the shapes",
}


def test_each_constraint_has_its_pair() -> None:
    """Every constraint of every rule is broken by some case, which names its component."""
    wanted: set[tuple[str, str]] = set()
    for path in assets.names("shapes", ".ttl"):
        store = Store()
        store.load(assets.content(path), RdfFormat.TURTLE)
        for told in store.quads_for_pattern(None, CODE, None):
            for quad in store.quads_for_pattern(told.subject, None, None):
                component = COMPONENTS.get(quad.predicate.value.removeprefix(SH))
                if component and isinstance(told.subject, NamedNode):
                    wanted.add((told.object.value, component))  # type: ignore[union-attr]
    done = {(line[0], line[2]) for case in CASES for line in case.lines}
    assert wanted - done == NOT_ALONE.keys()
    assert {code for code, _ in wanted} <= {case.code for case in CASES}
