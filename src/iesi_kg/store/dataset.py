"""Turns the dataset of a query into one the engine counts rightly: several default graphs become one merged copy.

The engine reads ``FROM <a> FROM <b>`` as a bag and counts a triple of both graphs twice; SPARQL 1.1 Query section 13.2
asks for the RDF merge. Copies are kept per version, since a version never changes.
"""

from __future__ import annotations

import itertools
import os
import re
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from urllib.parse import urljoin

from pyoxigraph import DefaultGraph, NamedNode, QueryBoolean, RdfFormat, Store

from iesi_kg.errors import QueryRefused, QuerySyntaxError
from iesi_kg.records import Form
from iesi_kg.store.amending import AMENDMENT, Amendment, amend, follow
from iesi_kg.store.evaluation import Dataset, Target, evaluate, run
from iesi_kg.store.lexis import tokens
from iesi_kg.store.mending import mended
from iesi_kg.store.settling import IRI, settled, unescaped
from iesi_kg.store.trial import try_on_copy
from iesi_kg.store.versions import Checkpoint

MERGED_KEPT = 4
_WORTH_APART = 0.8  # of all quads
GAP = r"(?:\s|\#[^\n\r]*)*"
PREFIX = r"(?:[^\W\d_][\w.\-]*)?:"
LOCAL = r"(?:[\w.\-:]|%[0-9A-Fa-f]{2}|\\.)*"
TOKEN = re.compile(
    rf"""\#[^\n\r]* | <{IRI}> | [?$]\w+
    | \"\"\"(?:\\.|[^\\])*?\"\"\" | '''(?:\\.|[^\\])*?''' | "(?:\\.|[^"\\\n\r])*" | '(?:\\.|[^'\\\n\r])*'
    | BASE{GAP}<(?P<base>{IRI})>
    | PREFIX{GAP}(?P<prefix>{PREFIX}){GAP}<(?P<namespace>{IRI})>
    | (?P<clause>FROM){GAP}(?P<named>NAMED{GAP})?(?:<(?P<iri>{IRI})>|(?P<short>{PREFIX})(?P<local>{LOCAL}))
    | {PREFIX}{LOCAL} | \w+ | .""",
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)


class Evaluator:
    """Evaluates queries on one version, with the merged copies that its datasets need.

    ``published`` holds the default graph alone: the engine in memory keeps one list of quads for each subject,
    predicate and object, in which those of other graphs are read over one by one.
    """

    def __init__(self, store: Store, published: Store | None = None) -> None:
        self.store = store
        self._published = published
        self._merged: OrderedDict[Dataset, Store] = OrderedDict()
        self._lock = threading.Lock()
        self.lease: object = None
        self.confined = True  # else no SERVICE may reach the engine, which would open a connection

    def write(
        self, text: str, target: Target, default: tuple[str, ...] = (), named: tuple[str, ...] = ()
    ) -> tuple[Form, int | None]:
        """Write the result of a query to its target; the protocol's graphs win over the query's own FROM.

        Returns its form and its rows, None for solutions; a graph of more triples than the target takes is an error.
        A job of ``store.amending`` is answered by its outcome.
        """
        if target.media_type == AMENDMENT:
            return self._amend(text, target, default[0])
        text = settled(text)
        if not self.confined and any(token.word == "SERVICE" for token in tokens(text)):
            raise QueryRefused("SERVICE is not answered here", keyword="SERVICE")
        store, dataset = self._choose(text, default, named)
        for form in self._forms(text, store, dataset):
            with suppress(QuerySyntaxError):
                return evaluate(store, form, target, dataset)
        return evaluate(store, text, target, dataset)

    def _amend(self, text: str, target: Target, facts: str) -> tuple[Form, int | None]:
        wanted = Amendment.of(text, facts)
        if isinstance(self.lease, Checkpoint) and wanted.verb != "get":
            amended = try_on_copy(self.lease.version.path, lambda copy: amend(copy, wanted))
        else:
            amended = amend(self.store, wanted)
        amended.write(target.output)
        return Form.GRAPH, 0

    def follow(self, text: str) -> None:
        """Go on to the next version by the change in a job of ``store.amending``."""
        follow(self.store, text, self._published)
        self._merged.clear()

    def count(self, text: str, limit: int, default: tuple[str, ...] = (), named: tuple[str, ...] = ()) -> int:
        """Rows of a query, counted no further than one beyond ``limit``."""
        text = settled(text)
        store, dataset = self._choose(text, default, named)
        result = run(store, text, dataset)
        if isinstance(result, QueryBoolean):
            return 1
        return sum(1 for _ in itertools.islice(result, limit + 1))

    def _forms(self, text: str, store: Store, dataset: Dataset | None) -> Iterator[str]:
        """The query as the engine needs it to answer by the standard, where that is another one."""

        def named() -> Sequence[str] | None:
            if dataset is not None:
                return dataset.named
            graphs = _clauses(text)[1]
            return None if graphs is None else tuple(graphs)

        mended_text = mended(text, store, named)
        if mended_text != text:
            yield mended_text

    def _choose(self, text: str, default: tuple[str, ...], named: tuple[str, ...]) -> tuple[Store, Dataset | None]:
        dataset = Dataset(default, named) if default or named else from_clauses(text)
        if dataset is None:
            return self._published if self._published is not None and not names_graphs(text) else self.store, None
        if len(set(dataset.default)) < 2:
            return self.store, dataset
        return self._merge(dataset), Dataset(MERGED, dataset.named)

    def _merge(self, dataset: Dataset) -> Store:
        key = Dataset(tuple(sorted(set(dataset.default))), tuple(sorted(set(dataset.named))))
        with self._lock:
            store = self._merged.pop(key, None) or merged_copy(self.store, key)
            self._merged[key] = store
            if len(self._merged) > MERGED_KEPT:
                self._merged.popitem(last=False)
        return store


MERGED = ("urn:x-iesi-kg:merged",)


def merged_copy(store: Store, dataset: Dataset) -> Store:
    """A store in memory whose one graph ``MERGED`` is the merge of the default graphs, beside the named ones."""
    copy = Store()
    for iri in dataset.default:
        _copy_graph(store, NamedNode(iri), copy, NamedNode(MERGED[0]))
    for iri in dataset.named:
        _copy_graph(store, NamedNode(iri), copy, NamedNode(iri))
    return copy


def _copy_graph(source: Store, graph: NamedNode, target: Store, name: NamedNode) -> None:
    text = source.dump(None, RdfFormat.N_TRIPLES, from_graph=graph)
    target.bulk_load(text or b"", RdfFormat.N_TRIPLES, to_graph=name, lenient=True)


def names_graphs(text: str) -> bool:
    """Whether a settled query may look beyond the default graph: for that it needs GRAPH or FROM.

    >>> names_graphs("SELECT * { ?s ?p ?o }"), names_graphs("ASK { graph ?g { ?s ?p ?o } }")
    (False, True)
    """
    low = text.lower()
    return "graph" in low or "from" in low


def copy_to_memory(source: Store, *, blank_nodes: bool = False, whole: bool = True) -> Store:
    """All quads and named graphs of a store, or its default graph alone, in memory.

    With ``blank_nodes`` these keep their names, at some cost.
    """
    target = Store()
    if not blank_nodes:
        _pour(source, target, None if whole else DefaultGraph())
    elif whole:
        target.bulk_extend(source)
    else:
        target.bulk_extend(source.quads_for_pattern(None, None, None, DefaultGraph()))
    if whole:
        for graph in source.named_graphs():
            target.add_graph(graph)
    return target


def copy_of_default(whole: Store) -> Store | None:
    """The default graph of a store alone, in memory; None where that would leave out too little to be worth it."""
    if next(iter(whole.named_graphs()), None) is None:
        return None
    target = copy_to_memory(whole, blank_nodes=True, whole=False)
    return target if len(target) <= _WORTH_APART * len(whole) else None


def _pour(source: Store, target: Store, graph: DefaultGraph | None) -> None:
    """Copy through a pipe, so that the text never stands whole beside the copy."""
    reading, writing = os.pipe()
    failures: list[Exception] = []

    def pour() -> None:
        try:
            with os.fdopen(writing, "wb") as sink:
                source.dump(sink, RdfFormat.N_QUADS if graph is None else RdfFormat.N_TRIPLES, from_graph=graph)
        except (OSError, RuntimeError, ValueError) as error:
            failures.append(error)

    thread = threading.Thread(target=pour, name="copy to memory")
    thread.start()
    with os.fdopen(reading, "rb") as stream:
        target.bulk_load(stream, RdfFormat.N_QUADS, lenient=True)
    thread.join()
    if failures:
        raise failures[0]


def from_clauses(text: str) -> Dataset | None:
    """The dataset a query names itself, None when it names none or the engine's own reading of it is right.

    >>> from_clauses("SELECT * FROM <urn:a> FROM NAMED <urn:b> FROM <urn:c> { ?from ?p 'FROM <urn:d>' }")
    Dataset(default=('urn:a', 'urn:c'), named=('urn:b',))
    >>> from_clauses("SELECT * FROM <urn:a> {}") is None
    True
    """
    if text.lower().count("from") < 2:
        return None
    default, named = _clauses(text)
    return Dataset(tuple(default), tuple(named or ())) if len(default) > 1 else None


def apart(text: str) -> tuple[str, Dataset | None]:
    """A query without its dataset clauses, and the dataset that they named; None where it has none.

    >>> apart("SELECT * FROM <urn:a> { ?s ?p ?o }")
    ('SELECT *  { ?s ?p ?o }', Dataset(default=('urn:a',), named=()))
    """
    default, named = _clauses(text)
    if named is None:
        return text, None
    for token in reversed([token for token in TOKEN.finditer(text) if token["clause"]]):
        text = text[: token.start()] + text[token.end() :]
    return text, Dataset(tuple(default), tuple(named))


def _clauses(text: str) -> tuple[dict[str, None], dict[str, None] | None]:
    """The graphs of FROM and of FROM NAMED, in order; no named ones where there is no such clause at all."""
    default: dict[str, None] = {}
    named: dict[str, None] = {}
    prefixes: dict[str, str] = {}
    base = ""
    for token in TOKEN.finditer(text):
        if token["base"] is not None:
            base = urljoin(base, unescaped(token["base"]))
        if token["prefix"]:
            prefixes[token["prefix"]] = urljoin(base, unescaped(token["namespace"]))
        if token["clause"]:
            (named if token["named"] else default)[_graph(token, base, prefixes)] = None
    return default, named if default or named else None


def _graph(token: re.Match[str], base: str, prefixes: dict[str, str]) -> str:
    if token["iri"] is not None:
        return urljoin(base, unescaped(str(token["iri"])))
    return prefixes.get(token["short"], "") + re.sub(r"\\(.)", r"\1", token["local"])
