"""A small store in which records of ours meet records of another database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pyoxigraph
from pyoxigraph import Quad, RdfFormat

from iesi_kg.linking import sssom
from iesi_kg.linking.sssom import Mapping, MappingSet
from iesi_kg.publication.linkage_graphs import Pair, pair
from iesi_kg.store.base import DEFAULT_GRAPH, ChangeSet, Store
from iesi_kg.store.reader import EmbeddedReader, View
from iesi_kg.vocabulary import iris
from iesi_kg.vocabulary import sssom as words

AT = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
PEER = iris.peer_graph("jrc-ips", "2022")
PREFIXES = """@prefix dct: <http://purl.org/dc/terms/> . @prefix foaf: <http://xmlns.com/foaf/0.1/> .
@prefix iesi: <https://w3id.org/iesi-kg/ontology#> . @prefix i: <https://w3id.org/iesi-kg/id/initiative/> .
@prefix country: <https://w3id.org/iesi-kg/codes/country/> . @prefix org: <http://www.w3.org/ns/org#> .
@prefix jrc: <https://w3id.org/iesi-kg/id/peer/jrc-ips/> ."""
OURS = """i:smart a iesi:Initiative ; dct:title "Smart Care" ; iesi:country country:IE ; iesi:startYear 2011 ;
  dct:description "Help at home for older people."@en .
i:vincles a iesi:Initiative ; dct:title "Vincles" ; iesi:country country:ES ; iesi:startYear 2014 ."""
THEIRS = """jrc:1 a iesi:Initiative ; dct:title "SmartCare pilot" ; iesi:country country:GB ; iesi:startYear 2011 ;
  dct:description "Help at home for frail people." .
jrc:2 a iesi:Initiative ; dct:title "Vincles BCN" ; iesi:country country:ES ; iesi:startYear 2017 .
jrc:3 a iesi:Initiative ; dct:title "Smart Care Ireland" ; iesi:country country:IE ."""


def parsed(turtle: str, graph: pyoxigraph.NamedNode | pyoxigraph.DefaultGraph) -> list[Quad]:
    return [
        Quad(q.subject, q.predicate, q.object, graph) for q in pyoxigraph.parse(PREFIXES + turtle, RdfFormat.TURTLE)
    ]


class InMemory:
    """A store of the same engine without a disk, and without what makes a commit durable: for tests of what is said."""

    def __init__(self) -> None:
        self.quads, self.version = pyoxigraph.Store(), 0

    def reader(self) -> EmbeddedReader:
        return EmbeddedReader(View(self.quads), self.version)

    @contextmanager
    def writer(self) -> Iterator[InMemoryWriter]:
        yield InMemoryWriter(self)


class InMemoryWriter:
    """Its one writer."""

    def __init__(self, store: InMemory) -> None:
        self._store = store

    @property
    def reader(self) -> EmbeddedReader:
        return self._store.reader()

    def commit(self, change: ChangeSet) -> int:
        for quad in change.remove:
            self._store.quads.remove(quad)
        self._store.quads.extend(change.add)
        self._store.version += 1
        return self._store.version


def filled(store: Store) -> Store:
    with store.writer() as writer:
        writer.commit(ChangeSet("records", add=[*parsed(OURS, DEFAULT_GRAPH), *parsed(THEIRS, PEER)]))
    return store


def link(subject: str, other: str, confidence: float | None = None, **more: str) -> Mapping:
    return Mapping(
        subject_id=subject,
        predicate_id="iesi:sameInitiativeAs",
        object_id=other,
        mapping_justification="semapv:CompositeMatching",
        confidence=confidence,
        **more,  # type: ignore[arg-type]
    )


def links(*mappings: Mapping) -> MappingSet:
    spaces = {
        "initiative": "https://w3id.org/iesi-kg/id/initiative/",
        "jrc-ips": "https://w3id.org/iesi-kg/id/peer/jrc-ips/",
        "iesi": "https://w3id.org/iesi-kg/ontology#",
        "org": "http://www.w3.org/ns/org#",
    }
    whole = MappingSet(
        mappings=mappings, mapping_set_id="https://example.org/links", license="https://example.org/l", curie_map=spaces
    )
    return sssom.read(sssom.write(whole), "links.sssom.tsv")


def same(ours: str, theirs: str) -> Pair:
    return pair(iris.initiative(ours), words.SAME_INITIATIVE, iris.peer_record("jrc-ips", theirs))
