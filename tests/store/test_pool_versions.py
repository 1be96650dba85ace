"""The pool follows the current version: in the background, at once for all, and never with a wrong number."""

from __future__ import annotations

import asyncio
import shutil
import time
from pathlib import Path

import pytest
from store_processes import children
from store_quads import quad
from test_pool import CSV, JSON, LIMITS, RUNAWAY, running, until, with_pool

from iesi_kg import errors
from iesi_kg.store.base import ChangeSet
from iesi_kg.store.embedded import EmbeddedStore
from iesi_kg.store.workers import Job, Limits, Pool

COUNT = Job("SELECT (COUNT(*) AS ?n) { ?s ?p ?o }", CSV)


def commit(store: EmbeddedStore, name: str) -> None:
    with store.writer() as writer:
        writer.commit(ChangeSet("one more", [quad(name, "1")]))


def test_answers_under_a_switch_carry_the_version_they_were_computed_on(store: EmbeddedStore) -> None:
    """Version n of this store has n triples: every answer must agree with its own number."""
    commit(store, "first")

    async def story(pool: Pool) -> None:
        versions: list[int] = []
        stop = False

        async def ask() -> None:
            while not stop:
                answer = await pool.run(COUNT, LIMITS)
                assert int(answer.body.split()[1]) == answer.version
                versions.append(answer.version)

        askers = [asyncio.create_task(ask()) for _ in range(4)]
        for number in range(4):
            await asyncio.to_thread(commit, store, f"s{number}")
            await asyncio.sleep(0.3)
        await until(lambda: pool.version == 5)
        await asyncio.sleep(0.1)
        stop = True
        await asyncio.gather(*askers)
        assert versions[0] == 1
        assert versions[-1] == 5
        assert (await pool.run(COUNT, LIMITS)).version == 5
        await until(lambda: len(children()) == 3)

    with_pool(store.layout.root, story)
    assert not children()


def test_a_query_in_flight_finishes_on_its_version(large: Path, tmp_path: Path) -> None:
    path = shutil.copytree(large, tmp_path / "kg")
    slow = Job("SELECT (COUNT(*) AS ?n) { ?a <http://example.org/p1> ?c . ?d <http://example.org/p2> ?f "
               "FILTER(STRLEN(?c) + STRLEN(?f) > 0) }", CSV)  # fmt: skip

    async def story(pool: Pool) -> None:
        task = asyncio.create_task(pool.run(slow, Limits(60, 1_000, 10)))
        await asyncio.sleep(0.2)
        await asyncio.to_thread(commit, EmbeddedStore(path), "more")
        await until(lambda: pool.version == 2 or task.done())
        assert pool.version == 2
        assert (await pool.run(COUNT, LIMITS)).version == 2
        answer = await task
        assert (answer.version, answer.body) == (1, b"n\r\n4000000\r\n")

    with_pool(path, story)


def test_a_damaged_new_version_leaves_the_old_one_in_service(store: EmbeddedStore) -> None:
    commit(store, "first")

    async def story(pool: Pool) -> None:
        with store.writer() as writer:
            writer.commit(ChangeSet("second", [quad("second", "1")]))
            folder = store.layout.version(2)
            for file in folder.iterdir():
                file.unlink()
        await asyncio.sleep(2.5)
        assert (await pool.run(COUNT, LIMITS)).body == b"n\r\n1\r\n"
        commit(store, "third")
        await until(lambda: pool.version == 3)
        assert (await pool.run(COUNT, LIMITS)).body == b"n\r\n3\r\n"

    with_pool(store.layout.root, story)


def test_a_version_that_could_not_be_loaded_is_served_once_it_can_be(store: EmbeddedStore, tmp_path: Path) -> None:
    commit(store, "first")
    away = tmp_path / "away"

    async def story(pool: Pool) -> None:
        with store.writer() as writer:
            writer.commit(ChangeSet("second", [quad("second", "1")]))
            folder = store.layout.version(2)
            away.mkdir()
            for file in folder.iterdir():
                file.rename(away / file.name)
        await until(lambda: pool._crew._given_up == 1, 30.0)
        assert (await pool.run(COUNT, LIMITS)).body == b"n\r\n1\r\n"
        for file in away.iterdir():
            file.rename(folder / file.name)
        await until(lambda: pool.version == 2, 60.0)
        assert (await pool.run(COUNT, LIMITS)).body == b"n\r\n2\r\n"
        assert pool._crew._given_up == 0

    with_pool(store.layout.root, story)


def test_a_store_that_cannot_be_read_stops_the_start_with_its_own_error(store: EmbeddedStore) -> None:
    commit(store, "first")
    store.close()
    for file in store.layout.version(1).glob("MANIFEST-*"):
        file.write_bytes(b"junk")
    with pytest.raises(errors.StoreDamaged):
        with_pool(store.layout.root, lambda pool: asyncio.sleep(0))
    assert not children()


def test_a_pool_without_a_store_says_so(tmp_path: Path) -> None:
    with pytest.raises(errors.StoreError, match="there is no store"):
        with_pool(tmp_path / "none", lambda pool: asyncio.sleep(0))


def test_a_closed_pool_is_busy_and_leaves_nothing_running(large: Path) -> None:
    async def story() -> None:
        async with running(large, workers=1) as pool:
            late = asyncio.create_task(pool.run(Job(RUNAWAY, JSON), LIMITS))
            await asyncio.sleep(0.05)
        with pytest.raises(errors.ServiceBusy):
            await late
        with pytest.raises(errors.ServiceBusy):
            await pool.run(COUNT, LIMITS)

    start = time.monotonic()
    asyncio.run(story())
    assert time.monotonic() - start < 10
    assert not children()
