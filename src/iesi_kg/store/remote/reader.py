"""Turns the SPARQL service of another product into the Reader contract: each answer is of one version, or an error.

A server keeps one state only. So the record of the version is looked at after each answer: where a change came in
between, quads are taken back to what they were from the diary, and any other answer is refused, for it may be of both.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from pyoxigraph import (
    Literal,
    NamedNode,
    Quad,
    QueryResultsFormat,
    RdfFormat,
    Triple,
    parse_query_results,
)

from iesi_kg.errors import NotAcceptable, QuerySyntaxError, UsageError
from iesi_kg.records import Answer, Form
from iesi_kg.store import prefixes
from iesi_kg.store.base import GraphName, Solution, Term
from iesi_kg.store.remote import wording
from iesi_kg.store.remote.channel import SOLUTIONS, Dataset
from iesi_kg.store.remote.fetching import LARGE, Pattern
from iesi_kg.store.remote.terms import kept, kept_solution, kept_table
from iesi_kg.store.remote.view import View


class RemoteReader:
    """A view of one version of a store on a server."""

    def __init__(self, view: View, store: object = None) -> None:
        self._view = view
        self._store = store  # lives as long as its readers: with it the connections end

    def graphs(self) -> list[NamedNode]:
        """The named graphs of the store."""
        return [NamedNode(name) for name in self._view.names]

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
        yield from self._view.quads(pattern)

    def select(self, query: str, bindings: Mapping[str, NamedNode | Literal] | None = None) -> list[Solution]:
        """Solutions of a SELECT query; unbound variables are absent."""
        if wording.form(query) is not Form.SOLUTIONS:
            raise UsageError("select() takes a SELECT query")
        text, dataset = self._asked(query, bindings)
        rows = self._view.client.select(text, dataset, LARGE)
        self._view.check()
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
            output = io.BytesIO()
            prefixes.write(self._triples(text, dataset), output, graph_format, query)
            return Answer(form, media_type, output.getvalue(), self.version)
        results_format = QueryResultsFormat.from_media_type(plain)
        if results_format is None:
            raise NotAcceptable(f"a SELECT or ASK result cannot be written as {plain}")
        result = parse_query_results(self._table(form, text, dataset), QueryResultsFormat.JSON)
        body = result.serialize(format=results_format) or b""
        return Answer(form, media_type, body, self.version)

    def _asked(
        self,
        query: str,
        bindings: Mapping[str, NamedNode | Literal] | None,
        default: Sequence[str] = (),
        named: Sequence[str] = (),
    ) -> tuple[str, Dataset]:
        places = self._view.places
        scope = wording.dataset(query, places, lambda: self._view.names, default, named)
        return wording.worded(query, places, bindings), scope

    def _triples(self, text: str, dataset: Dataset) -> list[Triple]:
        found = self._view.client.construct(text, dataset, LARGE)
        self._view.check()
        return [*dict.fromkeys(Triple(t.subject, t.predicate, kept(t.object)) for t in found)]

    def _table(self, form: Form, text: str, dataset: Dataset) -> bytes:
        """A result in JSON, its literals as a store in a folder keeps them."""
        client = self._view.client
        if form is Form.BOOLEAN:
            truth = client.ask(text, dataset, LARGE)
            self._view.check()
            return json.dumps({"head": {}, "boolean": truth}).encode()
        reply = client.query(text, (SOLUTIONS,), dataset, LARGE)
        self._view.check()
        return kept_table(client.where, reply)
