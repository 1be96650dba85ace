"""Decides whether two graphs, or two tables of results, are the same but for the names of their blank nodes.

Graphs: https://www.w3.org/TR/rdf11-concepts/#graph-isomorphism ; a table becomes a graph in which each row is a node.
Literals of one datatype are the same when their values are: neither SPARQL nor the suite prescribes how a number that
was computed is written (1.0 or 1.00, 2.0E3 or 2000). CSV tells no datatype, so there the text must agree.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from pyoxigraph import (
    BlankNode,
    CanonicalizationAlgorithm,
    Dataset,
    DefaultGraph,
    Literal,
    NamedNode,
    Quad,
    QueryBoolean,
    QueryResultsFormat,
    QuerySolutions,
    RdfFormat,
    parse,
    parse_query_results,
)

RS = "http://www.w3.org/2001/sw/DataAccess/tests/result-set#"
XSD = "http://www.w3.org/2001/XMLSchema#"
EXACT = frozenset(
    ("integer", "decimal", "int", "long", "short", "byte", "nonNegativeInteger", "positiveInteger", "unsignedInt")
)
EXACT_FORM = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)")
FLOAT_FORM = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|[+-]?INF|NaN")
RDF_TYPE = NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
Term = NamedNode | BlankNode | Literal

RESULTS = {
    ".srx": QueryResultsFormat.XML,
    ".srj": QueryResultsFormat.JSON,
    ".tsv": QueryResultsFormat.TSV,
}
GRAPHS = {".ttl": RdfFormat.TURTLE, ".rdf": RdfFormat.RDF_XML, ".nt": RdfFormat.N_TRIPLES}


@dataclass(frozen=True)
class Table:
    """A result of SELECT: its variables and its rows; an absent value is None."""

    variables: tuple[str, ...]
    rows: tuple[tuple[Term | None, ...], ...]


def same_graph(left: Iterable[Quad], right: Iterable[Quad]) -> bool:
    """Whether two datasets are isomorphic."""
    return _canonical(left) == _canonical(right)


def same_table(left: Table, right: Table) -> bool:
    """Whether two tables have the same variables and, in any order, as often the same rows."""
    if set(left.variables) != set(right.variables) or len(left.rows) != len(right.rows):
        return False
    return same_graph(_as_graph(left), _as_graph(right))


def same_csv(left: bytes, right: bytes) -> bool:
    """Whether two CSV results are the same table: CSV tells neither types nor, but by ``_:``, kinds of terms."""
    return same_table(_csv_table(left), _csv_table(right))


def read_results(content: bytes, suffix: str) -> Table | bool:
    """A serialised result of SELECT or ASK."""
    results = parse_query_results(content, RESULTS[suffix])
    if isinstance(results, QueryBoolean):
        return bool(results)
    assert isinstance(results, QuerySolutions)
    variables = tuple(variable.value for variable in results.variables)
    return Table(variables, tuple(tuple(solution) for solution in results))


def result_set(quads: Sequence[Quad]) -> Table | bool | None:
    """A result written as an RDF graph of the test vocabulary; None when the graph is something else."""
    graph: dict[object, list[tuple[str, Term]]] = {}
    for quad in quads:
        graph.setdefault(quad.subject, []).append((quad.predicate.value.removeprefix(RS), quad.object))
    for facts in graph.values():
        if (RDF_TYPE.value, NamedNode(RS + "ResultSet")) not in facts:
            continue
        for name, value in facts:
            if name == "boolean" and isinstance(value, Literal):
                return value.value == "true"
        variables = tuple(value.value for name, value in facts if name == "resultVariable")
        rows = [graph.get(value, []) for name, value in facts if name == "solution"]
        return Table(variables, tuple(_row(row, graph, variables) for row in rows))
    return None


def _row(
    facts: Sequence[tuple[str, Term]], graph: dict[object, list[tuple[str, Term]]], variables: tuple[str, ...]
) -> tuple[Term | None, ...]:
    bindings = [dict(graph[value]) for name, value in facts if name == "binding"]
    values = {binding["variable"].value: binding["value"] for binding in bindings}
    return tuple(values.get(variable) for variable in variables)


def _canonical(quads: Iterable[Quad]) -> set[Quad]:
    dataset = Dataset(Quad(q.subject, q.predicate, _by_value(q.object), q.graph_name) for q in quads)
    dataset.canonicalize(CanonicalizationAlgorithm.UNSTABLE)
    return set(dataset)


def _by_value(term: Term) -> Term:
    """A number or a moment written in the one way that stands for its value; anything else as it is."""
    if not isinstance(term, Literal) or not term.datatype.value.startswith(XSD):
        return term
    kind, text = term.datatype.value.removeprefix(XSD), term.value
    if kind in EXACT and EXACT_FORM.fullmatch(text):
        number = Decimal(text)
        return Literal(f"{number.normalize() if number else Decimal(0):f}", datatype=term.datatype)
    if kind in ("double", "float") and FLOAT_FORM.fullmatch(text):
        number = float(text)
        return Literal("NaN" if math.isnan(number) else repr(number), datatype=term.datatype)
    if kind == "boolean" and text in ("0", "1"):
        return Literal("true" if text == "1" else "false", datatype=term.datatype)
    if kind == "dateTime":
        return Literal(re.sub(r"[+-]00:00\Z", "Z", re.sub(r"(\.\d*?)0+(?=\D|\Z)", r"\1", text)), datatype=term.datatype)
    return term


def _as_graph(table: Table) -> list[Quad]:
    quads = []
    for number, row in enumerate(table.rows):
        node = BlankNode(f"row{number}x")
        quads.append(Quad(node, RDF_TYPE, NamedNode(RS + "ResultSolution"), DefaultGraph()))
        for variable, value in zip(table.variables, row, strict=True):
            if value is not None:
                quads.append(Quad(node, NamedNode(RS + variable), value, DefaultGraph()))
    return quads


def _csv_table(content: bytes) -> Table:
    rows = list(csv.reader(io.StringIO(content.decode("utf-8"), newline="")))
    return Table(tuple(rows[0]), tuple(tuple(_csv_term(cell) for cell in row) for row in rows[1:]))


def _csv_term(cell: str) -> Term | None:
    if not cell:
        return None
    return BlankNode("c" + cell.removeprefix("_:")) if cell.startswith("_:") else Literal(cell)


def read_graph(content: bytes, syntax: RdfFormat, base: str) -> list[Quad]:
    """The triples of a document, blank nodes under names of their own."""
    return list(parse(content, syntax, base_iri=base, rename_blank_nodes=True))
