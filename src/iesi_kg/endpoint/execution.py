"""Turns a query that may run into a complete answer, under limits, in a process that can be ended."""

from __future__ import annotations

from iesi_kg.endpoint.diagnosis import explain
from iesi_kg.endpoint.negotiation import MediaType
from iesi_kg.endpoint.protocol import Query
from iesi_kg.endpoint.runner import Runner
from iesi_kg.endpoint.syntax import Guards, Shape, inspect
from iesi_kg.errors import QuerySyntaxError
from iesi_kg.records import Answer, Form
from iesi_kg.store.moulds import recalled
from iesi_kg.store.plain import Plain
from iesi_kg.store.settling import as_sent, at_hand
from iesi_kg.store.workers import Job, Limits

_DEEPEST = 2  # brackets in brackets of the plainest queries
_SHAPES = {
    Form.SOLUTIONS: Shape(Form.SOLUTIONS, "SELECT", volatile=False),
    Form.BOOLEAN: Shape(Form.BOOLEAN, "ASK", volatile=False),
}


def recognised(query: Query, guards: Guards) -> tuple[Shape, Plain | None]:
    """The shape of a query that may run, and the query itself where it is one of the plainest.

    Raises QuerySyntaxError or QueryRefused.
    """
    found = plainest(query, guards)
    return (inspect(query.text, guards), None) if found is None else (_SHAPES[found.form], found)


def plainest(query: Query, guards: Guards) -> Plain | None:
    """The query itself where it is one of the plainest and may run."""
    found = None if query.default_graphs or query.named_graphs else recalled(query.text)
    return found if found is not None and _is_within(found, len(query.text), guards) else None


def _is_within(query: Plain, length: int, guards: Guards) -> bool:
    patterns, values = len(query.patterns) + len(query.optional), query.values[1] if query.values else 0
    return (
        length <= guards.length
        and patterns <= min(guards.patterns, guards.path)
        and values <= guards.values
        and guards.nesting > _DEEPEST
    )


async def execute(query: Query, media: MediaType, pool: Runner, limits: Limits, caller: str = "") -> Answer:
    """The whole answer or an error, never a part. Raises the QueryErrors and ServiceBusy."""
    job = Job(at_hand(query.text), media.name, query.default_graphs, query.named_graphs, caller)
    try:
        return await pool.run(job, limits)
    except QuerySyntaxError as error:
        raise explain(query.text, as_sent(query.text, error)) from None
