"""Turns the bytes that a server answered into terms, or says that they are not what they claim to be."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from pyoxigraph import (
    QueryBoolean,
    QueryResultsFormat,
    QuerySolutions,
    RdfFormat,
    Triple,
    parse,
    parse_query_results,
)

from iesi_kg.store.base import Solution
from iesi_kg.store.remote import failures
from iesi_kg.store.remote.channel import SOLUTIONS, Reply
from iesi_kg.store.remote.profiles import Location

T = TypeVar("T")


def solutions(where: Location, reply: Reply) -> list[Solution]:
    """The solutions of a SELECT query. Raises BackendLied, BackendCut."""
    found = used(where, reply.body, _rows)
    if found is None:
        raise failures.lied(where, "a truth value", "solutions")
    check_rows(where, reply, len(found))
    return found


def truth(where: Location, reply: Reply) -> bool:
    """The truth of an ASK query."""
    found = used(where, reply.body, lambda result: bool(result) if isinstance(result, QueryBoolean) else None)
    if found is None:
        raise failures.lied(where, "solutions", "a truth value")
    return found


def triples(where: Location, reply: Reply) -> list[Triple]:
    """The triples of a graph, each once."""
    kind = RdfFormat.from_media_type(reply.media_type)
    if kind is None:
        raise failures.lied(where, reply.media_type, "a graph")
    try:
        return list(dict.fromkeys(quad.triple for quad in parse(reply.body, kind)))
    except (SyntaxError, ValueError) as error:
        raise failures.cut(where, f"cannot be read to its end: {error}") from None


def used(where: Location, body: bytes, use: Callable[[QueryBoolean | QuerySolutions], T]) -> T:
    """What ``use`` makes of an answer to SELECT or ASK. Raises BackendLied, BackendCut.

    The engine's result belongs to this thread: no error that may travel to another one keeps it alive.
    """
    begun, fault = False, ""
    try:
        result = parse_query_results(body, QueryResultsFormat.JSON)
        begun = True
        return use(result)
    except (SyntaxError, ValueError, OSError) as error:
        fault = str(error)
    if begun:
        del result
        raise failures.cut(where, f"cannot be read to its end: {fault}")
    raise failures.lied(where, f"{SOLUTIONS} that cannot be read ({fault})", SOLUTIONS)


def _rows(result: QueryBoolean | QuerySolutions) -> list[Solution] | None:
    if isinstance(result, QueryBoolean):
        return None
    names = [variable.value for variable in result.variables]
    return [{name: term for name, term in zip(names, row, strict=True) if term is not None} for row in result]


def check_rows(where: Location, reply: Reply, rows: int) -> None:
    """Raises BackendCut for an answer of exactly as many rows as the server ever sends."""
    profile = where.profile
    told = reply.headers.get(profile.rows_header.lower(), "") if profile.rows_header else ""
    most = int(told) if told.isdigit() else profile.max_rows
    if most and rows >= most:
        raise failures.capped(where, most)
