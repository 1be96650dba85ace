"""Turns a query that may run into a complete answer, under limits, in a process that can be ended."""

from __future__ import annotations

import re

from iesi_kg.endpoint.diagnosis import explain
from iesi_kg.endpoint.negotiation import MediaType
from iesi_kg.endpoint.protocol import Query
from iesi_kg.endpoint.runner import Runner
from iesi_kg.endpoint.syntax import Guards, Shape, inspect
from iesi_kg.errors import QuerySyntaxError
from iesi_kg.records import Answer, Form
from iesi_kg.store.plain import LONGEST, Plain, plain
from iesi_kg.store.settling import as_sent, at_hand, settled
from iesi_kg.store.workers import Job, Limits

_COMMENT = re.compile(r"(?:\A|[\s{}.;,>])#")
_SHAPES = {
    Form.SOLUTIONS: Shape(Form.SOLUTIONS, "SELECT", volatile=False),
    Form.BOOLEAN: Shape(Form.BOOLEAN, "ASK", volatile=False),
}


def recognised(query: Query, guards: Guards) -> tuple[Shape, Plain | None]:
    """The shape of a query that may run, and the query itself where it is one of the plainest.

    Raises QuerySyntaxError or QueryRefused.
    """
    found = None
    if len(query.text) <= LONGEST and not (query.default_graphs or query.named_graphs):
        found = plain(settled(query.text) if _COMMENT.search(query.text) else query.text)
    if found is None or not _is_within(found, guards):
        return inspect(query.text, guards), None
    return _SHAPES[found.form], found


def _is_within(query: Plain, guards: Guards) -> bool:
    values = query.values[1] if query.values else 0
    least = min(guards.length - len(query.text), guards.patterns - len(query.patterns), guards.values - values)
    return least >= 0 and guards.nesting > 1


async def execute(query: Query, media: MediaType, pool: Runner, limits: Limits, caller: str = "") -> Answer:
    """The whole answer or an error, never a part. Raises the QueryErrors and ServiceBusy."""
    job = Job(at_hand(query.text), media.name, query.default_graphs, query.named_graphs, caller)
    try:
        return await pool.run(job, limits)
    except QuerySyntaxError as error:
        raise explain(query.text, as_sent(query.text, error)) from None
