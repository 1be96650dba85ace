"""Turns the answer of a server into the format that was asked for, read to its end before a byte of it is sent on."""

from __future__ import annotations

import io

from pyoxigraph import QueryBoolean, QueryResultsFormat, QuerySolutions, RdfFormat

from iesi_kg.errors import NotAcceptable, ResultTooLarge
from iesi_kg.records import Form
from iesi_kg.store import prefixes, rows
from iesi_kg.store.evaluation import Tally, too_many_rows
from iesi_kg.store.frames import Limits
from iesi_kg.store.remote import answers, dialect, failures
from iesi_kg.store.remote.channel import Reply
from iesi_kg.store.remote.profiles import Location


def written(
    where: Location, text: str, reply: Reply, media_type: str, limits: Limits
) -> tuple[Form, bytes, int | None]:
    """Form, bytes and rows of an answer. Raises BackendLied, BackendCut, NotAcceptable, ResultTooLarge."""
    plain = media_type.partition(";")[0].strip()
    is_graph = dialect.form(text) in dialect.GRAPHS
    if is_graph:
        form, body, number = _graph(where, text, reply, plain, limits)
    else:
        form, body, number = _table(where, text, reply, plain)
    if len(body) > limits.bytes:
        raise too_many_bytes(limits)
    if number is not None and number > limits.rows:
        raise too_many_rows(limits.rows)
    return form, body, number


def too_many_bytes(limits: Limits) -> ResultTooLarge:
    """More bytes than one query may return."""
    return ResultTooLarge(
        f"the result is larger than {limits.bytes:,} bytes",
        hint="ask for less: a LIMIT, fewer variables, or a narrower pattern",
        limit_bytes=limits.bytes,
    )


def _graph(where: Location, text: str, reply: Reply, plain: str, limits: Limits) -> tuple[Form, bytes, int | None]:
    kind = RdfFormat.from_media_type(plain)
    if kind is None:
        raise NotAcceptable(f"a graph cannot be written as {plain}")
    tally, output = Tally(limits.rows), io.BytesIO()
    prefixes.write(tally.passing(answers.triples(where, reply)), output, kind, text)
    return Form.GRAPH, output.getvalue(), tally.rows


def _table(where: Location, text: str, reply: Reply, plain: str) -> tuple[Form, bytes, int | None]:
    kind = QueryResultsFormat.from_media_type(plain)
    if kind is None:
        raise NotAcceptable(f"a SELECT or ASK result cannot be written as {plain}")
    output, wanted = io.BytesIO(), dialect.form(text)

    def copy(result: QueryBoolean | QuerySolutions) -> bool:
        result.serialize(output, kind)
        return isinstance(result, QueryBoolean)

    is_truth = answers.used(where, dialect.as_written(text, reply.body), copy)
    if is_truth != (wanted == "ASK"):
        raise failures.lied(where, "an answer to another form of query", wanted)
    body = output.getvalue()
    if is_truth:
        return Form.BOOLEAN, body, 1
    number = rows.count(plain, body)
    if number is None:
        return Form.SOLUTIONS, body, len(answers.solutions(where, reply))
    answers.check_rows(where, reply, number)
    return Form.SOLUTIONS, body, number
