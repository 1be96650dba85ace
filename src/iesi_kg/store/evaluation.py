"""Turns a query text and a media type into serialised bytes on one open engine store.

The result object of the engine is bound to its thread: it is made, written and dropped inside ``evaluate``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO

from pyoxigraph import (
    NamedNode,
    QueryBoolean,
    QueryResultsFormat,
    QuerySolutions,
    QueryTriples,
    RdfFormat,
    Store,
    Triple,
)

from iesi_kg.errors import (
    NotAcceptable,
    QueryError,
    QuerySyntaxError,
    QueryUnsupported,
    ResultTooLarge,
    StoreDamaged,
    UsageError,
)
from iesi_kg.records import Form
from iesi_kg.store import prefixes
from iesi_kg.store.settling import settled

POSITION = "error at "
UNKNOWN_FUNCTION = "custom function"
# A query that begins with SELECT *, after its prologue; anything less plain keeps the engine's order.
STAR = re.compile(
    r"(?:\s|#[^\n]*(?:\n|\Z)|(?:PREFIX\s+[^\s:<]*:|BASE)\s*<[^<>]*>)*SELECT(?:\s+(?:DISTINCT|REDUCED))?\s*(\*)", re.I
)
VARIABLE = re.compile(r"[?$](\w+)")
CHARACTER_CLASS = re.compile(r",?\s*\[[^\[\]]*\]")


@dataclass(frozen=True, slots=True)
class Dataset:
    """The RDF dataset of a query (SPARQL 1.1 Protocol section 2.1.4)."""

    default: tuple[str, ...] = ()
    named: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Target:
    """Where a result is written, as what, and of how many triples at most."""

    media_type: str
    output: IO[bytes]
    rows: int | None = None


class Tally:
    """Triples on their way to a serialiser, counted; more than ``limit`` are an error."""

    def __init__(self, limit: int | None) -> None:
        self._limit = limit
        self.rows = 0

    def passing(self, triples: Iterable[Triple]) -> Iterator[Triple]:
        """The same triples."""
        for triple in triples:
            self.rows += 1
            if self._limit is not None and self.rows > self._limit:
                raise too_many_rows(self._limit)
            yield triple


def evaluate(store: Store, text: str, target: Target, dataset: Dataset | None = None) -> tuple[Form, int | None]:
    """Write the result of a query to its target; returns its form and its rows, None for solutions.

    Raises ResultTooLarge for a graph of more triples than the target takes.
    """
    result = run(store, text, dataset)
    plain, output = target.media_type.partition(";")[0].strip(), target.output
    if isinstance(result, QueryTriples):
        graph_format = RdfFormat.from_media_type(plain)
        if graph_format is None:
            raise NotAcceptable(f"a graph cannot be written as {plain}")
        tally = Tally(target.rows)
        prefixes.write(tally.passing(result), output, graph_format, text)
        return Form.GRAPH, tally.rows
    results_format = QueryResultsFormat.from_media_type(plain)
    if results_format is None:
        raise NotAcceptable(f"a SELECT or ASK result cannot be written as {plain}")
    result.serialize(output, results_format)
    return (Form.BOOLEAN, 1) if isinstance(result, QueryBoolean) else (Form.SOLUTIONS, None)


def run(store: Store, text: str, dataset: Dataset | None = None) -> QueryBoolean | QuerySolutions | QueryTriples:
    """Start a query; its result must be used in this thread."""
    text = settled(text)
    result = _run(store, text, dataset)
    ordered = _as_written(text, result) if isinstance(result, QuerySolutions) else None
    return result if ordered is None else _run(store, ordered, dataset)


def _run(store: Store, text: str, dataset: Dataset | None) -> QueryBoolean | QuerySolutions | QueryTriples:
    try:
        if dataset is None:
            return store.query(text)
        return store.query(
            text,
            default_graph=[*_names(dataset.default)],
            named_graphs=[*_names(dataset.named)],
        )
    except SyntaxError as error:
        raise syntax_error(str(error)) from None


def _as_written(text: str, solutions: QuerySolutions) -> str | None:
    """The query with the variables of its SELECT * spelt out as they first appear; None where that is their order.

    The engine sorts them by letter; nothing was evaluated yet, since solutions are computed when they are asked for.
    """
    star = STAR.match(text)
    if star is None:
        return None
    names = [variable.value for variable in solutions.variables]
    seen = {name: place for place, name in enumerate(dict.fromkeys(VARIABLE.findall(text, star.end())))}
    ordered = sorted(names, key=lambda name: seen.get(name, len(seen)))
    if ordered == names:
        return None
    return f"{text[: star.start(1)]} {' '.join(f'?{name}' for name in ordered)} {text[star.end() :]}"


def _names(iris: Sequence[str]) -> list[NamedNode]:
    try:
        return [NamedNode(iri) for iri in iris]
    except ValueError as error:
        raise UsageError(f"a graph of the dataset has no valid IRI: {error}") from None


def syntax_error(text: str) -> QuerySyntaxError:
    """The engine's complaint with line and column as members where it names them (``error at 1:10: ...``)."""
    text = CHARACTER_CLASS.sub("", text)
    place, _, rest = text.removeprefix(POSITION).partition(":")
    column, separator, reason = rest.partition(":")
    if not (text.startswith(POSITION) and separator and place.isdigit() and column.isdigit()):
        return QuerySyntaxError(text)
    if "Prefix not found" in reason:
        reason = " a prefix is used here that the query does not declare"
    return QuerySyntaxError(f"line {place}, column {column}:{reason}", line=int(place), column=int(column))


def too_many_rows(limit: int) -> ResultTooLarge:
    """More solutions or triples than one query may return."""
    return ResultTooLarge(
        f"the result has more than {limit:,} rows", hint="ask for less: a LIMIT or a narrower pattern", limit_rows=limit
    )


def evaluation_error(error: Exception) -> QueryError | StoreDamaged:
    """A query the engine accepted and could not finish, e.g. because a SERVICE could not be reached."""
    if "Corruption" in str(error):
        return StoreDamaged(
            f"the store cannot be read: {str(error)[:300]}", hint="restart the service: it repairs what it can"
        )
    if UNKNOWN_FUNCTION in str(error):
        return QueryUnsupported(str(error)[:500])
    return QueryError(f"the query could not be evaluated: {str(error)[:500]}")
