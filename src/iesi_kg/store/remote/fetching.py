"""Turns a pattern of quads into requests of bounded size, however many quads match it.

What is too much for one answer is asked by graph, then by predicate, then by a digest of the subject: parts that do not
overlap and that need no order, which not every server keeps over several requests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import md5

from pyoxigraph import NamedNode, Quad

from iesi_kg.errors import BackendCut
from iesi_kg.store.base import DEFAULT_GRAPH, GraphName, Solution, Term
from iesi_kg.store.remote.channel import Bounds
from iesi_kg.store.remote.client import Client
from iesi_kg.store.remote.places import Places
from iesi_kg.store.remote.terms import kept

PAGE = 100_000
LARGE = Bounds(seconds=120.0, bytes=256_000_000)
_DIGITS = "0123456789abcdef"
_DEEPEST = 4


@dataclass(frozen=True, slots=True)
class Pattern:
    """What quads are asked for; None matches anything. ``digest`` begins the MD5 of the subject's IRI."""

    subject: Term | None = None
    predicate: NamedNode | None = None
    object: Term | None = None
    graph: GraphName | None = None
    digest: str = ""

    @property
    def is_wide(self) -> bool:
        """Whether it may be so much that counting first is cheaper than asking in vain."""
        return self.subject is None and self.predicate is None and self.object is None

    def open(self) -> tuple[tuple[str, Term | None], ...]:
        """The variables of its query, and what stands in place of each."""
        return (("?s", self.subject), ("?p", self.predicate), ("?o", self.object))

    def holds(self, quad: Quad) -> bool:
        """Whether a quad matches."""
        wanted = (self.subject, self.predicate, self.object, self.graph)
        found = (quad.subject, quad.predicate, quad.object, quad.graph_name)
        if any(term is not None and term != other for term, other in zip(wanted, found, strict=True)):
            return False
        return not self.digest or _digest(quad).startswith(self.digest)

    def where(self, places: Places) -> str:
        """The group of a query for it."""
        text = f"{self.subject or '?s'} {self.predicate or '?p'} {self.object or '?o'}"
        if self.digest:
            text += f' FILTER(STRSTARTS(MD5(STR(?s)), "{self.digest}"))'
        return places.everywhere(text) if self.graph is None else places.block(self.graph, text)

    def quad(self, row: Solution) -> Quad:
        """The quad of a solution."""
        graph = self.graph if self.graph is not None else row.get("g", DEFAULT_GRAPH)
        object_ = row["o"] if self.object is None else self.object
        return Quad(
            self.subject or row["s"],  # type: ignore[arg-type]  # what stands there in a quad of the server
            self.predicate or row["p"],  # type: ignore[arg-type]
            kept(object_),
            graph,  # type: ignore[arg-type]
        )


@dataclass(frozen=True, slots=True)
class Fetcher:
    """Asks one server for quads; ``gone`` are those that were taken away since the version that is read."""

    client: Client
    places: Places
    names: Sequence[str]
    gone: Callable[[], Iterable[Quad]]

    def parts(self, pattern: Pattern) -> Iterator[tuple[Pattern, list[Quad]]]:
        """The quads of a pattern, by parts of it."""
        found = self._page(pattern)
        if found is not None:
            yield pattern, found
            return
        for part in self._split(pattern):
            yield from self.parts(part)

    def _page(self, pattern: Pattern) -> list[Quad] | None:
        """All quads of a pattern; None where they are too many for one answer."""
        if pattern.is_wide and (pattern.graph is None or self.is_over(pattern, PAGE)):
            return None
        text = f"SELECT * {{ {pattern.where(self.places)} }} LIMIT {PAGE + 1}"
        try:
            rows = self.client.select(text, bounds=LARGE)
        except BackendCut:  # it sends fewer rows than that at a time
            if len(pattern.digest) >= _DEEPEST or isinstance(pattern.subject, NamedNode):
                raise
            return None
        if len(rows) > PAGE and len(pattern.digest) < _DEEPEST and pattern.subject is None:
            return None
        if len(rows) > PAGE:  # one subject: as many as there are
            rows = self.client.select(text.rpartition(" LIMIT")[0], bounds=LARGE)
        return [*dict.fromkeys(pattern.quad(row) for row in rows)]

    def is_over(self, pattern: Pattern, most: int) -> bool:
        """Whether more quads than this match."""
        names = " ".join(name for name, term in pattern.open() if term is None)
        inner = f"SELECT {names} {{ {pattern.where(self.places)} }} LIMIT {most + 1}"
        rows = self.client.select(f"SELECT (COUNT({names[:2]}) AS ?n) {{ {inner} }}", bounds=LARGE)
        return int(getattr(rows[0]["n"], "value", 0)) > most

    def _split(self, pattern: Pattern) -> Iterator[Pattern]:
        if pattern.graph is None:
            graphs: list[GraphName] = [DEFAULT_GRAPH, *map(NamedNode, self.names)]
            for graph in graphs:
                yield replace(pattern, graph=graph)
        elif pattern.predicate is None:
            rows = self.client.select(f"SELECT DISTINCT ?p {{ {pattern.where(self.places)} }}", bounds=LARGE)
            gone = {quad.predicate for quad in self.gone() if pattern.holds(quad)}
            for predicate in sorted({row["p"] for row in rows} | gone, key=str):
                yield replace(pattern, predicate=predicate)  # type: ignore[arg-type]  # as in a quad
        else:
            for digit in _DIGITS:
                yield replace(pattern, digest=pattern.digest + digit)


def _digest(quad: Quad) -> str:
    subject = quad.subject
    return md5(subject.value.encode(), usedforsecurity=False).hexdigest() if isinstance(subject, NamedNode) else ""
