"""Ontology, code lists and a record together are consistent by HermiT, and a contradiction is seen."""

from __future__ import annotations

import shutil
import warnings
from pathlib import Path

import pytest
from rdflib import Graph

from iesi_kg import assets

pytestmark = [
    pytest.mark.needs_java,
    pytest.mark.skipif(shutil.which("java") is None, reason="no java on this machine"),
]
RECORD = Path(__file__).parent.parent / "shapes" / "valid.ttl"
CONTRADICTION = """
@prefix iesi: <https://w3id.org/iesi-kg/ontology#> .
@prefix org: <http://www.w3.org/ns/org#> .
<https://w3id.org/iesi-kg/id/initiative/example> a org:Organization .
"""


def is_consistent(more: str, folder: Path) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # owlready2 warns about its optional parser
        import owlready2

    graph = Graph()
    for path in ("ontology/iesi.ttl", *assets.names("ontology/codelists", ".ttl")):
        graph.parse(data=assets.text(path), format="turtle")
    graph.parse(RECORD, format="turtle")
    graph.parse(data=more, format="turtle")
    file = folder / "all.rdf"
    graph.serialize(file, format="xml")
    world = owlready2.World()
    ontology = world.get_ontology(file.as_uri()).load()
    try:
        with ontology:
            owlready2.sync_reasoner_hermit(world, debug=0, ignore_unsupported_datatypes=True)  # xsd:date
    except owlready2.OwlReadyInconsistentOntologyError:
        return False
    return not list(world.inconsistent_classes())


def test_a_record_contradicts_nothing(tmp_path: Path) -> None:
    assert is_consistent("", tmp_path)


def test_an_initiative_that_is_an_organisation_is_a_contradiction(tmp_path: Path) -> None:
    assert not is_consistent(CONTRADICTION, tmp_path)
