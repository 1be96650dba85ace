"""Turns a query that may run into a complete answer, under limits, in a process that can be ended."""

from __future__ import annotations

from iesi_kg.endpoint.diagnosis import explain
from iesi_kg.endpoint.negotiation import MediaType
from iesi_kg.endpoint.protocol import Query
from iesi_kg.endpoint.runner import Runner
from iesi_kg.errors import QuerySyntaxError
from iesi_kg.records import Answer
from iesi_kg.store.settling import as_sent, at_hand
from iesi_kg.store.workers import Job, Limits


async def execute(query: Query, media: MediaType, pool: Runner, limits: Limits, caller: str = "") -> Answer:
    """The whole answer or an error, never a part. Raises the QueryErrors and ServiceBusy."""
    job = Job(at_hand(query.text), media.name, query.default_graphs, query.named_graphs, caller)
    try:
        return await pool.run(job, limits)
    except QuerySyntaxError as error:
        raise explain(query.text, as_sent(query.text, error)) from None
