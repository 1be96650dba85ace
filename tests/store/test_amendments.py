"""Changes over HTTP below HTTP: one after the other, durable, seen by every later query, in memory and on disk."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pyoxigraph import Literal, NamedNode, Quad

from iesi_kg.errors import NotYetVisible, QueryTimeout, ResultTooLarge, ServiceBusy, UsageError
from iesi_kg.operations import amendments as module
from iesi_kg.operations.amendments import Amendments
from iesi_kg.operations.audit import Act
from iesi_kg.store.amending import Amended, Amendment, Operation
from iesi_kg.store.base import ChangeSet
from iesi_kg.store.embedded import EmbeddedStore
from iesi_kg.store.workers import Job, Limits, Pool

ACT = Act("tester", "http", "update", datetime(2026, 1, 1, tzinfo=UTC))
LIMITS = Limits(seconds=20.0)
STEP = "DELETE { ?c ?p ?n } INSERT { ?c ?p ?m } WHERE { ?c ?p ?n BIND(?n + 1 AS ?m) }"


def allow(met: Amended, change: ChangeSet) -> None:
    """Whatever it is."""


def update(text: str) -> Amendment:
    return Amendment("update", operations=(Operation(text),))


async def number(pool: Pool) -> tuple[str, int]:
    answer = await pool.run(Job("SELECT ?n { <urn:counter> <urn:is> ?n }", "text/csv"), LIMITS)
    return answer.body.decode().split()[-1], answer.version


@pytest.mark.parametrize("in_memory", [1_000_000, 0], ids=["in memory", "on disk"])
def test_every_change_is_seen_by_the_next_query(tmp_path: Path, in_memory: int) -> None:
    async def run() -> None:
        store = EmbeddedStore.open(tmp_path, create=True)
        pool = Pool(tmp_path, workers=2, in_memory=in_memory)
        await pool.start()
        amendments = Amendments(store, pool, queue=8, lasting=True)
        try:
            await amendments.make(update("INSERT DATA { <urn:counter> <urn:is> 0 }"), LIMITS, allow, ACT)
            for expected in range(1, 3 if in_memory == 0 else 30):
                _, version = await amendments.make(update(STEP), LIMITS, allow, ACT)
                assert await number(pool) == (str(expected), version)
        finally:
            await pool.close()
            await amendments.close()
        assert store.current().number == version
        assert not list(tmp_path.glob(".trial-*"))
        store.close()

    asyncio.run(run())


def test_processes_that_are_replaced_begin_where_the_others_are(tmp_path: Path) -> None:
    """A killed process is replaced by one that reads the last checkpoint and the changes since."""
    endless = (
        "SELECT (COUNT(*) AS ?n) { "
        + " ".join(f"VALUES ?v{place} {{ {' '.join(map(str, range(60)))} }}" for place in range(6))
        + " }"
    )

    async def run() -> None:
        store = EmbeddedStore.open(tmp_path, create=True, checkpoint_seconds=3600.0)
        pool = Pool(tmp_path, workers=2)
        await pool.start()
        amendments = Amendments(store, pool, queue=8, lasting=True)
        try:
            await amendments.make(update("INSERT DATA { <urn:counter> <urn:is> 0 }"), LIMITS, allow, ACT)
            for _ in range(5):
                await amendments.make(update(STEP), LIMITS, allow, ACT)
            assert store.current().number < pool.version
            for _ in range(2):
                with pytest.raises(QueryTimeout):
                    await pool.run(Job(endless, "text/csv"), Limits(seconds=1.0))
            for _ in range(8):
                assert await number(pool) == ("5", pool.version)
        finally:
            await pool.close()
            await amendments.close()
        store.close()

    asyncio.run(run())


def test_what_may_not_be_made_is_not(tmp_path: Path) -> None:
    def forbid(met: Amended, change: ChangeSet) -> None:
        raise UsageError("no")

    async def run() -> None:
        store = EmbeddedStore.open(tmp_path, create=True)
        pool = Pool(tmp_path, workers=1)
        await pool.start()
        amendments = Amendments(store, pool, queue=2, lasting=True)
        insert = update("INSERT DATA { <urn:counter> <urn:is> 0 }")
        try:
            with pytest.raises(UsageError, match="no"):
                await amendments.make(insert, LIMITS, forbid, ACT)
            with pytest.raises(UsageError, match="blank node"):
                await amendments.make(update("INSERT DATA { _:b <urn:is> 0 }"), LIMITS, allow, ACT)
            assert await number(pool) == ("n", 0)
            made = await asyncio.gather(
                *(amendments.make(insert, LIMITS, allow, ACT) for _ in range(5)), return_exceptions=True
            )
            assert sum(isinstance(each, ServiceBusy) for each in made) in (2, 3)
            assert await number(pool) == ("0", 1)
        finally:
            await pool.close()
            await amendments.close()
        with pytest.raises(ServiceBusy, match="stopping"):
            await amendments.make(insert, LIMITS, allow, ACT)
        store.close()

    asyncio.run(run())


def test_who_gives_up_while_the_store_is_locked_leaves_no_lock_behind(tmp_path: Path) -> None:
    async def run() -> None:
        store = EmbeddedStore.open(tmp_path, create=True)
        pool = Pool(tmp_path, workers=1)
        await pool.start()
        amendments = Amendments(store, pool, queue=8)
        insert = update("INSERT DATA { <urn:counter> <urn:is> 0 }")
        try:
            with EmbeddedStore.open(tmp_path).writer():
                task = asyncio.create_task(amendments.make(insert, LIMITS, allow, ACT))
                await asyncio.sleep(0.3)
                task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await number(pool) == ("n", 0)
            await amendments.make(insert, LIMITS, allow, ACT)
            assert await number(pool) == ("0", 1)
            with EmbeddedStore.open(tmp_path, lock_timeout=5.0).writer() as other:
                assert len(list(other.reader.quads())) == 1
        finally:
            await pool.close()
            await amendments.close()
        store.close()

    asyncio.run(run())


def test_a_change_that_is_too_large_changes_nothing(tmp_path: Path) -> None:
    """Ten million equal characters travel in a few thousand bytes; what counts is what they become."""

    async def run() -> None:
        store = EmbeddedStore.open(tmp_path, create=True)
        pool = Pool(tmp_path, workers=1)
        await pool.start()
        amendments = Amendments(store, pool, queue=2, lasting=True)
        three = update("INSERT DATA { <urn:a> <urn:p> 1, 2, 3 }")
        long = update(f"INSERT DATA {{ <urn:a> <urn:p> '{'a' * 10_000_000}' }}")
        try:
            with pytest.raises(ResultTooLarge, match=r"nothing was changed.* 2 statements") as rows:
                await amendments.make(three, Limits(rows=2), allow, ACT)
            assert rows.value.members == {"limit_rows": 2}
            with pytest.raises(ResultTooLarge, match=r"nothing was changed.* 1,000,000 bytes") as size:
                await amendments.make(long, Limits(bytes=1_000_000), allow, ACT)
            assert size.value.members == {"limit_bytes": 1_000_000}
            assert (await amendments.make(three, Limits(rows=3), allow, ACT))[1] == 1
        finally:
            await pool.close()
            await amendments.close()
        store.close()

    asyncio.run(run())


def test_a_durable_change_that_cannot_be_shown_yet_is_not_called_undone(tmp_path: Path) -> None:
    async def run() -> None:
        store = EmbeddedStore.open(tmp_path, create=True)
        pool = Pool(tmp_path, workers=1, in_memory=0)
        await pool.start()
        amendments = Amendments(store, pool, queue=2, lasting=True)
        obstacle = store.layout.versions / ".00000001.new"  # where the checkpoint is drafted
        obstacle.touch()
        try:
            with pytest.raises(NotYetVisible, match="version 1 is durable but not visible yet") as caught:
                await amendments.make(update("INSERT DATA { <urn:counter> <urn:is> 0 }"), LIMITS, allow, ACT)
            assert caught.value.members == {"version": 1}
            assert "nothing was changed" not in caught.value.detail
            assert await number(pool) == ("n", 0)
            obstacle.unlink()
            assert (await amendments.make(update(STEP), LIMITS, allow, ACT))[1] == 2
            assert await number(pool) == ("1", 2)
        finally:
            await pool.close()
            await amendments.close()
        store.close()

    asyncio.run(run())


def test_a_stream_of_changes_lets_another_writer_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_HOLD_SECONDS", 0.1)
    fact = Quad(NamedNode("urn:other"), NamedNode("urn:is"), Literal("here"))

    async def run() -> None:
        store = EmbeddedStore.open(tmp_path, create=True)
        other = EmbeddedStore(tmp_path, lock_timeout=30.0)
        pool = Pool(tmp_path, workers=1)
        await pool.start()
        amendments = Amendments(store, pool, queue=8)
        written = asyncio.Event()

        async def stream() -> None:
            while not written.is_set():
                await amendments.make(update(STEP), LIMITS, allow, ACT)

        def write() -> int:
            with other.writer() as writer:
                return writer.commit(ChangeSet("by another process", add=[fact]))

        try:
            await amendments.make(update("INSERT DATA { <urn:counter> <urn:is> 0 }"), LIMITS, allow, ACT)
            streams = [asyncio.ensure_future(stream()) for _ in range(3)]
            assert await asyncio.to_thread(write) > 1
            written.set()
            await asyncio.gather(*streams)
        finally:
            await pool.close()
            await amendments.close()
        store.close()

    asyncio.run(run())
