"""Finds the prefixes that shorten the IRIs of a graph: those that its query declares, and those known here."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import chain, islice
from typing import IO

from pyoxigraph import Literal, NamedNode, RdfFormat, Triple, serialize

from iesi_kg.vocabulary.namespaces import PREFIXES

MOST = 2_000  # triples that are looked through before the first is written; larger graphs are for programs
_LOCAL_NAME = re.compile(r"[^/#]*\Z")
_DECLARED = re.compile(r"\bPREFIX\s+((?:[a-z](?:[\w.-]*[\w-])?)?):\s*<([^<>\s\\]*)>", re.I | re.A)


def write(triples: Iterable[Triple], output: IO[bytes], syntax: RdfFormat, query: str) -> None:
    """Write the graph that a query gives; Turtle of no more than ``MOST`` triples with the prefixes that occur."""
    passing = iter(triples)
    if syntax != RdfFormat.TURTLE:
        serialize(passing, output, syntax)
        return
    first = list(islice(passing, MOST + 1))
    prefixes = occurring(first, known(query)) if len(first) <= MOST else {}
    serialize(chain(first, passing), output, syntax, prefixes=prefixes)


def known(query: str) -> dict[str, str]:
    """The prefixes that a query declares, and those known here that have neither its names nor its namespaces.

    >>> known("PREFIX org: <https://example.org/> PREFIX label: <http://www.w3.org/2004/02/skos/core#> ASK {}")["org"]
    'https://example.org/'
    """
    own = dict(_DECLARED.findall(query))
    spaces = {*own.values()}
    return {name: space for name, space in PREFIXES.items() if space not in spaces} | own


def occurring(triples: Collection[Triple], prefixes: Mapping[str, str]) -> dict[str, str]:
    """The prefixes that shorten something here (a local name with a slash is no shorter to the eye).

    One that would give a name with a full stop at its end is left out: rdflib does not read it, escaped or not.
    """
    names = set(_names(triples))
    heads = {_LOCAL_NAME.sub("", name) for name in names} - {""}
    stopped = [name for name in names if name.endswith(".")]
    return {
        name: space
        for name, space in prefixes.items()
        if space in heads and not any(full.startswith(space) for full in stopped)
    }


def _names(triples: Iterable[Triple]) -> Iterator[str]:
    for term in {term for triple in triples for term in (triple.subject, triple.predicate, triple.object)}:
        if isinstance(term, NamedNode):
            yield term.value
        elif isinstance(term, Literal):
            yield term.datatype.value
