"""What is said of a thing, read from a real store by the queries in ``queries/entity``."""

from __future__ import annotations

import pytest
from pyoxigraph import Literal, NamedNode, Triple

from iesi_kg.endpoint.entity import describe, serialise
from iesi_kg.endpoint.negotiation import JSON_LD, TURTLE
from iesi_kg.errors import Gone
from iesi_kg.store.base import Reader
from iesi_kg.store.embedded import EmbeddedStore
from running_server import fill

EX = "http://example.org/"
LABEL = NamedNode("http://www.w3.org/2004/02/skos/core#prefLabel")

DATA = """
@prefix ex: <http://example.org/> . @prefix skos: <http://www.w3.org/2004/02/skos/core#> .
ex:hub ex:part <http://example.org/hub#a> ; ex:of ex:town .
<http://example.org/hub#a> ex:next <http://example.org/hub#b> .
<http://example.org/hub#b> ex:value 1 .
<http://example.org/hubris> ex:value 2 .
ex:town skos:prefLabel "Town"@en, "Stadt"@de .
""" + "\n".join(f"<http://example.org/n{n}> <http://example.org/to> <http://example.org/hub> ." for n in range(500))
PROVENANCE = """
@prefix prov: <http://www.w3.org/ns/prov#> . @prefix ex: <http://example.org/> .
ex:old prov:wasInvalidatedBy ex:withdrawal . ex:withdrawal prov:atTime "2026-05-01" .
ex:silent prov:wasInvalidatedBy ex:other .
"""


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    store = tmp_path_factory.mktemp("entity") / "store"
    fill(store, DATA, {f"{EX}graph/provenance": PROVENANCE})
    return EmbeddedStore.open(store).reader()


def test_a_thing_with_its_own_nodes_and_a_bounded_number_of_links(reader: Reader) -> None:
    found = describe(reader, NamedNode(f"{EX}hub"))
    assert found is not None
    assert {node.value for node in found.nodes} == {f"{EX}hub#a", f"{EX}hub#b"}
    assert Triple(NamedNode(f"{EX}hub#b"), NamedNode(f"{EX}value"), Literal(1)) in found.outgoing
    assert len(found.outgoing) == 4
    assert found.incoming_count == 500
    assert len(found.incoming) == 200
    assert found.labels[NamedNode(f"{EX}town")] in (
        (Literal("Town", language="en"), Literal("Stadt", language="de")),
        (Literal("Stadt", language="de"), Literal("Town", language="en")),
    )
    assert found.version == reader.version


def test_names_are_stated_as_the_graph_states_them(reader: Reader) -> None:
    found = describe(reader, NamedNode(f"{EX}hub"))
    assert found is not None
    assert {triple.predicate for triple in found.names} == {LABEL}


def test_equal_descriptions_are_equal_bytes(reader: Reader) -> None:
    for media in (TURTLE, JSON_LD):
        first, second = (describe(reader, NamedNode(f"{EX}hub")) for _ in range(2))
        assert first is not None
        assert second is not None
        assert serialise(first, media) == serialise(second, media)
    assert serialise(first, TURTLE).split(b"\n\n")[1].startswith(b"<http://example.org/hub> ")


def test_unknown_and_withdrawn(reader: Reader) -> None:
    assert describe(reader, NamedNode(f"{EX}nobody")) is None
    with pytest.raises(Gone, match="withdrawn on 2026-05-01"):
        describe(reader, NamedNode(f"{EX}old"))
    with pytest.raises(Gone, match=r"has been withdrawn$"):
        describe(reader, NamedNode(f"{EX}silent"))
