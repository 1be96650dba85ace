"""Published statements to what follows from them: one pass of the compiled rules over a copy in memory.

Only statements that a rule reads are copied, so memory grows with those and not with texts, sources and provenance.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pyoxigraph import Quad, QueryTriples, Store, Triple

from iesi_kg.inference.rules import Program, Rule
from iesi_kg.store.base import DEFAULT_GRAPH, Reader


@dataclass(frozen=True, slots=True)
class Derived:
    """What followed, how much each rule gave (in the order of the rules), and all that the rules saw or gave."""

    triples: frozenset[Triple]
    counts: tuple[tuple[Rule, int], ...]
    known: Store


def statements(reader: Reader, program: Program) -> Iterator[Triple]:
    """The statements of the published merge that some rule reads."""
    for predicate in sorted(program.reads, key=lambda term: term.value):
        for quad in reader.quads(predicate=predicate, graph=DEFAULT_GRAPH):
            yield quad.triple


def derive(asserted: Iterable[Triple], program: Program) -> Derived:
    """All that follows from some statements by the rules, without what was among them already."""
    known = Store()
    known.bulk_extend(_quad(triple) for triple in asserted if triple.predicate in program.reads)
    found: set[Triple] = set()
    counts = []
    for rule in program.rules:
        new = set(_constructed(known, rule.query))
        known.extend(map(_quad, new))
        found |= new
        counts.append((rule, len(new)))
    return Derived(frozenset(found), tuple(counts), known)


def _constructed(known: Store, query: str) -> Iterator[Triple]:
    result = known.query(query)
    assert isinstance(result, QueryTriples)
    yield from result


def _quad(triple: Triple) -> Quad:
    return Quad(triple.subject, triple.predicate, triple.object)
