"""Has queries evaluated in the form that is faster here; counts parts of them first where that decides which it is.

A form that the engine does not take, or for which its memory is too small, is dropped: the query runs as written.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from iesi_kg.endpoint.negotiation import CSV
from iesi_kg.endpoint.rewriting import Rewriter, Rewriting
from iesi_kg.endpoint.rewriting_changes import Bet, counting
from iesi_kg.endpoint.rewriting_counts import Count
from iesi_kg.endpoint.runner import Runner
from iesi_kg.errors import IesiKgError, QueryOutOfMemory, QuerySyntaxError, QueryTimeout
from iesi_kg.records import Answer
from iesi_kg.store.workers import Job, Limits

BOUNDS = (20_000, 500_000)
_SECONDS = 3.0  # for all counts of a query
_LAST_MOMENT = 0.05


@dataclass(frozen=True, slots=True)
class RewritingRunner:
    """A runner that gives another one the faster form of each query.

    ``version`` is that of the data, what was counted of which is remembered; where none is told it is counted anew.
    """

    rewriter: Rewriter
    runner: Runner
    version: int | None = None

    async def run(self, job: Job, limits: Limits) -> Answer:
        """The whole answer or an error, as the other runner gives it, with the rules that were applied."""
        deadline = time.monotonic() + limits.seconds
        found = await self.rewriting(job, limits)
        if found is None:
            return await self.runner.run(job, limits)
        try:
            return await self._run(found, job, limits, deadline)
        except QueryTimeout as error:
            error.members = {**error.members, "limit_seconds": limits.seconds}  # not what counting had left of it
            raise

    async def _run(self, found: Rewriting, job: Job, limits: Limits, deadline: float) -> Answer:
        if found.rules:
            try:
                answer = await self.runner.run(replace(job, text=found.text), _until(deadline, limits))
                return replace(answer, rewritten=found.rules)
            except (QuerySyntaxError, QueryOutOfMemory):
                pass
        return await self.runner.run(job, _until(deadline, limits))

    async def rewriting(self, job: Job, limits: Limits) -> Rewriting | None:
        """What would be evaluated in place of a job, None where no rule has anything to say of it."""
        count, data = counter(job, self.runner, limits), None
        if self.version is not None:
            data = (self.version, job.default_graphs, job.named_graphs)
            count = self.rewriter.counts.kept(count, data)
        return await self.rewriter.rewritten(job.text, lambda bet: wins(bet, count), data)


def _until(deadline: float, limits: Limits) -> Limits:
    return replace(limits, seconds=max(deadline - time.monotonic(), _LAST_MOMENT))


def counter(job: Job, runner: Runner, limits: Limits) -> Count:
    """What counts the solutions of a question on the data set of a job."""
    deadline = time.monotonic() + min(_SECONDS, limits.seconds)

    async def count(asked: str, most: int) -> int:
        brief = replace(_until(deadline, limits), rows=1, bytes=1_000)
        answer = await runner.run(replace(job, text=counting(asked, most), media_type=CSV.name), brief)
        return int(answer.body.split()[-1])

    return count


async def wins(bet: Bet, count: Count) -> bool | None:
    """Whether a bet holds; None where that could not be counted in a moment."""
    try:
        return await _wins(bet, count)
    except (IesiKgError, ValueError):
        return None


async def _wins(bet: Bet, count: Count) -> bool:
    if bet.least:
        left = await _least(bet.left, bet.least, count)
        return left >= bet.least or await _is_smaller(bet, left, count)
    for bound in BOUNDS:
        left = await _least(bet.left, bound, count)
        if await _is_smaller(bet, left, count):
            return True
        if left < bound:
            return False
    return False


async def _is_smaller(bet: Bet, left: int, count: Count) -> bool:
    most = int(bet.ratio * left)
    return most > 0 and await count(bet.right, most + 1) <= most


async def _least(asked: tuple[str, ...], most: int, count: Count) -> int:
    """The smallest of the numbers, none of which is counted beyond the smallest so far."""
    for question in asked:
        most = await count(question, most)
    return most
