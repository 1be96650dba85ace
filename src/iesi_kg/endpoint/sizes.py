"""How many statements each graph of a version has, counted in bounded time: what is too large goes without a number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from iesi_kg.store.base import Reader

MOST = 500_000  # statements of one graph that are counted, and of all of them at once


@dataclass(frozen=True, slots=True)
class Sizes:
    """The statements of the default graph and of each named one that has any; None for more than are counted."""

    merged: int | None
    graphs: Mapping[str, int | None]


def sizes(reader: Reader, most: int = MOST) -> Sizes:
    """Count: all named graphs by one query, or each by itself where together they are too large."""
    inner = f"SELECT ?graph ?s {{ GRAPH ?graph {{ ?s ?p ?o }} }} LIMIT {most + 1}"
    rows = reader.select(f"SELECT ?graph (COUNT(?s) AS ?n) {{ {{ {inner} }} }} GROUP BY ?graph")
    together = {str(getattr(row["graph"], "value", "")): _number(row["n"]) for row in rows if "graph" in row}
    graphs: dict[str, int | None] = {**together}
    if sum(together.values()) > most:
        graphs = {graph.value: _bounded(reader, f"GRAPH {graph} {{ ?s ?p ?o }}", most) for graph in reader.graphs()}
    return Sizes(_bounded(reader, "?s ?p ?o", most), {name: number for name, number in graphs.items() if number != 0})


def _bounded(reader: Reader, pattern: str, most: int) -> int | None:
    (row,) = reader.select(f"SELECT (COUNT(?s) AS ?n) {{ {{ SELECT ?s {{ {pattern} }} LIMIT {most + 1} }} }}")
    number = _number(row["n"])
    return number if number <= most else None


def _number(term: object) -> int:
    return int(getattr(term, "value", 0))
