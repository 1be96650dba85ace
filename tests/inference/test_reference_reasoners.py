"""What we claim is what two reference reasoners find on the same statements; each difference has its reason.

Left out on purpose, as ``ontology/inference.json`` says: a thing related to itself (self), owl:Thing and rdfs:Resource
(universal), the datatypes of literals (datatype).
"""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path

import pytest
from pyoxigraph import Literal, NamedNode, RdfFormat, Triple, parse, serialize

from iesi_kg import assets
from iesi_kg.inference import rules
from iesi_kg.inference.axioms import left_out, sources
from iesi_kg.inference.derivation import derive
from iesi_kg.inference.expressions import TYPE

XSD = "http://www.w3.org/2001/XMLSchema#"
MORE = """
@prefix iesi: <https://w3id.org/iesi-kg/ontology#> .
@prefix element: <https://w3id.org/iesi-kg/codes/definition-element/> .
@prefix qb: <http://purl.org/linked-data/cube#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix t: <https://example.org/test/> .
t:one iesi:sameInitiativeAs t:two . t:two iesi:sameInitiativeAs t:three .
t:one iesi:needText "without a class" ; iesi:hasOutcome t:outcome .
t:coding-2 iesi:supersedes t:coding-1 ; iesi:reviewedBy t:person .
t:assignment iesi:assignedCountry t:country ; iesi:welfareCluster t:cluster .
t:meets iesi:meetsElement element:D1, element:D3, element:D4, element:D5, element:D7 .
t:all iesi:meetsElement element:D1, element:D2, element:D3, element:D4, element:D5, element:D6, element:D7 .
t:fails-need iesi:meetsElement element:D1, element:D4, element:D5, element:D6, element:D7 .
t:fails-opening iesi:meetsElement element:D1, element:D2, element:D3, element:D4, element:D5 .
t:outcome iesi:evaluatedBy t:evaluation .
t:observation iesi:observedInitiative t:one ; iesi:observedIndicator t:indicator ; qb:dataSet t:data .
t:f skos:closeMatch t:g . t:g skos:exactMatch t:h . t:i skos:relatedMatch t:j . t:k skos:narrowMatch t:l .
t:a skos:broader t:b . t:b skos:broader t:c . t:d skos:narrower t:a . t:e skos:related t:a .
"""


@pytest.fixture(scope="module")
def data(twenty: list[Triple]) -> list[Triple]:
    """Twenty real records, and made-up statements for the rules that they do not need."""
    return [*twenty, *(quad.triple for quad in parse(MORE, format=RdfFormat.TURTLE))]


def meaning() -> list[Triple]:
    return [quad.triple for name in sources() for quad in parse(assets.text(name), format=RdfFormat.TURTLE)]


def ours(data: Iterable[Triple]) -> set[Triple]:
    return set(derive(data, rules.bundled()).triples)


def conclusions() -> tuple[set[NamedNode], set[NamedNode]]:
    """The properties and the classes of which the rules tell something."""
    steps = rules.bundled().rules
    typed = {rule.target for rule in steps if rule.kind in {"subclass", "domain", "range", "definition"}}
    return {rule.target for rule in steps} - typed, typed


def claimed(triple: Triple) -> bool:
    properties, classes = conclusions()
    if isinstance(triple.subject, Literal) or triple.subject == triple.object:
        return False  # left out: self
    return triple.predicate in properties or (triple.predicate == TYPE and triple.object in classes)


def owlrl_closure(triples: Iterable[Triple]) -> set[Triple]:
    import owlrl
    import rdflib

    graph = rdflib.Graph()
    graph.parse(data=serialize(triples, format=RdfFormat.N_TRIPLES), format="nt")
    owlrl.DeductiveClosure(owlrl.OWLRL_Semantics).expand(graph)
    for subject in [term for term in graph.subjects(unique=True) if isinstance(term, rdflib.Literal)]:
        graph.remove((subject, None, None))  # owlrl states classes of literals, which RDF cannot write
    text = graph.serialize(format="nt", encoding="utf-8")
    return {quad.triple for quad in parse(BytesIO(text), format=RdfFormat.N_TRIPLES)}


@pytest.mark.filterwarnings("ignore")
def test_owlrl_finds_the_same(data: list[Triple]) -> None:
    stated = [*meaning(), *data]
    found = {triple for triple in owlrl_closure(stated) if claimed(triple)} - set(stated)
    mine = ours(stated)
    assert len(mine) > 300
    assert mine - found == set()
    assert found - mine == set()


@pytest.mark.needs_java
@pytest.mark.skipif(shutil.which("java") is None, reason="no java on this machine")
def test_hermit_finds_the_same_classes(data: list[Triple], tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # owlready2 warns about its optional parser
        import owlready2

    schema, (_, classes) = meaning(), conclusions()
    # SKOS and PROV properties are declared nowhere in the fixture; HermiT reads the axioms of our ontology
    serialize([*schema, *data], tmp_path / "all.nt", format=RdfFormat.N_TRIPLES)
    world = owlready2.World()
    ontology = world.get_ontology((tmp_path / "all.nt").as_uri()).load()
    with ontology:
        owlready2.sync_reasoner_hermit(world, debug=0, ignore_unsupported_datatypes=True)  # xsd:date
    stated = [*schema, *data, *ours([*schema, *data])]
    mine: dict[str, set[str]] = {}
    for triple in stated:
        if triple.predicate == TYPE and triple.object in classes:
            mine.setdefault(triple.object.value, set()).add(str(triple.subject)[1:-1])
    different = {}
    for name in sorted(term.value for term in classes):
        members = world[name]
        theirs = {individual.iri for individual in members.instances()} if members is not None else set()
        if theirs != mine.get(name, set()):
            different[name] = (sorted(theirs - mine.get(name, set())), sorted(mine.get(name, set()) - theirs))
    assert different == {}
    assert sum(map(len, mine.values())) > 500


def test_every_difference_has_its_reason() -> None:
    assert {"self", "universal", "datatype"} <= set(left_out())
