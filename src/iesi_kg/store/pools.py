"""The contract of what evaluates the queries of strangers: processes on a folder, or another server."""

from __future__ import annotations

from typing import Protocol

from iesi_kg.records import Answer
from iesi_kg.store.frames import Job, Limits
from iesi_kg.store.plain import Plain


class QueryPool(Protocol):
    """Evaluates jobs under limits, each on one version; cancelling ``run`` ends the query."""

    @property
    def version(self) -> int:
        """The version that a query sent now is answered on."""
        ...

    @property
    def confined(self) -> bool:
        """Whether no query can reach the network from this machine."""
        ...

    @property
    def rewritable(self) -> bool:
        """Whether the engine is the one whose slow shapes of queries are known, so that another form is faster."""
        ...

    async def start(self) -> None:
        """Be able to answer. Raises what keeps it from that."""
        ...

    async def close(self) -> None:
        """End every query; who still waits is told that the service is stopping."""
        ...

    async def reach(self, number: int, seconds: float) -> None:
        """Wait until jobs are answered on this version or a later one. Raises ServiceBusy."""
        ...

    async def run(self, job: Job, limits: Limits) -> Answer:
        """The whole answer to a query, or the error that says which limit it met."""
        ...

    def at_once(self, query: Plain, media_type: str, limits: Limits) -> Answer | None:
        """The answer to a query that needs no waiting, as it is known to be small; None for any other."""
        ...
