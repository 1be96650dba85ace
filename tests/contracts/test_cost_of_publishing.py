"""What a publication reads from a server: as much as it touches, however much is published."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from contract_ground import Ground
from pyoxigraph import Literal, NamedNode, Triple

from iesi_kg.publication import catalogue, entailment, workflow
from iesi_kg.publication.graphs import Quads
from iesi_kg.records import SourceFile
from iesi_kg.store.base import DEFAULT_GRAPH, ChangeSet
from iesi_kg.store.remote.channel import BOUNDS, NO_DATASET, Bounds, Credentials, Dataset, Reply
from iesi_kg.store.remote.client import Client
from iesi_kg.store.remote.diary import Diary
from iesi_kg.store.remote.store import FOLDER, RemoteStore
from iesi_kg.vocabulary.namespaces import DCT, IESI, RDF
from submission_tables import GOOD, table

AT = datetime(2026, 11, 23, tzinfo=UTC)
MORE = 200  # things that are published beside, each with two statements that rules read
A_LITTLE = 3_000  # bytes: longer numbers, and the names of graphs that are new


class Counted(Client):
    """A client that counts queries, and the bytes of their answers."""

    asked = received = 0

    def query(self, text: str, accept: Sequence[str], dataset: Dataset = NO_DATASET, bounds: Bounds = BOUNDS) -> Reply:
        reply = super().query(text, accept, dataset, bounds)
        self.asked += 1
        self.received += len(reply.body)
        return reply

    def taken(self) -> tuple[int, int]:
        found = self.asked, self.received
        self.asked = self.received = 0
        return found


@pytest.mark.on("oxigraph")
def test_a_publication_reads_no_more_of_a_larger_graph(ground: Ground) -> None:
    reads_no_more(ground)


@pytest.mark.long
@pytest.mark.on("virtuoso")
def test_nor_does_it_over_virtuoso(ground: Ground) -> None:
    reads_no_more(ground)


def reads_no_more(ground: Ground) -> None:
    ground.open().close()
    settings = ground.settings
    client = Counted(str(settings.store), Credentials(settings.store_user, settings.store_password))
    store = RemoteStore(client, Diary(settings.state_folder / FOLDER))
    grown(store, "first", 100)
    read = []
    for name in ("one", "two", "three"):
        client.taken()
        receipt = workflow.receive(SourceFile(f"{name}.csv", table({**GOOD, "identifier": name, "name": name})))
        assert workflow.publish(store, receipt, by="me", at=AT).changed
        read.append(client.taken())
        if name == "two":
            grown(store, "more", MORE)
    (_, begun), (asked, received), (asked_later, received_later) = read
    assert received < begun / 2, "what rules read is read once, and carried on"
    assert asked_later <= asked
    assert received_later < received + A_LITTLE
    with store.writer() as writer:
        counted = catalogue.with_description(writer.reader, ChangeSet("nothing"))
    assert not counted.add and not counted.remove, "the description is what counting gives"
    store.close()


def grown(store: RemoteStore, name: str, number: int) -> None:
    with store.writer() as writer:
        reader = writer.reader
        change = entailment.with_inference(reader, ChangeSet(name, add=things(name, number)), AT)
        known = any(reader.quads(graph=catalogue.GRAPH))
        writer.commit((catalogue.kept_true if known else catalogue.with_description)(reader, change))


def things(name: str, number: int) -> Quads:
    kind, title = NamedNode(f"{IESI}Initiative"), NamedNode(f"{DCT}title")
    named = [(NamedNode(f"https://example.org/{name}/{n}"), Literal(f"{name} {n}")) for n in range(number)]
    told = [Triple(thing, NamedNode(f"{RDF}type"), kind) for thing, _ in named]
    return Quads(([*told, *(Triple(thing, title, text) for thing, text in named)], DEFAULT_GRAPH))
