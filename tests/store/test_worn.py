"""A query process that has followed many changes is replaced: the engine in memory keeps what left it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from store_processes import children
from test_amendments import ACT, LIMITS, STEP, allow, number, update
from test_pool import until

from iesi_kg.operations.amendments import Amendments
from iesi_kg.store import crew
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
