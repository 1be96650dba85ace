"""Turns the bytes that a server answered into terms, or says that they are not what they claim to be."""

from __future__ import annotations

from typing import Any

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


def solutions(where: Location, reply: Reply) -> list[Solution]:
    """The solutions of a SELECT query. Raises BackendLied, BackendCut."""
    result = parsed(where, reply)
    if not isinstance(result, QuerySolutions):
        raise failures.lied(where, "a truth value", "solutions")
    names = [variable.value for variable in result.variables]
    try:
        found: list[Solution] = [
            {name: term for name, term in zip(names, solution, strict=True) if term is not None} for solution in result
        ]
    except (SyntaxError, ValueError) as error:
        raise failures.cut(where, f"cannot be read to its end: {error}") from None
    check_rows(where, reply, len(found))
    return found


def truth(where: Location, reply: Reply) -> bool:
    """The truth of an ASK query."""
    result = parsed(where, reply)
    if not isinstance(result, QueryBoolean):
        raise failures.lied(where, "solutions", "a truth value")
    return bool(result)


def triples(where: Location, reply: Reply) -> list[Triple]:
    """The triples of a graph, each once."""
    kind = RdfFormat.from_media_type(reply.media_type)
    if kind is None:
        raise failures.lied(where, reply.media_type, "a graph")
    try:
        return list(dict.fromkeys(quad.triple for quad in parse(reply.body, kind)))
    except (SyntaxError, ValueError) as error:
        raise failures.cut(where, f"cannot be read to its end: {error}") from None


def parsed(where: Location, reply: Reply) -> Any:  # noqa: ANN401  (solutions or a truth value)
    """What stands in an answer to SELECT or ASK, of which only the beginning has been read."""
    try:
        return parse_query_results(reply.body, QueryResultsFormat.JSON)
    except (SyntaxError, ValueError) as error:
        raise failures.lied(where, f"{reply.media_type} that cannot be read ({error})", SOLUTIONS) from None


def check_rows(where: Location, reply: Reply, rows: int) -> None:
    """Raises BackendCut for an answer of exactly as many rows as the server ever sends."""
    profile = where.profile
    told = reply.headers.get(profile.rows_header.lower(), "") if profile.rows_header else ""
    most = int(told) if told.isdigit() else profile.max_rows
    if most and rows >= most:
        raise failures.capped(where, most)
