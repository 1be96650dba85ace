"""The published records copied under a namespace of the benchmarks, any number of times: real shape, no real record.

Names, texts and web addresses are made up, so that no copy can be taken for a record or looks like another one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import count
from random import Random

from pyoxigraph import DefaultGraph, Literal, NamedNode, Quad

from benchmarks.graph import NAMESPACE, RDF_TYPE, WORDS
from iesi_kg.store.base import Reader
from iesi_kg.vocabulary.namespaces import BASE

_KINDS = ("initiative", "organisation", "document", "statement")
_OURS = re.compile(re.escape(f"{BASE}id/") + f"({'|'.join(_KINDS)})/([^#]+)(#.*)?")
_APART = ("codings", "statistics")  # graphs that the questions name
_PAGES = ("http://xmlns.com/foaf/0.1/homepage", "http://xmlns.com/foaf/0.1/page")
_NAMES = (
    "http://purl.org/dc/terms/title",
    "http://purl.org/dc/terms/alternative",
    "http://www.w3.org/2004/02/skos/core#prefLabel",
    "http://www.w3.org/2004/02/skos/core#altLabel",
)
_TEXTS = ("http://purl.org/dc/terms/description",)


def query(text: str) -> str:
    """A query that names records, so that it names their first copies."""
    for kind in _KINDS:
        text = text.replace(f"{BASE}id/{kind}/", f"{NAMESPACE}{kind}/")
    return text


def quads(reader: Reader, initiatives: int) -> Iterator[Quad]:
    """What is published, its records in so many copies; the same for the same store and number."""
    graphs = [DefaultGraph(), *(NamedNode(f"{BASE}graph/{name}") for name in _APART)]
    every = [quad for graph in graphs for quad in reader.quads(graph=graph)]
    slugs = sorted({found[2] for quad in every if (found := _record(quad))})
    about = [quad for quad in every if _is_record(quad)]
    yield from (quad for quad in every if not _is_record(quad))
    random = Random(initiatives)
    for copy in count():
        kept = set(slugs[: max(0, initiatives - copy * len(slugs))])
        if not kept:
            return
        yield from _copied(about, copy, kept, random)


def _copied(about: Sequence[Quad], copy: int, kept: set[str], random: Random) -> Iterator[Quad]:
    for quad in about:
        names = [_OURS.fullmatch(term.value) for term in (quad.subject, quad.object) if isinstance(term, NamedNode)]
        if all(found[2] in kept for found in names if found and found[1] == "initiative"):
            subject, value = _renamed(quad.subject, copy), _renamed(quad.object, copy)
            yield Quad(subject, quad.predicate, _made_up(subject, quad, value, random), quad.graph_name)


def _record(quad: Quad) -> re.Match[str] | None:
    """The name of an initiative, where the statement says that it is one."""
    found = _OURS.fullmatch(quad.subject.value) if isinstance(quad.subject, NamedNode) else None
    typed = quad.predicate == RDF_TYPE and isinstance(quad.object, NamedNode)
    return found if found and typed and found[1] == "initiative" and not found[3] else None


def _is_record(quad: Quad) -> bool:
    terms = (quad.subject, quad.object)
    return any(isinstance(term, NamedNode) and _OURS.fullmatch(term.value) for term in terms)


def _renamed(term: object, copy: int) -> object:
    found = _OURS.fullmatch(term.value) if isinstance(term, NamedNode) else None
    return NamedNode(f"{NAMESPACE}{found[1]}/{found[2]}{f'-{copy}' if copy else ''}{found[3] or ''}") if found else term


def _made_up(subject: object, quad: Quad, value: object, random: Random) -> object:
    predicate = quad.predicate.value
    if predicate in _PAGES:
        return NamedNode(f"{subject.value}/page")  # type: ignore[attr-defined]
    if isinstance(value, Literal) and predicate in _NAMES:
        return Literal(f"Benchmark {subject.value.removeprefix(NAMESPACE)}", language=value.language)  # type: ignore[attr-defined]
    if isinstance(value, Literal) and predicate in _TEXTS:
        return Literal(" ".join(random.choices(WORDS, k=40)), language=value.language)
    return value
