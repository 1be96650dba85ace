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
from typing import IO
from urllib.parse import urljoin

from pyoxigraph import NamedNode, QueryBoolean, RdfFormat, Store

from iesi_kg.records import Form
from iesi_kg.store.evaluation import Dataset, evaluate, run

MERGED_KEPT = 4
TOKEN = re.compile(
    r"""\#[^\n\r]*                                       # comment
    | <(?P<iri>[^<>"{}|^`\\\x00-\x20]*)>
    | \"\"\"(?:\\.|[^\\])*?\"\"\" | '''(?:\\.|[^\\])*?''' | "(?:\\.|[^"\\\n\r])*" | '(?:\\.|[^'\\\n\r])*'
    | [?$]\w+
    | (?P<pname>[^\W\d_]?[\w.\-]*:(?:[\w.\-:]|%[0-9A-Fa-f]{2}|\\.)*)
    | (?P<word>\w+)
    | .""",
    re.VERBOSE | re.DOTALL,
)


class Evaluator:
    """Evaluates queries on one version, with the merged copies that its datasets need."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._merged: OrderedDict[Dataset, Store] = OrderedDict()
        self._lock = threading.Lock()
        self.lease: object = None

    def write(
        self, text: str, media_type: str, output: IO[bytes], default: tuple[str, ...] = (), named: tuple[str, ...] = ()
    ) -> Form:
        """Write the result of a query to ``output``; the protocol's graphs win over the query's own FROM."""
        store, dataset = self._choose(text, default, named)
        return evaluate(store, text, media_type, output, dataset)

    def count(self, text: str, limit: int, default: tuple[str, ...] = (), named: tuple[str, ...] = ()) -> int:
        """Rows of a query, counted no further than one beyond ``limit``."""
        store, dataset = self._choose(text, default, named)
        result = run(store, text, dataset)
        if isinstance(result, QueryBoolean):
            return 1
        return sum(1 for _ in itertools.islice(result, limit + 1))

    def _choose(self, text: str, default: tuple[str, ...], named: tuple[str, ...]) -> tuple[Store, Dataset | None]:
        dataset = Dataset(default, named) if default or named else from_clauses(text)
        if dataset is None or len(set(dataset.default)) < 2:
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


def copy_to_memory(source: Store) -> Store:
    """All quads of a store, in memory; streamed through a pipe, so that the text never stands whole beside the copy."""
    target = Store()
    reading, writing = os.pipe()

    failures: list[Exception] = []

    def pour() -> None:
        try:
            with os.fdopen(writing, "wb") as sink:
                source.dump(sink, RdfFormat.N_QUADS)
        except (OSError, RuntimeError, ValueError) as error:
            failures.append(error)

    thread = threading.Thread(target=pour, name="copy to memory")
    thread.start()
    with os.fdopen(reading, "rb") as stream:
        target.bulk_load(stream, RdfFormat.N_QUADS, lenient=True)
    thread.join()
    if failures:
        raise failures[0]
    return target


def from_clauses(text: str) -> Dataset | None:
    """The dataset a query names itself, None when it names none or the engine's own reading of it is right.

    >>> from_clauses("SELECT * FROM <urn:a> FROM NAMED <urn:b> FROM <urn:c> { ?from ?p 'FROM <urn:d>' }")
    Dataset(default=('urn:a', 'urn:c'), named=('urn:b',))
    >>> from_clauses("SELECT * FROM <urn:a> {}") is None
    True
    """
    if text.lower().count("from") < 2:
        return None
    graphs: dict[bool, list[str]] = {False: [], True: []}
    prefixes: dict[str, str] = {}
    base, expecting, named, declaring = "", False, False, ""
    for token in TOKEN.finditer(text):
        word, iri, pname = (token[name] for name in ("word", "iri", "pname"))
        if word:
            keyword = word.upper()
            expecting = keyword == "FROM" or (expecting and keyword == "NAMED")
            named = expecting and keyword == "NAMED"
            declaring = "base" if keyword == "BASE" else ""
        elif pname is not None:
            if expecting:
                graphs[named].append(_expand(pname, prefixes))
            declaring = "" if expecting else pname
            expecting = False
        elif iri is not None:
            resolved = urljoin(base, iri) if base else iri
            if expecting:
                graphs[named].append(resolved)
            elif declaring == "base":
                base = resolved
            elif declaring:
                prefixes.setdefault(declaring, resolved)
            expecting, declaring = False, ""
    default = tuple(dict.fromkeys(graphs[False]))
    return Dataset(default, tuple(dict.fromkeys(graphs[True]))) if len(graphs[False]) > 1 else None


def _expand(pname: str, prefixes: dict[str, str]) -> str:
    prefix, _, local = pname.partition(":")
    return prefixes.get(f"{prefix}:", "") + re.sub(r"\\(.)", r"\1", local)
