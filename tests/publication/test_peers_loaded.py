"""Another database beside ours: in its own graph, replaced at once, taken out whole, never among what is published."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from pyoxigraph import Literal, NamedNode, Quad

from iesi_kg.cli.group import group
from iesi_kg.errors import NotFound, UnreadableFile
from iesi_kg.linking import adapters
from iesi_kg.linking.adapters import Adapted
from iesi_kg.linking.entities import of_reader
from iesi_kg.publication import peers_loaded
from iesi_kg.publication.release_content import published
from iesi_kg.records import SourceFile
from iesi_kg.store.base import DEFAULT_GRAPH, ChangeSet
from iesi_kg.store.embedded import EmbeddedStore
from iesi_kg.vocabulary import iris

OURS = Quad(NamedNode("urn:ours"), NamedNode("urn:is"), Literal("ours"), DEFAULT_GRAPH)
AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def cases(*names: str) -> bytes:
    facts = {"geocoverage": ["Austria"], "status": "Pilot"}
    return json.dumps([{"id": number, "name": name, **facts} for number, name in enumerate(names, start=1)]).encode()


def adapted(*names: str, version: str | None = "1", content: bytes | None = None) -> Adapted:
    source = SourceFile("cases.json", cases(*names) if content is None else content)
    return adapters.load("jrc-ips").read([source], version=version, at=AT)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EmbeddedStore]:
    opened = EmbeddedStore.open(tmp_path / "store", create=True)
    with opened.writer() as writer:
        writer.commit(ChangeSet("ours", add=[OURS]))
    yield opened
    opened.close()


def names_in(store: EmbeddedStore, version: str) -> list[str]:
    graph = iris.peer_graph("jrc-ips", version)
    return [entity.name for entity in of_reader(store.reader(), "jrc-ips", graph)]


def test_it_stands_in_its_own_graph_and_nowhere_else(store: EmbeddedStore) -> None:
    put = peers_loaded.put(store, adapted("Care", "Meals"))
    reader = store.reader()
    assert [*reader.quads(graph=DEFAULT_GRAPH)] == [OURS]
    assert names_in(store, "1") == ["Care", "Meals"]
    assert [*published(reader)] == [OURS]  # what a release holds
    (peer,) = peers_loaded.loaded(reader)
    assert (peer.database, peer.version, peer.records, peer.at) == ("jrc-ips", "1", 2, "2026-11-23T09:00:00Z")
    assert peer.triples == sum(1 for _ in reader.quads(graph=peer.graph))
    assert (put.peer, put.before, put.store_version) == (peer, None, reader.version)


def test_the_same_version_takes_the_place_of_the_earlier_and_another_stands_beside(store: EmbeddedStore) -> None:
    peers_loaded.put(store, adapted("Care", "Meals"))
    peers_loaded.put(store, adapted("Old", version="0"))
    again = peers_loaded.put(store, adapted("Care, renewed"))
    assert again.before is not None
    assert again.before.records == 2
    assert (names_in(store, "1"), names_in(store, "0")) == (["Care, renewed"], ["Old"])
    assert [(peer.version, peer.records) for peer in peers_loaded.loaded(store.reader())] == [("0", 1), ("1", 1)]


def test_what_breaks_off_or_is_empty_changes_nothing(store: EmbeddedStore) -> None:
    peers_loaded.put(store, adapted("Care"))
    before = store.reader().version
    with pytest.raises(UnreadableFile, match="ends in the middle"):
        peers_loaded.put(store, adapted(content=cases("One", "Two")[:-9]))
    with pytest.raises(UnreadableFile, match="hold no record; nothing was loaded"):
        peers_loaded.put(store, adapted(content=b"[]"))
    assert (store.reader().version, names_in(store, "1")) == (before, ["Care"])


def test_it_goes_out_by_name_or_by_version_and_leaves_nothing(store: EmbeddedStore) -> None:
    for version in ("0", "1", "2"):
        peers_loaded.put(store, adapted("Care", version=version))
    assert [peer.version for peer in peers_loaded.remove(store, "jrc-ips", "1")] == ["1"]
    assert [peer.version for peer in peers_loaded.remove(store, "jrc-ips")] == ["0", "2"]
    assert [*store.reader().quads()] == [OURS]
    with pytest.raises(NotFound, match="pstw/3 is not loaded"):
        peers_loaded.remove(store, "pstw", "3")


def test_the_command_loads_lists_and_removes(store: EmbeddedStore, tmp_path: Path) -> None:
    file, folder = tmp_path / "cases.json", str(tmp_path / "store")
    file.write_bytes(cases("Care", "Meals"))

    def said(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(group, ["load-peer", "--store", folder, *arguments])
        return done.exit_code, done.output if done.exception is None else str(done.exception)

    assert said("--list") == (0, "no other database is loaded\n")
    code, output = said("jrc-ips", str(file), "--version", "mine")
    assert code == 0
    assert "2 records of jrc-ips mine in https://w3id.org/iesi-kg/graph/peer/jrc-ips/mine\n" in output
    assert "Innovative Public Services (IPS) explorer: EUPL 1.2; European Commission" in output
    assert "they replace 2 loaded before" in said("jrc-ips", str(file), "--version", "mine")[1]
    assert said("--list")[1].startswith(
        "jrc-ips/mine  Innovative Public Services (IPS) explorer, mine\n    2 records, "
    )
    assert said("jrc-ips/other", "--remove") == (1, "jrc-ips/other is not loaded")
    assert said("jrc-ips", "--remove") == (0, "removed: 2 records of jrc-ips mine\n")
    assert said("jrc-ips") == (1, "name a database and its files")
    assert said("jrc-ips", str(file), "--remove")[1] == "--list, --remove and files exclude one another"
    assert said("jrc-ips", str(tmp_path / "none.json"))[1] == f"there is no file {tmp_path / 'none.json'}"


def test_the_command_says_what_a_licence_forbids(store: EmbeddedStore, tmp_path: Path) -> None:
    file = tmp_path / "projects.json"
    file.write_text('[{"project_id": 1, "project_name": "One"}]')
    done = CliRunner().invoke(group, ["load-peer", "--store", str(tmp_path / "store"), "dsi4eu", str(file)])
    assert done.exit_code == 0, done.output
    assert "NOTE: Not for commercial use; what is made of it is under the same licence." in done.stderr
