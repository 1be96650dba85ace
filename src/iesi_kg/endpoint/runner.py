"""What the rooms of the endpoint need of whatever evaluates queries."""

from __future__ import annotations

from typing import Protocol

from iesi_kg.records import Answer
from iesi_kg.store.workers import Job, Limits


class Runner(Protocol):
    """What evaluates jobs: the pool of worker processes."""

    async def run(self, job: Job, limits: Limits) -> Answer: ...
