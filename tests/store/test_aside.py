"""A large load beside the store: old or new for readers at every moment, whatever dies, fills up or is committed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from killed_loader import INTENT, UNITS, Text
from pyoxigraph import NamedNode
from store_mounts import Mount
from store_quads import iri, quad
from test_pool import CSV, LIMITS, until, with_pool

from iesi_kg.errors import StoreBusy, StoreError, StoreFull, UsageError
from iesi_kg.store.aside import Aside
from iesi_kg.store.base import ChangeSet
from iesi_kg.store.bulk import MARK, Intent
from iesi_kg.store.embedded import EmbeddedStore
from iesi_kg.store.workers import Job, Pool

HERE = Path(__file__).resolve().parent
SOURCE = HERE.parents[1] / "src"


def commit(store: EmbeddedStore, *names: str, remove: tuple[str, ...] = (), forget: bool = False) -> int:
    with store.writer() as writer:
        change = ChangeSet("x", [quad(n, "1") for n in names], [quad(n, "1") for n in remove], forget=forget)
        return writer.commit(change)


def loaded(store: EmbeddedStore) -> int:
    """How many statements the graph holds; none of them is a mark."""
    quads = list(store.reader().quads(graph=iri("loaded")))
    assert all(each.predicate != MARK for each in quads)
    return len(quads)


def names(store: EmbeddedStore) -> set[str]:
    return {q.subject.value.rsplit("/")[-1] for q in store.reader().quads() if q.graph_name != iri("loaded")}  # type: ignore[union-attr]


def taken(door: Aside, *units: int) -> None:
    door.begin(INTENT)
    for unit in units:
        door.take(Text(unit))


def run(store: Path, point: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(HERE / "killed_loader.py"), str(store), point]
    return subprocess.run(command, env={**os.environ, "PYTHONPATH": str(SOURCE)}, capture_output=True, text=True)


@pytest.mark.parametrize("point", ["prepare", "unit", "taken", "sealed", "publish", "switched"])
def test_a_killed_load_shows_nothing_or_all_and_goes_on(store: EmbeddedStore, point: str) -> None:
    """A commit between the kill and the second run is neither lost nor in the way."""
    commit(store, "a", "b")
    path = store.layout.root
    assert run(path, point).returncode == -signal.SIGKILL
    opened = EmbeddedStore.open(path)
    switched = point == "switched"
    assert (loaded(opened), opened.current().number) == ((3 * UNITS, 2) if switched else (0, 1))
    number = commit(opened, "c", remove=("a",))
    assert number == (3 if switched else 2)
    assert (names(opened), loaded(opened)) == ({"b", "c"}, 3 * UNITS if switched else 0)
    with Aside.opened(opened) as door:
        assert (door.pending() is None) == (point == "prepare")
        if switched:
            door.abandon()
            return
        into = door.begin(INTENT)
        assert [mark["unit"] for mark in into] == list(
            range({"unit": 2, "taken": 2}.get(point, 0 if point == "prepare" else UNITS))
        )
        for unit in range(len(into), UNITS):
            door.take(Text(unit))
        with door.writer() as writer:
            assert writer.commit(ChangeSet("loaded", [quad("told", "1")])) == 3
    assert (names(opened), loaded(opened)) == ({"b", "c", "told"}, 3 * UNITS)
    assert opened.current().triples == 3 * UNITS + 3
    assert commit(opened, "d") == 4
    opened.verify()
    assert not opened.layout.aside.exists()


def test_what_is_committed_meanwhile_is_in_and_the_lock_is_free(store: EmbeddedStore) -> None:
    commit(store, "a")
    with Aside.opened(store) as door:
        taken(door, 0)
        for name in ("b", "c", "d"):
            commit(store, name)
        door.take(Text(1))
        commit(store, remove=("a", "c"))
        with door.writer() as writer:
            assert (writer.reader.version, len(list(writer.reader.quads(graph=iri("loaded"))))) == (5, 8)  # two marks
            assert writer.commit(ChangeSet("loaded")) == 6
    assert (names(store), loaded(store), store.current().triples) == ({"b", "d"}, 6, 8)
    assert not list(store.layout.journal.iterdir())


def test_the_graph_can_be_left_out_of_the_copy(store: EmbeddedStore) -> None:
    """So is a graph replaced or removed; empty graphs stay."""
    with store.writer() as writer:
        held = [quad("old", str(n), "loaded") for n in range(3)]
        writer.commit(ChangeSet("x", [quad("a", "1"), quad("b", "1", "other"), *held], create=[iri("empty")]))
    with Aside.opened(store) as door:
        door.begin(Intent("again", iri("loaded"), instead=True))
        door.take(Text(0))
        with door.writer() as writer:
            writer.commit(ChangeSet("loaded"))
    assert (loaded(store), names(store), store.current().triples) == (3, {"a", "b"}, 5)
    assert {q.subject for q in store.reader().quads(graph=iri("loaded"))} == {iri(f"n{n}") for n in range(3)}
    with store.writer() as writer:
        graphs = writer.reader._view.store.named_graphs()
        assert {g for g in graphs if isinstance(g, NamedNode)} == {iri("loaded"), iri("other"), iri("empty")}


def test_an_erasure_takes_what_is_prepared_away(store: EmbeddedStore) -> None:
    """It began with the texts that must be nowhere any more."""
    commit(store, "a", "secret")
    with Aside.opened(store) as door:
        taken(door, 0)
        commit(store, remove=("secret",), forget=True)
        with pytest.raises(StoreError, match=r"something was erased .*; nothing was loaded"):
            door.take(Text(1))
    assert (names(store), loaded(store)) == ({"a"}, 0)
    assert not store.layout.aside.exists()


def test_a_store_that_was_put_back_is_not_followed(store: EmbeddedStore) -> None:
    commit(store, "a")
    with Aside.opened(store) as door:
        taken(door, 0)
        commit(store, "b")
        for segment in store.layout.kept.iterdir():
            segment.unlink()
        with pytest.raises(StoreError, match="version 2 by a way that a load begun at 1 cannot follow"), door.writer():
            pass
    assert (names(store), loaded(store)) == ({"a", "b"}, 0)


def test_one_load_at_a_time_and_no_other_over_a_cut_one(store: EmbeddedStore) -> None:
    with Aside.opened(store) as door:
        taken(door, 0)
        again = EmbeddedStore.open(store.layout.root)
        with pytest.raises(StoreBusy, match=f"process {os.getpid()} loads into the store"), Aside.opened(again):
            pass
    with Aside.opened(store) as door:
        assert door.pending() == INTENT
        with pytest.raises(UsageError, match="another load was cut"):
            door.begin(Intent("others", iri("loaded")))
        door.abandon()
        assert door.pending() is None


def test_who_writes_for_long_is_told_before_anything_is_loaded(store: EmbeddedStore) -> None:
    quick = EmbeddedStore(store.layout.root, lock_timeout=0.05)
    with store.writer(), Aside.opened(quick) as door, pytest.raises(StoreBusy):
        door.begin(INTENT)


def test_a_full_disk_loads_nothing(mount: Mount) -> None:
    disk = mount("disk", "size=24m")
    store = EmbeddedStore.open(disk / "kg", create=True)
    commit(store, "a")
    with Aside.opened(store) as door:
        taken(door, 0)
        (disk / "other").write_bytes(b"x" * 1_000_000)
        with pytest.raises(StoreFull), (disk / "filler").open("wb") as filler:
            while True:
                _fill(filler)
                door.take(Text(1))
        door.abandon()
        (disk / "filler").unlink()
    assert (names(store), loaded(store), commit(store, "b")) == ({"a"}, 0, 2)


def _fill(filler: object) -> None:
    try:
        while True:
            filler.write(b"x" * 65_536)  # type: ignore[attr-defined]
            filler.flush()  # type: ignore[attr-defined]
    except OSError:
        return


def test_a_service_goes_on_to_the_loaded_version_by_itself(store: EmbeddedStore) -> None:
    commit(store, "a")
    count = Job(f"SELECT (COUNT(*) AS ?n) {{ GRAPH {iri('loaded')} {{ ?s ?p ?o }} }}", CSV)

    async def story(pool: Pool) -> None:
        assert (await pool.run(count, LIMITS)).body.split() == [b"n", b"0"]
        with Aside.opened(store) as door:
            taken(door, 0, 1)
            assert (await pool.run(count, LIMITS)).body.split() == [b"n", b"0"]
            with door.writer() as writer:
                writer.commit(ChangeSet("loaded"))
        await until(lambda: pool.version == 2)
        assert (await pool.run(count, LIMITS)).body.split() == [b"n", b"6"]

    with_pool(store.layout.root, story)
