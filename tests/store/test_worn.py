"""What the engine keeps of changes and checkpoints long made is given up: processes and writers begin anew."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from store_processes import children
from store_quads import quad
from test_amendments import ACT, LIMITS, STEP, allow, number, update
from test_pool import until

from iesi_kg.operations.amendments import Amendments
from iesi_kg.store import crew, writer
from iesi_kg.store.base import ChangeSet
from iesi_kg.store.embedded import EmbeddedStore
from iesi_kg.store.workers import Pool


def test_worn_processes_are_replaced_one_by_one_and_no_change_is_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "WORN_BYTES", 2_000)  # a change of STEP takes about 300 bytes

    async def run() -> None:
        store = EmbeddedStore.open(tmp_path, create=True)
        pool = Pool(tmp_path, workers=2)
        await pool.start()
        amendments = Amendments(store, pool, queue=8, lasting=True)
        try:
            await amendments.make(update("INSERT DATA { <urn:counter> <urn:is> 0 }"), LIMITS, allow, ACT)
            await until(lambda: [child.loaded for child in pool._crew.children] == [True] * 3)
            first = children()
            for expected in range(1, 21):
                _, version = await amendments.make(update(STEP), LIMITS, allow, ACT)
                assert await number(pool) == (str(expected), version)
            await until(lambda: not first & children())
            assert await number(pool) == ("20", version)
            await until(lambda: all(child.loaded for child in pool._crew.children))
            later = children()
            await asyncio.sleep(2 * crew.WATCH_SECONDS)
            assert children() == later  # the new ones have followed nothing yet
        finally:
            await pool.close()
            await amendments.close()
        store.close()

    asyncio.run(run())
    assert not children()


def test_a_lasting_writer_opens_its_store_anew_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "WORN_CHECKPOINTS", 3)

    async def run() -> None:
        store = EmbeddedStore.open(tmp_path, create=True, checkpoint_seconds=0.0)
        pool = Pool(tmp_path, workers=1)
        await pool.start()
        amendments = Amendments(store, pool, queue=8, lasting=True)
        engines = set()
        try:
            await amendments.make(update("INSERT DATA { <urn:counter> <urn:is> 0 }"), LIMITS, allow, ACT)
            for expected in range(1, 9):
                _, version = await amendments.make(update(STEP), LIMITS, allow, ACT)
                assert await number(pool) == (str(expected), version)
                assert amendments._writer is not None
                engines.add(amendments._writer.reader._view)
        finally:
            await pool.close()
            await amendments.close()
        assert len(engines) == 4  # anew after the third, the sixth and the ninth
        store.close()

    asyncio.run(run())
    assert EmbeddedStore.open(tmp_path).current().triples == 1


def test_a_refresh_replays_what_no_checkpoint_holds(store: EmbeddedStore) -> None:
    with store.writer() as one:
        one.commit(ChangeSet("first", [quad("a", "1")]))
        one.commit(ChangeSet("second", [quad("b", "1")]))
        assert (one.published, one.worn) == (1, False)
        one.refresh()
        assert set(one.reader.quads()) == {quad("a", "1"), quad("b", "1")}
        assert one.commit(ChangeSet("third", [], [quad("a", "1")])) == 3
    assert set(store.reader().quads()) == {quad("b", "1")}
