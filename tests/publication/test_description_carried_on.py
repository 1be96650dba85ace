"""The description after a change: carried on from what stood, it is what counting everything anew gives."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pyoxigraph import Literal, NamedNode, Quad, Triple

from iesi_kg.publication import catalogue
from iesi_kg.publication.graphs import Quads
from iesi_kg.store.base import DEFAULT_GRAPH, ChangeSet, Reader, Term
from iesi_kg.store.embedded import EmbeddedStore
from iesi_kg.vocabulary import iris
from iesi_kg.vocabulary.namespaces import DCT, IESI, OWL, RDF, SKOS, VOID

TYPE = NamedNode(RDF + "type")
CLASSES = [*(NamedNode(f"{IESI}{name}") for name in ("First", "Second")), NamedNode(OWL + "Class")]
THINGS = [NamedNode(f"https://example.org/thing/{number}") for number in range(12)]
PROPERTIES = [NamedNode(f"{IESI}points"), NamedNode(DCT + "title"), NamedNode(SKOS + "exactMatch")]
VALUES: list[Term] = [
    Literal("a"),
    Literal("a", language="en"),
    Literal(7),
    NamedNode("http://example.com/there"),
    *CLASSES[:1],
]
DATASET = iris.dataset()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EmbeddedStore]:
    opened = EmbeddedStore.open(tmp_path / "store", create=True)
    with opened.writer() as writer:
        padding = [
            Triple(NamedNode(f"https://example.org/{n}"), NamedNode(DCT + f"p{n % 5}"), Literal(n)) for n in range(600)
        ]
        writer.commit(
            catalogue.with_description(writer.reader, ChangeSet("first", add=Quads((padding, DEFAULT_GRAPH))))
        )
    yield opened
    opened.close()


def some(chance: random.Random) -> Triple:
    thing = chance.choice([*THINGS, *CLASSES])
    if chance.random() < 0.4:
        return Triple(thing, TYPE, chance.choice(CLASSES))
    return Triple(thing, chance.choice(PROPERTIES), chance.choice([*VALUES, *THINGS]))


def assert_same(reader: Reader, change: ChangeSet) -> ChangeSet:
    """Both ways give the same change; the numbers are looked at by the tests of the description itself."""
    carried, counted = catalogue.kept_true(reader, change), catalogue.with_description(reader, change)
    assert {*carried.add} == {*counted.add}
    assert {*carried.remove} == {*counted.remove}
    return carried


@pytest.mark.parametrize("seed", range(2))
def test_any_change_is_carried_on_as_if_everything_were_counted(store: EmbeddedStore, seed: int) -> None:
    chance = random.Random(seed)
    with store.writer() as writer:
        for _ in range(6):
            standing = [
                quad for quad in writer.reader.quads(graph=DEFAULT_GRAPH) if quad.subject in {*THINGS, *CLASSES}
            ]
            add = [some(chance) for _ in range(chance.randrange(9))]
            leaving = chance.sample(standing, min(len(standing), chance.randrange(7)))
            remove = [*leaving, *Quads(([some(chance), some(chance)], DEFAULT_GRAPH))]  # some that do not stand
            writer.commit(assert_same(writer.reader, ChangeSet("change", Quads((add, DEFAULT_GRAPH)), remove)))


class Counting:
    """A reader that counts what it gives."""

    def __init__(self, reader: Reader) -> None:
        self._reader, self.given = reader, 0

    def quads(self, *args: object, **kwargs: object) -> Iterator[Quad]:
        for quad in self._reader.quads(*args, **kwargs):  # type: ignore[arg-type]
            self.given += 1
            yield quad

    def select(self, query: str) -> list[object]:
        rows = self._reader.select(query)
        self.given += len(rows)
        return [*rows]


def test_a_change_reads_no_more_of_a_larger_graph(store: EmbeddedStore) -> None:
    change = ChangeSet("one", add=Quads(([Triple(THINGS[0], TYPE, CLASSES[0])], DEFAULT_GRAPH)))
    read = []
    for size in (1, 3_000):
        more = [Triple(NamedNode(f"https://example.org/more/{n}"), PROPERTIES[1], Literal(n)) for n in range(size)]
        with store.writer() as writer:
            writer.commit(catalogue.with_description(writer.reader, ChangeSet("m", add=Quads((more, DEFAULT_GRAPH)))))
            counting = Counting(writer.reader)
            catalogue.kept_true(counting, change)  # type: ignore[arg-type]
            read.append(counting.given)
    assert read[0] == read[1]


@pytest.mark.parametrize(
    "wrong",
    [
        Triple(DATASET, NamedNode(VOID + "triples"), Literal("7")),
        Triple(DATASET, NamedNode(VOID + "documents"), Literal("7")),
        Triple(iris.fragment(DATASET, "class-gone"), NamedNode(VOID + "entities"), Literal("none")),
        Triple(DATASET, NamedNode(SKOS + "note"), Literal("of another edition")),
    ],
    ids=["two totals", "a number of another kind", "no number", "another statement"],
)
def test_what_cannot_be_carried_on_is_counted(store: EmbeddedStore, wrong: Triple) -> None:
    change = ChangeSet("one", add=Quads(([Triple(THINGS[0], TYPE, CLASSES[0])], DEFAULT_GRAPH)))
    with store.writer() as writer:
        writer.commit(ChangeSet("wrong", add=Quads(([wrong], catalogue.GRAPH), ([wrong], DEFAULT_GRAPH))))
        assert_same(writer.reader, change)
        writer.commit(replace(catalogue.kept_true(writer.reader, change), label=str(datetime.now(UTC))))
        described = {quad.triple for quad in writer.reader.quads(graph=catalogue.GRAPH)}
    assert wrong not in described


def test_what_others_say_of_the_data_set_is_counted(store: EmbeddedStore) -> None:
    """A statement of the merge about the data set itself: its subject counts once."""
    said = ChangeSet("said", add=Quads(([Triple(DATASET, PROPERTIES[1], Literal("ours"))], DEFAULT_GRAPH)))
    with store.writer() as writer:
        writer.commit(assert_same(writer.reader, said))
        assert_same(writer.reader, ChangeSet("one", add=Quads(([Triple(THINGS[0], TYPE, CLASSES[0])], DEFAULT_GRAPH))))
