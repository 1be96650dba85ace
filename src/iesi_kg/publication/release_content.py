"""What is published to the files of a release: canonical N-Quads, Turtle, tables, the answers of the examples.

https://www.w3.org/TR/rdf-canon/#canonical-quads : one quad a line in canonical form, the lines sorted by code point.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from pyoxigraph import DefaultGraph, NamedNode, Quad, RdfFormat, parse, serialize

from iesi_kg import assets
from iesi_kg.analysis.examples import asked
from iesi_kg.endpoint.fingerprint import fingerprint, media
from iesi_kg.endpoint.syntax import Guards, inspect
from iesi_kg.store.base import Reader
from iesi_kg.store.canonical import in_order
from iesi_kg.validation.tables import for_spreadsheets
from iesi_kg.vocabulary import iris
from iesi_kg.vocabulary.namespaces import PREFIXES

TABLES = "queries/releases/tables"
COUNTS = "queries/counts"
_SORTED_AT_ONCE = 1_000_000
_WRITTEN_AT_ONCE = 10_000
_TITLE = re.compile(r"^#\s*title:\s*(.+)$", re.MULTILINE)
_TRUSTED = Guards(1_000_000, 1_000, 100_000)


def published(reader: Reader) -> Iterator[Quad]:
    """The quads that a release holds: the published merge and the graphs of the publication, no loaded database."""
    for quad in reader.quads():
        graph = quad.graph_name
        if isinstance(graph, DefaultGraph) or (isinstance(graph, NamedNode) and _is_ours(graph.value)):
            yield quad


def _is_ours(graph: str) -> bool:
    return not iris.is_workspace(graph) and not iris.is_peer_graph(graph)


def write_quads(quads: Iterable[Quad], target: Path) -> int:
    """Write canonical N-Quads; files larger than memory allows are sorted in parts. Says how many there are."""
    count = 0
    with target.open("wb") as file:
        for line in in_order(_lines(quads), at_once=_SORTED_AT_ONCE):
            file.write(line)
            count += 1
    return count


def _lines(quads: Iterable[Quad]) -> Iterator[bytes]:
    source = iter(quads)
    while chunk := list(itertools.islice(source, _WRITTEN_AT_ONCE)):
        yield from (serialize(chunk, format=RdfFormat.N_QUADS) or b"").splitlines(keepends=True)


def read_quads(path: Path) -> Iterator[Quad]:
    """The quads of a release."""
    yield from parse(path=str(path), format=RdfFormat.N_QUADS)


def write_turtle(quads: Path, target: Path) -> None:
    """The published merge of a release, in the order of its N-Quads."""
    with target.open("wb") as file:
        merge = (quad.triple for quad in read_quads(quads) if isinstance(quad.graph_name, DefaultGraph))
        serialize(merge, file, RdfFormat.TURTLE, prefixes=dict(sorted(PREFIXES.items())))


def tables(reader: Reader) -> Iterator[tuple[str, str, bytes]]:
    """Every table: the name of its file, its title, and the CSV."""
    for path in assets.names(TABLES, ".rq"):
        query = assets.text(path)
        title = _TITLE.search(query)
        name = path.rpartition("/")[2].removesuffix(".rq")
        yield f"{name}.csv", title[1] if title else name, for_spreadsheets(reader.answer(query, "text/csv").body)


def counts(reader: Reader) -> dict[str, int]:
    """What the release holds by each of the counting queries."""
    found = {}
    for path in assets.names(COUNTS, ".rq"):
        (row,) = reader.select(assets.text(path))
        found[path.rpartition("/")[2].removesuffix(".rq")] = int(getattr(row["n"], "value", 0))
    return found


def sizes(quads: Path) -> tuple[int, dict[str, int]]:
    """How many statements the published merge has, and each named graph."""
    merged, graphs = 0, dict[str, int]()
    for quad in read_quads(quads):
        if isinstance(quad.graph_name, NamedNode):
            graphs[quad.graph_name.value] = graphs.get(quad.graph_name.value, 0) + 1
        else:
            merged += 1
    return merged, dict(sorted(graphs.items()))


def answers(reader: Reader) -> dict[str, Mapping[str, object]]:
    """The answers of example queries and competency questions, row by row in canonical order, by name."""
    found: dict[str, Mapping[str, object]] = {}
    for example in asked():
        form = inspect(example.query, _TRUSTED).form
        canonical = fingerprint(reader.answer(example.query, media(form).name))
        found[example.slug] = {
            "title": example.title,
            "sha256": canonical.sha256,
            "head": canonical.head,
            "rows": list(canonical.lines),
        }
    return found
