"""Processes that tried an update of patterns, or failed at one, answer nothing more; unconfined ones no SERVICE."""

from __future__ import annotations

import asyncio
from io import BytesIO
from pathlib import Path

import pytest
from pyoxigraph import Store
from store_processes import children, forget_earlier

from iesi_kg.errors import QueryError, QueryRefused, QuerySyntaxError
from iesi_kg.store.amending import DELETE, INSERT, Amended, Amendment, Operation
from iesi_kg.store.dataset import Evaluator
from iesi_kg.store.embedded import EmbeddedStore
from iesi_kg.store.evaluation import Target
from iesi_kg.store.workers import Limits, Pool

LIMITS = Limits(seconds=20.0)
PATTERN = Amendment("update", operations=(Operation("INSERT { <urn:a> <urn:b> 1 } WHERE {}", ("",)),))
DATA = Amendment("update", operations=(Operation("INSERT DATA { <urn:a> <urn:b> 1 }", ("",), INSERT),))
UNSOUND = Amendment("update", operations=(Operation("DELETE DATA { <urn:a> 1 }", ("",), DELETE),))
BROKEN = Amendment("update", operations=(Operation("INSERT DATA { <urn:a> <urn:b> 1 }", ("not an iri",)),))


@pytest.mark.parametrize(
    ("wanted", "lasting", "ended"),
    [(PATTERN, False, 1), (PATTERN, True, 0), (DATA, False, 0), (UNSOUND, True, 0), (BROKEN, True, 1)],
)
def test_who_tried_patterns_ends(tmp_path: Path, wanted: Amendment, lasting: bool, ended: int) -> None:
    forget_earlier()

    async def run() -> None:
        EmbeddedStore.open(tmp_path, create=True).close()
        pool = Pool(tmp_path, workers=1)
        await pool.start()
        try:
            await asyncio.sleep(0.5)
            before = children()
            if wanted in (UNSOUND, BROKEN):
                with pytest.raises(QuerySyntaxError if wanted is UNSOUND else QueryError):
                    await pool.run(wanted.job(lasting=lasting), LIMITS)
            else:
                answer = await pool.run(wanted.job(lasting=lasting), LIMITS)
                assert len(Amended.of(answer.body).change.add) == 1
            for _ in range(100):
                if len(before - children()) == ended:
                    break
                await asyncio.sleep(0.02)
            assert len(before - children()) == ended
        finally:
            await pool.close()

    asyncio.run(run())


def test_without_a_filter_no_service_reaches_the_engine() -> None:
    evaluator = Evaluator(Store())
    evaluator.confined = False
    target = Target("text/csv", BytesIO())
    with pytest.raises(QueryRefused, match="SERVICE"):
        evaluator.write("SELECT * { SERVICE SILENT <urn:x> { ?s ?p ?o } }", target)
    evaluator.write("SELECT ?service { ?service <urn:service> 'SERVICE' } # SERVICE", target)
