"""Turns the SPARQL service of another product into the Reader contract: each answer is of one version, or an error.

A server keeps one state only. So the record of the version is looked at after each answer: where a change came in
between, quads are taken back to what they were from the diary, and any other answer is refused, for it may be of both.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from pyoxigraph import (
    Literal,
    NamedNode,
    Quad,
    QueryResultsFormat,
    RdfFormat,
    Triple,
    parse_query_results,
    serialize,
)

from iesi_kg.errors import NotAcceptable, QuerySyntaxError, UsageError, VersionPassed
from iesi_kg.records import Answer, Form
from iesi_kg.store.base import GraphName, Solution, Term
from iesi_kg.store.remote import standing, wording
from iesi_kg.store.remote.channel import SOLUTIONS, Dataset
from iesi_kg.store.remote.client import Client
from iesi_kg.store.remote.diary import Diary
from iesi_kg.store.remote.fetching import LARGE, Fetcher, Pattern
from iesi_kg.store.remote.places import Places
from iesi_kg.store.remote.standing import Standing
from iesi_kg.store.remote.terms import kept, kept_solution, kept_table

_KEPT_QUADS = 200_000
_WIDE = 2_000  # quads that point at one thing, beyond which each question is asked by itself


class View:
    """One version on a server, shared by readers, with what they have asked about things already."""

    def __init__(self, client: Client, places: Places, diary: Diary, now: Standing) -> None:
        self.client, self.places, self.diary, self.now = client, places, diary, now
        self.settled = False  # true while a writer holds the lock: nobody else changes anything
        self.fetcher = Fetcher(client, places)
        self._names: list[str] | None = None
        self._known: OrderedDict[Pattern, tuple[Quad, ...] | None] = OrderedDict()
        self._size = 0
        self._guard = threading.Lock()

    def names(self) -> Sequence[str]:
        """The named graphs of the store."""
        if self._names is None:
            self._names = [graph.value for graph in standing.named(self.client, self.places)]
        return self._names

    def moved(self) -> dict[Quad, bool] | None:
        """Which quads stood at this version, of those that were touched since; None where that is not known here."""
        if self.settled:
            return {}
        found = standing.read(self.client, self.places)
        if found == self.now:
            return {}
        touched: dict[Quad, bool] = {}
        last = self.now.change
        for entry in self.diary.since(self.now):
            touched = dict.fromkeys(entry.change.add, False) | dict.fromkeys(entry.change.remove, True) | touched
            last = entry.after.change
        known = found is not None and last in (found.change, found.pending)
        return touched if known and found and (not found.pending or last == found.pending) else None

    def remembered(self, pattern: Pattern) -> tuple[bool, tuple[Quad, ...] | None]:
        """Whether a pattern was asked before, and its quads, None where they are too many to keep."""
        with self._guard:
            if pattern not in self._known:
                return False, None
            self._known.move_to_end(pattern)
            return True, self._known[pattern]

    def remember(self, pattern: Pattern, quads: tuple[Quad, ...] | None) -> None:
        """Keep the quads of a pattern, and forget those that were asked for longest ago."""
        with self._guard:
            self._known[pattern] = quads
            self._size += 1 + len(quads or ())
            while self._size > _KEPT_QUADS:
                _, old = self._known.popitem(last=False)
                self._size -= 1 + len(old or ())


class RemoteReader:
    """A view of one version of a store on a server."""

    def __init__(self, view: View, store: object = None) -> None:
        self._view = view
        self._store = store  # lives as long as its readers: with it the connections end

    def graphs(self) -> list[NamedNode]:
        """The named graphs of the store."""
        return [NamedNode(name) for name in self._view.names()]

    @property
    def version(self) -> int:
        return self._view.now.number

    def quads(
        self,
        subject: NamedNode | None = None,
        predicate: NamedNode | None = None,
        object: Term | None = None,
        graph: GraphName | None = None,
    ) -> Iterator[Quad]:
        """Quads that match; None matches anything."""
        pattern = Pattern(subject, predicate, object if object is None else kept(object), graph)
        near = self._near(pattern)
        if near is not None:
            yield from (quad for quad in near if pattern.holds(quad))
            return
        for part, found in self._view.fetcher.parts(pattern):
            yield from self._as_it_was(part, found)

    def select(self, query: str, bindings: Mapping[str, NamedNode | Literal] | None = None) -> list[Solution]:
        """Solutions of a SELECT query; unbound variables are absent."""
        if wording.form(query) is not Form.SOLUTIONS:
            raise UsageError("select() takes a SELECT query")
        text, dataset = self._asked(query, bindings)
        rows = self._view.client.select(text, dataset, LARGE)
        self._refuse_moved()
        return [kept_solution(row) for row in rows]

    def construct(self, query: str, bindings: Mapping[str, NamedNode | Literal] | None = None) -> list[Triple]:
        """Triples of a CONSTRUCT or DESCRIBE query, without duplicates."""
        if wording.form(query) is not Form.GRAPH:
            raise UsageError("construct() takes a CONSTRUCT or DESCRIBE query")
        return self._triples(*self._asked(query, bindings))

    def answer(
        self,
        query: str,
        media_type: str,
        *,
        default_graphs: Iterable[str] = (),
        named_graphs: Iterable[str] = (),
    ) -> Answer:
        """The serialised result of any query."""
        form = wording.form(query)
        if form is None:
            raise QuerySyntaxError("the query has no SELECT, ASK, CONSTRUCT or DESCRIBE")
        text, dataset = self._asked(query, None, tuple(default_graphs), tuple(named_graphs))
        plain = media_type.partition(";")[0].strip().lower()
        if form is Form.GRAPH:
            graph_format = RdfFormat.from_media_type(plain)
            if graph_format is None:
                raise NotAcceptable(f"a graph cannot be written as {plain}")
            body = serialize(self._triples(text, dataset), format=graph_format) or b""
            return Answer(form, media_type, body, self.version)
        results_format = QueryResultsFormat.from_media_type(plain)
        if results_format is None:
            raise NotAcceptable(f"a SELECT or ASK result cannot be written as {plain}")
        result = parse_query_results(self._table(form, text, dataset), QueryResultsFormat.JSON)
        body = result.serialize(format=results_format) or b""
        return Answer(form, media_type, body, self.version)

    def _near(self, pattern: Pattern) -> tuple[Quad, ...] | None:
        """Everything about the subject, or all that points at the object: whoever asks for one asks for more."""
        if isinstance(pattern.subject, NamedNode):
            return self._remembered(Pattern(subject=pattern.subject))
        if isinstance(pattern.object, NamedNode):
            return self._remembered(Pattern(object=pattern.object), _WIDE)
        return None

    def _remembered(self, pattern: Pattern, most: int | None = None) -> tuple[Quad, ...] | None:
        known, quads = self._view.remembered(pattern)
        if known:
            return quads
        if most is not None and self._is_wide(pattern, most):
            self._view.remember(pattern, None)
            return None
        found = tuple(quad for part, rows in self._view.fetcher.parts(pattern) for quad in self._as_it_was(part, rows))
        self._view.remember(pattern, found)
        return found

    def _is_wide(self, pattern: Pattern, most: int) -> bool:
        where = pattern.where(self._view.places)
        rows = self._view.client.select(f"SELECT (COUNT(?p) AS ?n) {{ SELECT ?p {{ {where} }} LIMIT {most + 1} }}")
        return int(getattr(rows[0]["n"], "value", 0)) > most

    def _as_it_was(self, part: Pattern, found: list[Quad]) -> Iterable[Quad]:
        touched = self._view.moved()
        if touched is None:
            raise self._passed()
        if not touched:
            return found
        seen = set(found)
        back = [quad for quad, stood in touched.items() if stood and part.holds(quad) and quad not in seen]
        return [quad for quad in found if touched.get(quad, True)] + back

    def _asked(
        self,
        query: str,
        bindings: Mapping[str, NamedNode | Literal] | None,
        default: Sequence[str] = (),
        named: Sequence[str] = (),
    ) -> tuple[str, Dataset]:
        places = self._view.places
        return wording.worded(query, places, bindings), wording.dataset(query, places, self._view.names, default, named)

    def _triples(self, text: str, dataset: Dataset) -> list[Triple]:
        found = self._view.client.construct(text, dataset, LARGE)
        self._refuse_moved()
        return [*dict.fromkeys(Triple(t.subject, t.predicate, kept(t.object)) for t in found)]

    def _table(self, form: Form, text: str, dataset: Dataset) -> bytes:
        """A result in JSON, its literals as a store in a folder keeps them."""
        client = self._view.client
        if form is Form.BOOLEAN:
            truth = client.ask(text, dataset, LARGE)
            self._refuse_moved()
            return json.dumps({"head": {}, "boolean": truth}).encode()
        reply = client.query(text, (SOLUTIONS,), dataset, LARGE)
        self._refuse_moved()
        return kept_table(client.where, reply)

    def _refuse_moved(self) -> None:
        view = self._view
        if not view.settled and standing.read(view.client, view.places) != view.now:
            raise self._passed()

    def _passed(self) -> VersionPassed:
        return VersionPassed(f"version {self.version} was replaced while it was read", version=self.version)
