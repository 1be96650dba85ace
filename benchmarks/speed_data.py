"""The data of the speed table: what the package brings, and a million and ten million statements of copies of it.

Files are made once and kept in a folder, so that the table can be measured piece by piece.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from pyoxigraph import DefaultGraph, NamedNode, Quad, RdfFormat, serialize

from benchmarks import copies
from benchmarks.graph import INITIATIVE, RDF_TYPE
from iesi_kg.publication.bundled import load_bundled
from iesi_kg.store.base import DEFAULT_GRAPH, GraphName
from iesi_kg.store.embedded import EmbeddedStore

AT = datetime(2026, 11, 20, tzinfo=UTC)
INITIATIVES = {"tiny": 30, "real": 0, "1m": 7_560, "10m": 76_500}  # of about 131 statements each
MOST_IRIS = 10_000
_CHUNK = 50_000


@dataclass(frozen=True, slots=True)
class Data:
    """One size: all statements as N-Quads, those of each graph as N-Triples, and the IRIs of its initiatives."""

    size: str
    folder: Path
    statements: int
    graphs: dict[str, int]

    @property
    def quads(self) -> Path:
        return self.folder / "data.nq"

    @property
    def iris(self) -> Path:
        return self.folder / "initiatives.txt"

    def of_graph(self, name: str) -> Path:
        """The N-Triples of a graph; the empty name is the default graph."""
        return self.folder / f"graph-{list(self.graphs).index(name)}.nt"

    def query(self, text: str) -> str:
        """A query that names records, as it names them here."""
        return text if self.size == "real" else copies.query(text)

    def first_iri(self) -> str:
        with self.iris.open(encoding="utf-8") as lines:
            return next(lines).strip()


def data(size: str, folder: Path) -> Data:
    """The files of a size, made where they are missing."""
    place = folder / size
    facts = place / "facts.json"
    if not facts.exists():
        place.mkdir(parents=True, exist_ok=True)
        made = _write(_quads(size, folder), place)
        facts.write_text(json.dumps(made) + "\n", encoding="utf-8")
    graphs = json.loads(facts.read_text(encoding="utf-8"))
    return Data(size, place, sum(graphs.values()), graphs)


def bundle(folder: Path) -> Path:
    """The store that a first start of the service makes."""
    path = folder / "bundle"
    if not path.is_dir():
        draft = folder / "bundle-draft"
        store = EmbeddedStore.open(draft, create=True)
        load_bundled(store, at=AT)
        store.close()
        draft.rename(path)
    return path


def graph(name: str) -> GraphName:
    """A graph by its name, the empty one for the default graph."""
    return NamedNode(name) if name else DEFAULT_GRAPH


def _quads(size: str, folder: Path) -> Iterator[Quad]:
    reader = EmbeddedStore(bundle(folder)).reader()
    return copies.quads(reader, INITIATIVES[size]) if INITIATIVES[size] else reader.quads()


def _write(quads: Iterator[Quad], place: Path) -> dict[str, int]:
    graphs: dict[str, int] = {}
    iris: dict[str, None] = {}
    with ExitStack() as stack:
        every = stack.enter_context((place / "data.nq").open("wb"))
        files = {}
        while chunk := list(islice(quads, _CHUNK)):
            every.write(serialize(chunk, format=RdfFormat.N_QUADS) or b"")
            parted: dict[str, list[Quad]] = {}
            for quad in chunk:
                name = "" if isinstance(quad.graph_name, DefaultGraph) else str(getattr(quad.graph_name, "value", ""))
                parted.setdefault(name, []).append(quad)
            for name, part in parted.items():
                if name not in files:
                    graphs[name] = 0
                    files[name] = stack.enter_context((place / f"graph-{len(graphs) - 1}.nt").open("wb"))
                files[name].write(serialize([quad.triple for quad in part], format=RdfFormat.N_TRIPLES) or b"")
                graphs[name] += len(part)
            iris.update((subject, None) for subject in _initiatives(parted.get("", [])))
    names = list(iris)[:: max(1, len(iris) // MOST_IRIS)][:MOST_IRIS]
    (place / "initiatives.txt").write_text("\n".join(names) + "\n", encoding="utf-8")
    return graphs


def _initiatives(quads: list[Quad]) -> Iterator[str]:
    for quad in quads:
        if quad.predicate == RDF_TYPE and quad.object == INITIATIVE and isinstance(quad.subject, NamedNode):
            yield quad.subject.value
