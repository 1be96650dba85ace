"""Rewriting with every bet won, and answers of the engine as rows that can be compared."""

from __future__ import annotations

import asyncio
import io
from collections import Counter

from pyoxigraph import Store

from iesi_kg.endpoint.rewriting import Rewriter, Rewriting
from iesi_kg.endpoint.rewriting_changes import Bet
from iesi_kg.records import Answer
from iesi_kg.store.dataset import Evaluator
from iesi_kg.store.evaluation import Target
from iesi_kg.store.workers import Job, Limits

REWRITER = Rewriter()


async def _won(_: Bet) -> bool:
    return True


def rewritten(text: str, rewriter: Rewriter = REWRITER) -> Rewriting | None:
    """What becomes of a query where every rule that may be applied is."""
    return asyncio.run(rewriter.rewritten(text, _won))


def serialised(store: Store | Evaluator, text: str, media_type: str) -> bytes:
    """The answer to a query."""
    output = io.BytesIO()
    evaluator = store if isinstance(store, Evaluator) else Evaluator(store)
    evaluator.write(text, Target(media_type, output))
    return output.getvalue()


def rows(evaluator: Evaluator, text: str) -> list[str]:
    """The rows of a result, its columns in the order of their names, which stand first."""
    written = serialised(evaluator, text, "text/tab-separated-values").decode("utf-8")
    table = [line.split("\t") for line in written.split("\n")[:-1]]
    order = sorted(range(len(table[0])), key=lambda place: table[0][place])
    return ["\t".join(line[place] for place in order) for line in table]


def same(left: list[str], right: list[str]) -> bool:
    """Whether two results have the same columns and, in any order, as often the same rows."""
    return left[0] == right[0] and Counter(left[1:]) == Counter(right[1:])


class Direct:
    """Evaluates jobs on a store at once, and remembers their texts."""

    def __init__(self, store: Store) -> None:
        self._evaluator = Evaluator(store)
        self.asked: list[str] = []

    async def run(self, job: Job, limits: Limits) -> Answer:
        self.asked.append(job.text)
        output = io.BytesIO()
        form, number = self._evaluator.write(job.text, Target(job.media_type, output, limits.rows))
        return Answer(form, job.media_type, output.getvalue(), 1, number)
