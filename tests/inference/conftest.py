from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from pyoxigraph import NamedNode, Quad, QueryTriples, RdfFormat, Store, Triple, parse

from iesi_kg.inference.axioms import Axiom
from iesi_kg.inference.steps import all_steps
from iesi_kg.store.base import DEFAULT_GRAPH, Reader
from iesi_kg.store.embedded import EmbeddedStore

PREFIXES = """
@prefix : <https://example.org/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
"""
ID = "https://w3id.org/iesi-kg/id/"


@pytest.fixture(scope="session")
def folder(bundled_store: Path) -> Path:
    """A store that holds the bundle; not to be changed."""
    return bundled_store


@pytest.fixture(scope="session")
def published(folder: Path) -> Reader:
    return EmbeddedStore.open(folder).reader()


@pytest.fixture(scope="session")
def twenty(published: Reader) -> list[Triple]:
    """Twenty published records with what hangs on them, and the structure of the code lists."""
    named = {
        str(quad.subject)[1:-1]
        for quad in published.quads(graph=DEFAULT_GRAPH)
        if str(quad.object).endswith("ontology#Initiative>") and "/id/initiative/" in str(quad.subject)
    }
    triples = [triple for name in sorted(named)[::7][:20] for triple in about(published, name)]
    for name in ("broader", "exactMatch", "inScheme", "topConceptOf", "hasTopConcept"):
        of = NamedNode(f"http://www.w3.org/2004/02/skos/core#{name}")
        triples += [quad.triple for quad in published.quads(predicate=of, graph=DEFAULT_GRAPH)]
    return list(dict.fromkeys(triples))


def about(reader: Reader, name: str) -> Iterator[Triple]:
    """A record: the initiative, the fragments it owns, and the organisations, documents and agents they name."""
    seen, waiting = set[str](), [name, f"{name}#record"]
    while waiting:
        subject = waiting.pop()
        if subject in seen or not subject.startswith(ID):
            continue
        seen.add(subject)
        for quad in reader.quads(NamedNode(subject), graph=DEFAULT_GRAPH):
            yield quad.triple
            if isinstance(quad.object, NamedNode):
                waiting.append(quad.object.value)


def turtle(text: str) -> list[Triple]:
    return [quad.triple for quad in parse(PREFIXES + text, format=RdfFormat.TURTLE)]


def naive(asserted: Iterable[Triple], axioms: Iterable[Axiom]) -> set[Triple]:
    """What follows by every single step of every axiom, again and again until nothing is new."""
    known = Store()
    known.bulk_extend(Quad(t.subject, t.predicate, t.object) for t in asserted)
    before = {quad.triple for quad in known}
    queries = [step.query for step in all_steps(axioms)]
    while True:
        size = len(known)
        for query in queries:
            found = known.query(query)
            assert isinstance(found, QueryTriples)
            known.extend([Quad(t.subject, t.predicate, t.object) for t in found])
        if len(known) == size:
            return {quad.triple for quad in known} - before
